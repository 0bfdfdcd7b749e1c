package server

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/graph"
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

// bringingTime bounds how long bringing a model repository to this machine takes.
const bringingTime = 30 * time.Minute

// repository is where the model repository is on this machine, to which one from
// elsewhere is brought: as it is now, whenever models are read anew.
func (c *Config) repository() (string, error) {
	if !strings.Contains(c.Models, "://") {
		return c.Models, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), bringingTime)
	defer cancel()
	return c.Artifacts.Tree(ctx, c.Models, c.request("", "").Project)
}

// modelsProblem is an error of the model repository, where a spec names it.
func (c *Config) modelsProblem(err error) graph.Problem {
	p := graph.Problem{Msg: err.Error()}
	if c.Spec != nil && c.Spec.Models != "" {
		p.File, p.Pos = c.Spec.File, c.Spec.ModelsPos
	}
	return p
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
// of its file if the model is there, be it one that cannot be read, and otherwise, as
// in MLRun, to where the server runs.
func (c *Config) place(path string) string {
	if c.Spec != nil && c.Spec.File != "" && path != "" && !filepath.IsAbs(path) && !strings.Contains(path, "://") {
		beside := filepath.Join(filepath.Dir(c.Spec.File), path)
		if _, err := os.Stat(beside); !errors.Is(err, fs.ErrNotExist) {
			return beside
		}
	}
	return path
}
