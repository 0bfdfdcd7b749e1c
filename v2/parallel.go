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
		return serve.Pass, routeFailed(p.Env, "router "+p.Class, "route "+p.routes[first].Key, legs[first].err)
	}
	for i := range legs {
		o, err := result(&legs[i])
		if err != nil {
			return serve.Pass, routeFailed(p.Env, "router "+p.Class, "route "+p.routes[i].Key, err)
		}
		if o != nil {
			merged.add(o)
		}
	}
	ev.Body = serve.ValueBody(serve.NewObject(merged.fields...))
	return serve.Pass, nil
}

// start is what results are added to.
func (p *Parallel) start(ev *serve.Event) (merged merger, err error) {
	if !p.Extend && (isGet(ev) || !p.Env.MLRun) { // MLRun reads the body in any case
		return merged, nil
	}
	doc, err := oip.Value(ev.Body)
	if err != nil {
		return merged, unreadable(err)
	}
	switch v := doc.(type) {
	case nil:
	case *serve.Object:
		if p.Extend {
			merged.add(v)
		}
	default:
		return merged, unreadable(oip.ErrNotObject)
	}
	return merged, nil
}

// A merger makes one object of several. The zero value is empty.
type merger struct {
	fields []serve.Field
	at     map[string]int // where a key is
}

func (m *merger) add(o *serve.Object) {
	if m.at == nil {
		m.at = make(map[string]int, o.Len())
	}
	for _, f := range o.Fields() {
		if i, ok := m.at[f.Key]; ok {
			m.fields[i] = f
			continue
		}
		m.at[f.Key] = len(m.fields)
		m.fields = append(m.fields, f)
	}
}

// result is the object that a route left; nil when it left nothing or filtered
// the event.
func result(l *leg) (*serve.Object, error) {
	if l.fate == serve.Drop {
		return nil, nil
	}
	doc, err := oip.Value(l.ev.Body)
	if err != nil {
		return nil, fmt.Errorf("read the result: %w", err)
	}
	if m, ok := doc.(map[string]any); ok {
		if doc, err = document(m); err != nil {
			return nil, err
		}
	}
	switch v := doc.(type) {
	case nil:
		return nil, nil
	case *serve.Object:
		return v, nil
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
