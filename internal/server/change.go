package server

import (
	"context"

	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/serve"
)

var errNoRepository = serve.Errorf(serve.NotOffered, "", "the models of a graph are loaded with it: only those of a model repository can be loaded and unloaded")

// change loads or unloads a model of the repository. When a reload replaces the
// repository meanwhile it is done there too: the reload may have read the files
// before they changed.
func (c *Core) change(ctx context.Context, do func(*repo.Repository) error) error {
	for {
		g := c.current.Load()
		if g.repo == nil {
			return errNoRepository
		}
		err := do(g.repo)
		if c.current.Load() == g || ctx.Err() != nil {
			return err
		}
	}
}
