package server

import (
	"errors"
	"slices"

	"github.com/leat-ml/leat/graph"
)

// agree holds the steps of the graph against each other once its models are
// loaded: an error where what one step gives is sure to be refused by the next.
// Models that load in the background are not known yet.
func (g *generation) agree() error {
	var errs []error
	for _, p := range g.graph.Check() {
		switch {
		case slices.Contains(g.told, p):
			continue
		case p.Warning:
			g.cfg.Logger.Warn("some requests will fail", "problem", p.String())
			continue
		}
		errs = append(errs, errors.New(p.String()))
	}
	return errors.Join(errs...)
}

// Check tells what is sure to fail in the graph, by what is known of its models
// by now.
func (c *Core) Check() []graph.Problem {
	if g := c.current.Load().graph; g != nil {
		return g.Check()
	}
	return nil
}

// Borrow has the models of a graph that has not been started share those that
// another one has loaded under the same names and from the same places, so that
// what they say of themselves is known. They stay open until both are closed.
func (c *Core) Borrow(from *Core) {
	c.current.Load().inherit(from.current.Load())
}
