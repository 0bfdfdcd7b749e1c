package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A Graph runs events through its steps. It is a [serve.Handler], safe for
// concurrent use between Start and Close.
type Graph struct {
	root    *node
	steps   []serve.Step // upstream first, children after their router
	timeout time.Duration
	logger  *slog.Logger

	// running counts the events inside, plus one until Close.
	running atomic.Int64
	done    chan struct{} // closed when running reaches zero
	closed  atomic.Bool
}

// A node is a step in its place.
type node struct {
	name string
	step serve.Step
	next *node
}

// ErrClosed answers events that reach a graph after its Close.
var ErrClosed = errors.New("the graph is closed")

// Of returns a graph of one step that was made elsewhere.
func Of(name string, step serve.Step, o Options) *Graph {
	g := &Graph{root: &node{name: name, step: step}, steps: []serve.Step{step}}
	g.prepare(o)
	return g
}

// prepare makes a graph that has its steps ready to start.
func (g *Graph) prepare(o Options) {
	g.timeout, g.logger = o.Timeout, slog.New(slog.DiscardHandler)
	if o.Env != nil && o.Env.Logger != nil {
		g.logger = o.Env.Logger
	}
	g.done = make(chan struct{})
	g.running.Store(1)
}

// Steps are the steps of the graph, upstream first. Read the slice only.
func (g *Graph) Steps() []serve.Step { return g.steps }

// Start starts the steps, downstream first. When one fails, those started are
// closed again.
func (g *Graph) Start(ctx context.Context) error {
	for i := len(g.steps) - 1; i >= 0; i-- {
		s, ok := g.steps[i].(serve.Starter)
		if !ok {
			continue
		}
		if err := s.Start(ctx); err != nil {
			g.closed.Store(true)
			g.release() // nothing gets in
			return errors.Join(err, g.closeSteps(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// Close lets no more events in, waits for those inside or for ctx, and closes
// the steps, upstream first. It may be called twice and without Start.
func (g *Graph) Close(ctx context.Context) error {
	if g.closed.CompareAndSwap(false, true) {
		g.release()
	}
	var late error
	select {
	case <-g.done:
	case <-ctx.Done():
		late = fmt.Errorf("close graph: %d events are still inside: %w", g.running.Load(), ctx.Err())
	}
	return errors.Join(late, g.closeSteps(ctx))
}

func (g *Graph) closeSteps(ctx context.Context) error {
	var errs []error
	for _, step := range g.steps {
		if c, ok := step.(serve.Closer); ok {
			errs = append(errs, c.Close(ctx))
		}
	}
	return errors.Join(errs...)
}

// acquire lets an event in unless the graph is closed.
func (g *Graph) acquire() bool {
	for {
		n := g.running.Load()
		if n == 0 {
			return false
		}
		if !g.running.CompareAndSwap(n, n+1) {
			continue
		}
		if g.closed.Load() { // it waits for those inside, this one comes late
			g.release()
			return false
		}
		return true
	}
}

func (g *Graph) release() {
	if g.running.Add(-1) == 0 {
		close(g.done)
	}
}

// Serve runs one event through the graph and returns the answer: ev itself,
// changed, or nil if a step filtered it.
func (g *Graph) Serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	if !g.acquire() {
		return nil, &serve.Error{Code: serve.Unavailable, Err: ErrClosed}
	}
	defer g.release()
	if g.timeout <= 0 {
		return g.run(ctx, ev)
	}
	d := ev.Until(ctx, ev.Time.Add(g.timeout))
	defer d.Stop()
	return g.run(d, ev)
}

// run walks the plan. The one deferred call turns a step's panic into an error.
func (g *Graph) run(ctx context.Context, ev *serve.Event) (_ *serve.Event, err error) {
	at := g.root
	defer func() {
		if p := recover(); p != nil {
			g.logger.Error("step panicked", "step", at.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = &serve.Error{Code: serve.Internal, Op: "step " + at.name, Err: errors.New("the step panicked; the log has the details")}
		}
	}()
	for n := g.root; n != nil; n = n.next {
		at = n
		if n != g.root { // which has just been let in
			ev.Move()
			if err := ctx.Err(); err != nil {
				return nil, serve.In("step "+n.name, err)
			}
		}
		fate, err := n.step.Do(ctx, ev)
		if err != nil {
			return nil, err
		}
		switch fate {
		case serve.Drop:
			return nil, nil
		case serve.Finish:
			return ev, nil
		}
	}
	return ev, nil
}
