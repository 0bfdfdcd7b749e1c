package v2

import (
	"context"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// ParallelConfig says how a [Parallel] router runs its routes.
type ParallelConfig struct {
	RouterConfig        // Class is "ParallelRun" when empty
	Extend       bool   // results are added to the body of the event, and not to an empty object
	Executor     string // as in VotingConfig
}

// A Parallel router gives the event to all of its routes and makes one object
// of their results: member by member, in the order of the routes, so that of
// members with the same name the last route's is left, where the first one's was.
// It is a [serve.Step], safe for concurrent use.
type Parallel struct {
	ParallelConfig
	router *Router
	fanout
}

// NewParallel returns a router to the routes.
func NewParallel(c ParallelConfig, routes []catalog.Route) (*Parallel, error) {
	if c.Class == "" {
		c.Class = "ParallelRun"
	}
	if len(routes) == 0 {
		return nil, errors.New("the router has no routes")
	}
	how, err := parseExecutor(c.Executor)
	if err != nil {
		return nil, err
	}
	router := NewRouter(c.RouterConfig, nil)
	router.models = NewRoutes(routes, router.Env.MLRun)
	c.RouterConfig = router.RouterConfig
	return &Parallel{ParallelConfig: c, router: router, fanout: newFanout(routes, how, c.Env)}, nil
}

func newParallel(a catalog.Args) (serve.Step, error) {
	if err := onlyArgs(a, append([]string{"extend_event", "executor_type"}, routerArgs...)); err != nil {
		return nil, err
	}
	var c ParallelConfig
	var err error
	if c.RouterConfig, err = routerConfig(a); err != nil {
		return nil, err
	}
	if c.Extend, err = boolArg(a, "extend_event"); err != nil {
		return nil, err
	}
	if c.Executor, err = stringArg(a, "executor_type"); err != nil {
		return nil, err
	}
	return NewParallel(c, a.Routes)
}

// OwnPaths says that the router selects and places bodies by itself.
func (p *Parallel) OwnPaths() bool { return true }

// Waits implements [serve.Waiter].
func (p *Parallel) Waits() bool { return p.waits() }

// Do runs the routes.
func (p *Parallel) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if p.InputPath == "" && p.ResultPath == "" {
		return p.route(ctx, ev)
	}
	return p.router.within(ctx, ev, p.route)
}

func (p *Parallel) route(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if p.router.asksRouter(ev) {
		return p.router.about(ev)
	}
	merged, err := p.start(ev)
	if err == nil && p.Env.MLRun { // where a path names nothing, but is looked at
		t := ev.Target
		_, err = p.router.fromPath(ev)
		ev.Target = t
	}
	if err != nil {
		return serve.Pass, serve.In("router "+p.Class, err)
	}
	var few [4]leg
	legs := few[:]
	if len(p.routes) > len(few) {
		legs = make([]leg, len(p.routes))
	}
	legs = legs[:len(p.routes)]
	p.clone(ev, legs)
	p.fanout.run(ctx, legs)
	if first, _, over := p.failure(ctx, legs); over {
		return serve.Pass, routeFailed(p.Env, "router "+p.Class, p.routes[first].Key, legs[first].err)
	}
	for i := range legs {
		if merged, err = p.merge(merged, &legs[i]); err != nil {
			return serve.Pass, routeFailed(p.Env, "router "+p.Class, p.routes[i].Key, err)
		}
	}
	ev.Body = serve.ValueBody(merged)
	return serve.Pass, nil
}

// start is the object that results are added to.
func (p *Parallel) start(ev *serve.Event) (*serve.Object, error) {
	if !p.Extend && (isGet(ev) || !p.Env.MLRun) { // MLRun reads the body in any case
		return serve.NewObject(), nil
	}
	doc, err := oip.Value(ev.Body)
	if err != nil {
		return nil, unreadable(err)
	}
	switch v := doc.(type) {
	case nil:
		return serve.NewObject(), nil
	case *serve.Object:
		if p.Extend {
			return v, nil
		}
		return serve.NewObject(), nil
	}
	return nil, unreadable(oip.ErrNotObject)
}

// merge adds the result of a route. One that has none, or filtered the event,
// adds nothing.
func (p *Parallel) merge(to *serve.Object, l *leg) (*serve.Object, error) {
	if l.fate == serve.Drop {
		return to, nil
	}
	doc, err := oip.Value(l.ev.Body)
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	if m, ok := doc.(map[string]any); ok {
		doc, err = document(m)
		if err != nil {
			return nil, err
		}
	}
	switch v := doc.(type) {
	case nil:
		return to, nil
	case *serve.Object:
		for key, value := range v.All() {
			to = to.With(key, value)
		}
		return to, nil
	}
	return nil, errors.New("the result is not an object, and cannot be merged")
}

// document is what a Go value is as JSON.
func document(v any) (any, error) {
	text, err := appendJSON(v)
	if err != nil {
		return nil, err
	}
	return oip.ParseValue(text)
}
