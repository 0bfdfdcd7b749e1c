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
func (l *Loaded) asked(f frame, logger *slog.Logger, artifact func(path, suffix string) (*serve.Artifact, error)) frame {
	var q question
	var answer any
	err := json.Unmarshal(f.meta, &q)
	switch {
	case err != nil:
	case q.Ask == "artifact":
		answer, err = aboutArtifact(artifact(q.Path, q.Suffix))
	case q.Ask == "dataitem":
		answer, err = l.dataItem(q.URL)
	case q.Ask == "secret": // those of the environment the worker has itself
		answer = map[string]any{"value": nil}
	case q.Ask == "push_error":
		logger.LogAttrs(context.Background(), slog.LevelError, "error pushed by Python code", slog.String("source", q.Source), slog.String("error", q.Message))
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

// dataItem finds the local file of a URL: beside the spec, else from where the
// server runs.
func (l *Loaded) dataItem(url string) (map[string]string, error) {
	path := url
	if strings.Contains(url, "://") {
		u, err := neturl.Parse(url)
		if err != nil || u.Scheme != "file" {
			return nil, fmt.Errorf("%s: this version of the server has local files only", url)
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
