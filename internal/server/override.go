package server

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/serve"
)

// The parameters of a load that say what takes the place of what stands in the
// repository: the configuration, and files by "file:<version>/<name>".
const (
	configParam = "config"
	fileParam   = "file:"
)

// overrideIn is what parameters in JSON say of it, files in base64; nil for nothing.
// Others are not looked at.
func overrideIn(params *serve.Object) (*repo.Override, error) {
	all := map[string][]byte{}
	for key, v := range params.All() {
		text, isText := v.(string)
		file := strings.HasPrefix(key, fileParam)
		switch {
		case key != configParam && !file:
			continue
		case !isText:
			return nil, serve.Errorf(serve.BadRequest, "ValueError", "parameter %.300q is not a string", key)
		case !file:
			all[key] = []byte(text)
			continue
		}
		content, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, serve.Errorf(serve.BadRequest, "ValueError", "parameter %.300q is not base64: %w", key, err)
		}
		all[key] = content
	}
	return overrideOf(all)
}

// overrideOf is what the parameters of those names say; nil for nothing.
func overrideOf(params map[string][]byte) (*repo.Override, error) {
	config, ok := params[configParam]
	o := &repo.Override{Config: string(config), Files: map[string][]byte{}}
	for key, content := range params {
		if name, file := strings.CutPrefix(key, fileParam); file {
			if !ok {
				return nil, serve.Errorf(serve.BadRequest, "ValueError", "parameter %.300q needs the parameter config", key)
			}
			o.Files[name] = content
		}
	}
	if !ok {
		return nil, nil
	}
	return o, nil
}

// loadAs loads a model: as it stands, or with something else.
func loadAs(ctx context.Context, r *repo.Repository, name string, with *repo.Override) error {
	if with == nil {
		return notLoaded(name, r.Load(ctx, name))
	}
	return notLoaded(name, r.LoadWith(ctx, name, *with))
}

// notLoaded words the failure of a load that has not begun as those of others are
// worded: clients of Triton look for "failed to load".
func notLoaded(name string, err error) error {
	if code := serve.CodeOf(err); code == serve.NotFound || code == serve.BadRequest {
		return fmt.Errorf("failed to load model %s: %w", name, err)
	}
	return err
}
