package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A Graph runs events through its steps. It is a [serve.Handler] and a
// [serve.Processor], safe for concurrent use between Start and Close.
type Graph struct {
	name    string
	file    string // that the spec was read from
	plan    *plan
	steps   []serve.Step // upstream first, children after what contains them
	places  []string     // by step
	timeout time.Duration
	logger  *slog.Logger

	contentType string // of events that have none
	observer    Observer
	epoch       time.Time // from which steps are timed
	trace       Tracer
	failed      func(catalog.Failure) // may be nil

	// running counts the calls inside, plus one until Close.
	running atomic.Int64
	done    chan struct{} // closed when running reaches zero
	closed  atomic.Bool
	flights flights
	landed  func() // flights.release, made once: a method value is an allocation
	crew    crew

	life   context.Context // of what goes on after an answer
	cancel context.CancelFunc
}

// ErrClosed answers events that reach a graph after its Close.
var ErrClosed = errors.New("the graph is closed")

// Of returns a graph of one step that was made elsewhere.
func Of(name string, step serve.Step, o Options) *Graph {
	g := &Graph{steps: []serve.Step{step}, places: []string{name}}
	g.prepare(o)
	n := &node{name: name, step: step, main: true, answers: true}
	g.plan = &plan{g: g, nodes: []*node{n}, starts: []*node{n}, simple: true, bare: true}
	return g
}

// prepare makes a graph ready to get its plan.
func (g *Graph) prepare(o Options) {
	g.timeout, g.observer, g.trace = o.Timeout, o.Observer, o.Trace
	g.logger = slog.New(slog.DiscardHandler)
	if o.Env != nil {
		g.name, g.contentType, g.failed = o.Env.Graph, o.Env.ContentType, o.Env.Failed
		if o.Env.Logger != nil {
			g.logger = o.Env.Logger
		}
	}
	g.epoch = time.Now()
	g.done = make(chan struct{})
	g.landed = g.flights.release
	g.running.Store(1)
	g.life, g.cancel = context.WithCancel(context.Background())
}

// Steps are the steps of the graph, upstream first. Read the slice only.
func (g *Graph) Steps() []serve.Step { return g.steps }

// Place is the path of the step in the spec that the i-th of Steps is, or is a route of:
// "flow/vote" for a route of router vote within flow.
func (g *Graph) Place(i int) string { return g.places[i] }

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
			g.leave() // nothing gets in
			return errors.Join(err, g.closeSteps(context.WithoutCancel(ctx)))
		}
	}
	return nil
}

// Close lets no more events in, waits for those inside or for ctx, and closes
// the steps, upstream first, with what each lets go still running through those
// behind it. It may be called twice and without Start.
func (g *Graph) Close(ctx context.Context) error {
	if g.closed.CompareAndSwap(false, true) {
		g.leave()
	}
	late := g.empty(ctx)
	if late != nil {
		late = fmt.Errorf("close graph: %d events are still inside: %w", g.running.Load()+g.flights.count(), late)
		g.cancel()
	}
	return errors.Join(late, g.closeSteps(ctx))
}

// empty waits until nothing is inside, not even a goroutine in a step that has
// seen the last of its event. Whenever nothing moves, what steps hold back until
// there is more is all that is left, and they let go of it.
func (g *Graph) empty(ctx context.Context) error {
	done := g.done
	for {
		still, left, change := g.flights.look()
		if left == 0 && still && done == nil {
			return nil
		}
		if still {
			g.drain()
		}
		select {
		case <-change:
		case <-done:
			done = nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (g *Graph) drain() {
	for _, step := range g.steps {
		if d, ok := step.(serve.Drainer); ok {
			d.Drain()
		}
	}
}

func (g *Graph) closeSteps(ctx context.Context) error {
	defer g.cancel()
	var errs []error
	for _, step := range g.steps {
		if c, ok := step.(serve.Closer); ok {
			errs = append(errs, g.closeStep(ctx, c))
			if err := g.flights.wait(ctx); err != nil {
				errs = append(errs, fmt.Errorf("close graph: flush: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// closeStep closes a step. One that panics does not keep the others from it.
func (g *Graph) closeStep(ctx context.Context, c serve.Closer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			g.logger.Error("step panicked", "graph", g.name, "doing", "close", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("close graph: a step panicked: %v", p)
		}
	}()
	return c.Close(ctx)
}

// enter lets a call in unless the graph is closed.
func (g *Graph) enter() bool {
	for {
		n := g.running.Load()
		if n == 0 {
			return false
		}
		if !g.running.CompareAndSwap(n, n+1) {
			continue
		}
		if g.closed.Load() { // it waits for those inside, this one comes late
			g.leave()
			return false
		}
		return true
	}
}

func (g *Graph) leave() {
	if g.running.Add(-1) == 0 {
		close(g.done)
	}
}

// Serve runs one event through the graph and returns at the answer: ev itself,
// changed, another event, or nil if a step filtered it.
func (g *Graph) Serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	out, ok, err := g.Offer(ctx, ev)
	if !ok {
		return nil, &serve.Error{Code: serve.Unavailable, Err: ErrClosed}
	}
	return out, err
}

// Offer is Serve for whoever has another graph to go to: ok is false when the
// graph is closed, and then it has not looked at the event.
func (g *Graph) Offer(ctx context.Context, ev *serve.Event) (out *serve.Event, ok bool, err error) {
	if !g.enter() {
		return nil, false, nil
	}
	defer g.leave()
	if !g.plan.bare {
		g.admit(ev)
	}
	if ev.Reply != nil && !g.plan.streams() {
		ev.Reply = nil // no step's answer is that of the graph: there is no stream of answers
	}
	if g.timeout <= 0 {
		out, err = g.plan.serve(ctx, ev)
		return out, true, err
	}
	d := ev.Until(ctx, ev.Time.Add(g.timeout))
	defer d.Stop()
	out, err = g.plan.serve(d, ev)
	if err == nil && !g.plan.bare { // a late answer is no answer; models see to that themselves
		if err = d.Err(); err != nil {
			out = nil
		}
	}
	return out, true, err
}

// Process runs one event through the graph and returns when nothing of it is
// left, side branches included. The error is that of the request.
func (g *Graph) Process(ctx context.Context, ev *serve.Event) error {
	if !g.enter() {
		return &serve.Error{Code: serve.Unavailable, Err: ErrClosed}
	}
	defer g.leave()
	if !g.plan.bare {
		g.admit(ev)
	}
	return g.plan.process(ctx, ev)
}

// lost is the failure of a part that nobody waits for.
func (g *Graph) lost(at *node, event string, body serve.Body, err error) {
	if g.failed != nil {
		g.failed(catalog.Failure{Step: at.name, Event: event, Body: body, Err: err})
	}
	g.logger.Error("a side branch failed", "graph", g.name, "step", at.name, "event", event, "error", err)
}

// behind is the context of what goes on after the answer: it ends with the graph
// and has the values of the request's.
func (g *Graph) behind(ctx context.Context) context.Context {
	if b, ok := ctx.(behind); ok {
		return b
	}
	return behind{Context: g.life, values: ctx}
}

type behind struct {
	context.Context
	values context.Context
}

func (b behind) Value(key any) any { return b.values.Value(key) }

// flights counts the requests that have parts on their way, and of the parts
// those that move: that steps work on, and do not hold. Unlike a WaitGroup it may
// grow while somebody waits. Both are in one word, since counting is on the way of
// every request that branches, and locks took a fifth of its time.
type flights struct {
	state   atomic.Int64 // flights, and in the lower half moving parts
	waiting atomic.Bool  // somebody has asked for change

	mu     sync.Mutex
	change chan struct{} // closed when one of them falls to zero
}

const (
	oneFlight  = 1 << 32
	oneMoving  = 1
	movingMask = oneFlight - 1
)

// begin counts a flight whose first part moves.
func (f *flights) begin() { f.state.Add(oneFlight + oneMoving) }

// release is the end of a flight.
func (f *flights) release() {
	if s := f.state.Add(-oneFlight); s/oneFlight == 0 {
		f.tell()
	}
}

func (f *flights) move() { f.state.Add(oneMoving) }

func (f *flights) rest() {
	if s := f.state.Add(-oneMoving); s&movingMask == 0 {
		f.tell()
	}
}

// tell wakes those that wait up. Who begins to wait says so before it looks.
func (f *flights) tell() {
	if !f.waiting.Load() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.change != nil {
		close(f.change)
		f.change = nil
	}
}

func (f *flights) count() int64 { return f.state.Load() / oneFlight }

// look says whether nothing moves, how many there are, and what is closed when
// that changes.
func (f *flights) look() (still bool, n int64, change <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.change == nil {
		f.change = make(chan struct{})
	}
	f.waiting.Store(true)
	s := f.state.Load()
	return s&movingMask == 0, s / oneFlight, f.change
}

// wait waits until there are none and nothing moves, or for ctx.
func (f *flights) wait(ctx context.Context) error {
	for {
		still, n, change := f.look()
		if n == 0 && still {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
