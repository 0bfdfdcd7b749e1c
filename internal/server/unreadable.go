package server

import (
	"context"
	"fmt"
	"strings"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Unreadable is what a request whose body cannot be read is answered, by its path: that
// there is no such model, as one that can be read would be, or else err with the name
// of the model. Requests that are for no model get err as it is.
func (c *Core) Unreadable(ctx context.Context, path string, err error) error {
	g := c.current.Load()
	at := modelPath(path)
	if at == "" || g.cfg.MLRun || !g.speaksV1() {
		return err
	}
	about, unknown := c.Serve(ctx, serve.NewEvent(serve.Target{Method: "GET", Path: at}, nil))
	switch {
	case serve.CodeOf(unknown) == serve.NotFound:
		return unknown
	case unknown != nil || about == nil:
		return err
	}
	doc, _ := oip.Value(about.Body)
	if name := modelKey(doc); name != "" {
		return fmt.Errorf("model %s: read the request: %w", name, err)
	}
	return err
}

// modelPath is where the metadata is of the model that a request of V1 or V2 is for;
// "" for none.
func modelPath(path string) string {
	if rest, ok := strings.CutPrefix(path, v1Path+"/"); ok {
		model, _, _ := strings.Cut(rest, ":")
		return "/v2/models/" + model
	}
	rest, ok := strings.CutPrefix(path, "/v2/models/")
	if !ok {
		return ""
	}
	model, rest, _ := strings.Cut(rest, "/")
	if version, ok := strings.CutPrefix(rest, "versions/"); ok {
		version, _, _ = strings.Cut(version, "/")
		return "/v2/models/" + model + "/versions/" + version
	}
	return "/v2/models/" + model
}

// modelKey is the name of a model as errors have it, with its version if it has one.
func modelKey(metadata any) string {
	o, ok := metadata.(*serve.Object)
	if !ok {
		return ""
	}
	name, _ := o.Value("name")
	version, _ := o.Value("version")
	key, _ := name.(string)
	if v, _ := version.(string); v != "" && key != "" {
		key += ":" + v
	}
	return key
}
