package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A question is the metadata of an ASK.
type question struct {
	Ask     string          `json:"ask"`
	Path    string          `json:"path"`
	Suffix  string          `json:"suffix"`
	URL     string          `json:"url"`
	Key     string          `json:"key"`
	Source  string          `json:"source"`
	Message string          `json:"message"`
	Event   json.RawMessage `json:"event"`
}

// asked answers what a worker asks. artifact opens models' files.
func (l *Loaded) asked(f frame, env *catalog.Env, logger *slog.Logger, artifact func(path, suffix string) (*serve.Artifact, error)) frame {
	var q question
	var answer any
	err := json.Unmarshal(f.meta, &q)
	switch {
	case err != nil:
	case q.Ask == "artifact":
		answer, err = aboutArtifact(artifact(q.Path, q.Suffix))
	case q.Ask == "dataitem":
		answer, err = l.dataItem(env, q.URL)
	case q.Ask == "secret":
		answer = secret(env, q.Key)
	case q.Ask == "push_error":
		logger.LogAttrs(context.Background(), slog.LevelError, "error pushed by Python code", slog.String("source", q.Source), slog.String("error", q.Message))
		q.failed(env)
		answer = struct{}{}
	default:
		err = fmt.Errorf("this version of the server does not answer %q", q.Ask)
	}
	if err != nil {
		answer = map[string]string{"error": err.Error()}
	}
	text, err := json.Marshal(answer)
	if err != nil {
		text = []byte(`{"error":"the answer cannot be written"}`)
	}
	return frame{meta: text}
}

// secret is the secret of that name; null where the server has none. Those of the
// environment the worker finds by itself.
func secret(env *catalog.Env, name string) map[string]any {
	if env != nil && env.Secret != nil {
		if value, ok := env.Secret(name); ok {
			return map[string]any{"value": value}
		}
	}
	return map[string]any{"value": nil}
}

// failed tells the graph of an event that the code has given up.
func (q *question) failed(env *catalog.Env) {
	if env == nil || env.Failed == nil {
		return
	}
	var ev struct {
		ID   any             `json:"id"`
		Body json.RawMessage `json:"body"`
	}
	if len(q.Event) > 0 && json.Unmarshal(q.Event, &ev) != nil {
		return
	}
	id, _ := ev.ID.(string)
	env.Failed(catalog.Failure{Step: q.Source, Event: id, Body: serve.RawBody(ev.Body), Err: errors.New(q.Message)})
}

// fetched brings a file from elsewhere.
func fetched(env *catalog.Env, url string) (map[string]string, error) {
	if env == nil || env.Fetch == nil {
		return nil, errors.New("this server brings no files from elsewhere")
	}
	path, err := env.Fetch(context.Background(), url)
	return map[string]string{"file": path}, err
}

// dataItem finds the local file of a URL: beside the spec, else from where the
// server runs.
func (l *Loaded) dataItem(env *catalog.Env, url string) (map[string]string, error) {
	path := url
	if strings.Contains(url, "://") {
		u, err := neturl.Parse(url)
		if err != nil || u.Scheme != "file" {
			return fetched(env, url)
		}
		path = u.Path
	}
	if !filepath.IsAbs(path) {
		if beside := filepath.Join(l.code.Folder, path); exists(beside) {
			path = beside
		}
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file", url)
	}
	return map[string]string{"file": path}, err
}
