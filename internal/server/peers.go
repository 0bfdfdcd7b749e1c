package server

import (
	"context"
	"slices"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// peers are the models of a generation, for those of them that ask others. They are
// asked where they are and not through the graph, which lets nobody in any more while
// it waits for those that are inside.
type peers struct{ of *generation }

// Model implements [serve.Models].
func (p peers) Model(name, version string) (serve.Peer, error) {
	found, ok := serve.Peer{}, false
	if p.of.repo != nil {
		found, ok = p.of.repo.Ready(name, version)
	}
	if !ok {
		found, ok = p.inGraph(name, version)
	}
	if !ok {
		return found, serve.Errorf(serve.Unavailable, "RuntimeError", "model %s is not ready", label(name, version))
	}
	found.Step = p.entered(name, found.Step)
	return found, nil
}

func label(name, version string) string {
	if version == "" {
		return name
	}
	return name + ":" + version
}

// inGraph finds a model that is declared in the graph: without a version the first one
// of the name.
func (p peers) inGraph(name, version string) (found serve.Peer, ok bool) {
	all := p.of.graphServers()
	i := slices.IndexFunc(all, func(s *v2.Server) bool {
		return s.Name == name && (version == "" || s.Version == version) && s.Status().Phase == v2.Ready
	})
	if i < 0 {
		return found, false
	}
	return serve.Peer{Step: all[i], Description: all[i].Description()}, true
}

// entered has whoever follows requests see those to a model.
func (p peers) entered(name string, to serve.Step) serve.Step {
	if p.of.cfg.Trace == nil {
		return to
	}
	return serve.StepFunc(func(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
		ctx, leave := p.of.cfg.Trace.Enter(ctx, name, ev)
		fate, err := to.Do(ctx, ev)
		leave(ev, fate, err)
		return fate, err
	})
}

// Change implements [serve.Models].
func (p peers) Change(ctx context.Context, c serve.ModelChange) error {
	r := p.of.repo
	if r == nil {
		return errNoRepository
	}
	if c.Unload {
		return r.Retire(ctx, c.Name)
	}
	with, err := overrideOf(c.With)
	if err != nil {
		return err
	}
	return notLoaded(c.Name, r.Swap(ctx, c.Name, with))
}
