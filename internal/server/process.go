package server

import (
	"context"
	"errors"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// Process serves an event of a stream and returns when nothing of it is left,
// side branches included. The error is that of the request.
func (c *Core) Process(ctx context.Context, ev *serve.Event) error {
	g := c.current.Load()
	for {
		to := g.route(ev)
		if to == nil {
			_, err := c.own(ctx, ev)
			return err
		}
		err := to.Process(ctx, ev)
		now := c.current.Load()
		if !errors.Is(err, graph.ErrClosed) || now == g {
			return err
		}
		g = now // a reload was quicker; nobody has looked at the event
	}
}
