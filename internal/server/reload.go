package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// A Content is what a reload may change of a server.
type Content struct {
	Spec     *graph.Spec
	Models   string
	Code     catalog.Code
	MLRun    bool // must be as it was: the data port speaks one contract
	Function string
	FromStep string
	Warnings []graph.Problem // found while it was read
}

func (c Config) with(n Content) Config {
	c.Spec, c.Models, c.Code, c.Function, c.FromStep = n.Spec, n.Models, n.Code, n.Function, n.FromStep
	return c
}

// Reload puts what read returns in the place of what is served, at once: every
// request is served by one or the other. It returns when the new one serves; the
// old one lets its last event end and is closed in the background. Models that
// have not changed are not loaded again. Others are loaded beside the old ones,
// whatever the load mode, and a model that fails which had not failed before is
// a failure of the reload.
//
// When anything fails, or ctx ends, the old one goes on serving as if nothing had
// been tried, and the error has every reason: of kind Unavailable when the server
// is shutting down, else Internal. Reloads take turns.
func (c *Core) Reload(ctx context.Context, read func() (Content, error)) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return c.reloadFailed(ctx.Err())
	}
	start := time.Now()
	next, shared, err := c.next(ctx, read)
	if err != nil {
		return c.reloadFailed(err)
	}
	if !c.swap(next) {
		err = errors.Join(errDraining, c.abandon(next))
		return c.reloadFailed(err)
	}
	c.cfg.Logger.Info("reloaded", slog.Duration("took", time.Since(start).Round(time.Microsecond)),
		slog.Int("models", len(next.infos())), slog.Int("models_kept", shared))
	return nil
}

func (c *Core) reloadFailed(err error) error {
	const op = "reload failed, and what was served before goes on serving"
	switch {
	case c.draining.Load():
		return &serve.Error{Code: serve.Unavailable, Op: "reload", Err: errDraining}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return serve.In(op, err)
	}
	return &serve.Error{Code: serve.Internal, Op: op, Err: err}
}

// next reads, builds and starts the next generation. When that fails nothing is
// left of it.
func (c *Core) next(ctx context.Context, read func() (Content, error)) (next *generation, shared int, err error) {
	if err := ctx.Err(); err != nil || c.draining.Load() {
		return nil, 0, cmp.Or(err, errDraining)
	}
	content, err := c.read(read)
	if err != nil {
		return nil, 0, err
	}
	now := c.current.Load()
	next, problems := build(c.cfg.with(content))
	if next == nil {
		return nil, 0, ProblemsError(problems)
	}
	warn(c.cfg.Logger, append(content.Warnings, problems...))
	shared = next.inherit(now)
	if err = next.start(ctx); err == nil {
		err = errors.Join(next.worse(now), ctx.Err())
	}
	if err != nil {
		return nil, 0, errors.Join(err, c.abandon(next))
	}
	return next, shared, nil
}

// abandon closes a generation that does not get to serve.
func (c *Core) abandon(next *generation) error {
	err := next.close(c.patient)
	next.witness.forget(c.current.Load().witness)
	return err
}

func (c *Core) read(read func() (Content, error)) (content Content, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = c.cfg.panicked("read what to serve", p)
		}
	}()
	content, err = read()
	switch {
	case err != nil:
		return content, err
	case content.MLRun != c.cfg.MLRun:
		return content, errors.New("the contract of answers changes with what is served, and a running server has one: restart it")
	}
	if s := content.Spec; s != nil && s.LoadMode == "async" { // what serves must have loaded
		sync := *s
		sync.LoadMode = "sync"
		content.Spec = &sync
	}
	if c.keeper != nil && databaseOf(content.Spec) != databaseOf(c.cfg.Spec) {
		c.cfg.Logger.Warn("the database is another one in the spec now: a restart opens it, a reload does not")
	}
	return content, nil
}

func databaseOf(s *graph.Spec) string {
	if s == nil {
		return ""
	}
	return s.Database
}

// swap has next serve from now on, and the generation that served leave. It
// returns false when the server shuts down meanwhile.
func (c *Core) swap(next *generation) bool {
	c.swapping.Lock()
	defer c.swapping.Unlock()
	if c.closed || c.draining.Load() {
		return false
	}
	old := c.current.Load()
	old.witness.hush()
	c.current.Store(next)
	next.witness.speak(next.infos())
	old.witness.forget(next.witness)
	c.leaving.Go(func() {
		start := time.Now()
		if err := old.close(c.patient); err != nil {
			c.cfg.Logger.Error("what was served before the reload was not released", "error", err)
			return
		}
		c.cfg.Logger.Debug("what was served before the reload is released", slog.Duration("took", time.Since(start)))
	})
	return true
}

// warn logs the problems that are warnings.
func warn(logger *slog.Logger, problems []graph.Problem) {
	for _, p := range problems {
		if p.Warning {
			logger.Warn(p.String())
		}
	}
}
