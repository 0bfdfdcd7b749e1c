package server

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/serve"
)

// open opens a model.
func (c *Config) open(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	return c.Artifacts.Open(ctx, c.request(path, suffix))
}

// fetch brings a file to this machine.
func (c *Config) fetch(ctx context.Context, url string) (string, error) {
	return c.Artifacts.Fetch(ctx, c.place(url), c.request("", "").Project)
}

// request is what is asked of the store of artifacts: references without a project
// are to the function's.
func (c *Config) request(path, suffix string) artifact.Request {
	r := artifact.Request{Path: c.place(path), Suffix: suffix}
	if c.Spec != nil {
		if project, _, ok := strings.Cut(c.Spec.FunctionURI, "/"); ok {
			r.Project = project
		}
	}
	return r
}

// place is where a model's path leads. One in a spec is relative to the folder
// of its file if the model is there, and otherwise, as in MLRun, to where the
// server runs.
func (c *Config) place(path string) string {
	if c.Spec != nil && c.Spec.File != "" && path != "" && !filepath.IsAbs(path) && !strings.Contains(path, "://") {
		beside := filepath.Join(filepath.Dir(c.Spec.File), path)
		if _, err := os.Stat(beside); err == nil {
			return beside
		}
	}
	return path
}
