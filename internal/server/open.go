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
	return artifact.Open(ctx, c.place(path), suffix)
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
