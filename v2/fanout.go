package v2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// An executor says how a router runs several routes for one event.
type executor uint8

const (
	asNeeded executor = iota // beside each other those that wait, the others one by one
	beside
	oneByOne
)

// parseExecutor reads executor_type. A Go program has no use for MLRun's
// processes: they are threads.
func parseExecutor(s string) (executor, error) {
	switch s {
	case "":
		return asNeeded, nil
	case "thread", "process":
		return beside, nil
	case "array":
		return oneByOne, nil
	}
	return asNeeded, fmt.Errorf(`executor_type is %q, which is none of "thread", "process" and "array"`, s)
}

// A fanout runs all routes of a router for one event. It is immutable.
type fanout struct {
	routes  []catalog.Route
	servers []*Server // those of the routes that are models of this process, else nil
	how     executor
	// cost is what it costs that a route fails, and budget how much may be spent:
	// more, and what still runs is stopped.
	cost   []float64
	budget float64
	logger *slog.Logger
	enter  func(ctx context.Context, part string, ev *serve.Event) (context.Context, func(*serve.Event, serve.Fate, error)) // of a tracer; nil without one
}

func newFanout(routes []catalog.Route, how executor, env *catalog.Env) fanout {
	f := fanout{routes: routes, how: how, logger: env.Logger, enter: env.Enter, servers: make([]*Server, len(routes)), cost: make([]float64, len(routes))}
	if f.logger == nil {
		f.logger = slog.New(slog.DiscardHandler)
	}
	for i, r := range routes {
		f.servers[i], _ = r.Step.(*Server)
		f.cost[i] = 1
	}
	return f
}

// A leg is what one route has to do, and what became of it.
type leg struct {
	ev   *serve.Event // its own, or that of the router where it has an inference
	in   inference    // its part of the router's event; without a server where the route is no model of this process
	took time.Duration
	fate serve.Fate
	err  error
}

// clone gives every leg without an inference an event of its own.
func (f *fanout) clone(ev *serve.Event, legs []leg) {
	for i := range legs {
		if l := &legs[i]; l.in.s != nil {
			l.ev = ev
		} else {
			l.ev = ev.Clone()
			l.ev.Move() // begins when it begins, not when the event was accepted
		}
	}
}

// run runs the legs and returns when none runs any more. The legs may be on the
// stack: goroutines have copies of them.
func (f *fanout) run(ctx context.Context, legs []leg) {
	others := 0 // that run beside this goroutine
	for i := range legs {
		if f.besides(i) {
			others++
		}
	}
	if others == 0 || len(legs) == 1 {
		f.oneByOne(ctx, legs)
		return
	}
	f.beside(ctx, legs)
}

// besides says whether route i gets a goroutine of its own.
func (f *fanout) besides(i int) bool {
	switch f.how {
	case beside:
		return true
	case oneByOne:
		return false
	}
	w, ok := f.routes[i].Step.(serve.Waiter)
	return ok && w.Waits()
}

// waits says whether any route does.
func (f *fanout) waits() bool {
	for _, r := range f.routes {
		if w, ok := r.Step.(serve.Waiter); ok && w.Waits() {
			return true
		}
	}
	return false
}

// errStopped is the error of a leg that was not run because others had failed.
var errStopped = fmt.Errorf("not asked any more: %w", context.Canceled)

func (f *fanout) oneByOne(ctx context.Context, legs []leg) {
	spent, s := 0.0, spanOf(ctx, legs[0].ev.Begin())
	for i := range legs {
		f.do(ctx, i, &legs[i], s)
		if legs[i].in.s != nil {
			s.move(legs[i].took)
		} else {
			s = spanOf(ctx, time.Now())
		}
		if legs[i].err != nil {
			if spent += f.cost[i]; f.over(spent) {
				for j := i + 1; j < len(legs); j++ {
					legs[j].err = errStopped
				}
				return
			}
		}
	}
}

// over says whether more is lost than may be.
func (f *fanout) over(spent float64) bool { return spent > f.budget+1e-9 }

// beside runs legs on goroutines, but one of them, and those that need none, on
// this one.
func (f *fanout) beside(ctx context.Context, legs []leg) {
	r := &race{fanout: f, legs: slices.Clone(legs), stopper: stopper{Context: ctx}}
	defer r.stop()
	here := len(legs) - 1 // stays, since this goroutine would only wait
	r.span = spanOf(ctx, time.Now())
	for i := range legs {
		if !f.besides(i) {
			here = -1
		}
	}
	for i := range legs {
		if i != here && f.besides(i) {
			r.wg.Go(func() { r.leg(i) })
		}
	}
	for i := range legs {
		if i == here || !f.besides(i) {
			r.leg(i)
		}
	}
	r.wg.Wait()
	copy(legs, r.legs)
}

// A race is legs that run at the same time.
type race struct {
	*fanout
	legs []leg
	span span
	stopper
	wg    sync.WaitGroup
	mu    sync.Mutex
	spent float64
}

func (r *race) leg(i int) {
	r.do(&r.stopper, i, &r.legs[i], r.span)
	if r.legs[i].err == nil {
		return
	}
	r.mu.Lock()
	r.spent += r.cost[i]
	over := r.over(r.spent)
	r.mu.Unlock()
	if over {
		r.stop()
	}
}

// attempt is do without a tracer. A panic is the leg's failure.
func (f *fanout) attempt(ctx context.Context, i int, l *leg, s span) {
	defer func() {
		if p := recover(); p != nil {
			f.logger.Error("route panicked", "route", f.routes[i].Key, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			l.err = errors.New("the step panicked; the log has the details")
		}
	}()
	if l.in.s != nil {
		l.took, l.err = l.in.serve(ctx, s)
		return
	}
	l.fate, l.err = f.routes[i].Step.Do(ctx, l.ev)
	if _, chooses := l.fate.Follower(); l.err == nil && (chooses || l.fate == serve.Keep) {
		l.err = errors.New("the step is for flows: it chooses what comes next, or answers later")
	}
}

// failure decides whether more is lost than may be. first is the first route that
// failed, and failed are all of them, but for those that were stopped because
// others failed.
func (f *fanout) failure(ctx context.Context, legs []leg) (first int, failed []string, over bool) {
	spent := 0.0
	for i := range legs {
		if legs[i].err != nil {
			spent += f.cost[i]
		}
	}
	over, first = f.over(spent), -1
	for i := range legs {
		stopped := over && errors.Is(legs[i].err, context.Canceled) && ctx.Err() == nil
		if legs[i].err == nil || stopped {
			continue
		}
		if first < 0 {
			first = i
		}
		failed = append(failed, f.routes[i].Key)
	}
	if over && first < 0 { // a route says that it was canceled, and nobody did it
		for first = 0; legs[first].err == nil; first++ {
		}
		failed = []string{f.routes[first].Key}
	}
	return first, failed, over
}

// routeFailed says which route ("model m1") of which router failed.
func routeFailed(env *catalog.Env, router, route string, err error) error {
	in := ""
	if env.Graph != "" {
		in = "graph " + env.Graph + ": "
	}
	if e, ok := err.(*serve.Error); ok && in != "" && strings.HasPrefix(e.Op, in) { //nolint:errorlint // the outermost one says where
		c := *e
		c.Op = e.Op[len(in):]
		err = &c
	}
	if env.MLRun { // whose clients read the innermost text
		return &serve.Error{Code: serve.CodeOf(err), Op: router, Class: "RuntimeError", Err: fmt.Errorf("%s failed, caused by: %w", route, classic{err})}
	}
	return serve.In(in+router, serve.In(route, err))
}

// classic is an error with MLRun's text.
type classic struct{ error }

func (c classic) Error() string { return serve.Classic(c.error) }
func (c classic) Unwrap() error { return c.error }
