package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// transits are the events that routers in workers have, by their tickets. The
// zero value has none. It is safe for concurrent use.
type transits struct {
	mu   sync.Mutex
	last uint64
	open map[uint64]*transit
}

// A transit is one event in a router. Its routes may be asked beside each other.
type transit struct {
	*Router
	ticket uint64
	ctx    context.Context // ends with the event's stay
	ev     *serve.Event    // as it came; read only

	mu     sync.Mutex
	failed []error // of routes: what the router lets pass is known again
}

// begin gives an event a ticket until end is called.
func (ts *transits) begin(ctx context.Context, r *Router, ev *serve.Event) (t *transit, end func()) {
	ctx, cancel := context.WithCancel(ctx)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.open == nil {
		ts.open = map[uint64]*transit{}
	}
	ts.last++
	t = &transit{Router: r, ticket: ts.last, ctx: ctx, ev: ev.Clone()}
	ts.open[t.ticket] = t
	return t, func() {
		cancel()
		ts.mu.Lock()
		defer ts.mu.Unlock()
		delete(ts.open, t.ticket)
	}
}

// A routeQuestion is the metadata of an ASK that puts an event to a route.
type routeQuestion struct {
	Ask    string `json:"ask"`
	Route  string `json:"route"`
	Ticket uint64 `json:"ticket"`
	Path   string `json:"path"`
	Method string `json:"method"`
}

// asked answers a question of a router; ours is false where it is another one.
func (ts *transits) asked(f *frame) (a frame, ours bool) {
	var q routeQuestion
	if json.Unmarshal(f.meta, &q) != nil || q.Ask != "route" {
		return a, false
	}
	ts.mu.Lock()
	t := ts.open[q.Ticket]
	ts.mu.Unlock()
	if t == nil {
		return wrong(serve.Errorf(serve.Canceled, "TimeoutError", "the request is over"), 0), true
	}
	return t.run(f, &q), true
}

// run puts what the frame brings to a route, and returns what that makes of it.
func (t *transit) run(f *frame, q *routeQuestion) frame {
	ev, err := t.event(f, q)
	if err != nil {
		return wrong(err, 0)
	}
	fate, err := t.give(t.ctx, q.Route, ev)
	if err == nil && fate == serve.Drop {
		ev.Body, ev.Reply = serve.Body{}, nil
	}
	var a frame
	if err == nil {
		a.body, a.flags, err = payloadOf(ev.Body)
	}
	if r := ev.Reply; r != nil && a.flags == isJSON && strings.HasPrefix(r.ContentType, "text/") {
		a.flags = isBytes // as it is
	}
	if err != nil {
		err = serve.In("route "+q.Route, err)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.failed = append(t.failed, err)
		return wrong(err, len(t.failed))
	}
	a.meta = left(ev, fate)
	return a
}

// event is the event as the router puts it to a route.
func (t *transit) event(f *frame, q *routeQuestion) (*serve.Event, error) {
	ev := t.ev.Clone()
	ev.Move() // begins when it begins, not when the event was accepted
	var n news
	if err := json.Unmarshal(f.meta, &n); err != nil {
		return nil, errAnswer
	}
	n.Path, n.Method = nil, nil
	n.change(ev)
	ev.Target = target(q.Route, q.Path, q.Method)
	if f.flags&isValue == isJSON {
		ev.Body = serve.RawBody(f.body)
		return ev, nil
	}
	v, err := valueOf(f)
	ev.Body = serve.ValueBody(v)
	return ev, err
}

// cause is the error of a route, where the router has let it pass, else err.
func (t *transit) cause(err error) error {
	n := routeOf(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n < 1 || n > len(t.failed) {
		return err
	}
	return serve.In("router "+t.label(), t.failed[n-1])
}

// left is the metadata of what a route has left.
func left(ev *serve.Event, fate serve.Fate) []byte {
	var m meta
	if r := ev.Reply; r != nil {
		m.number("status", uint64(max(200, r.Status)))
		m.text("content_type", r.ContentType)
		m.header("headers", r.Header)
	}
	if fate == serve.Finish {
		m.json("terminated", []byte("true"))
	}
	return m.end()
}

// wrong is an ANSWER that raises an exception of MLRun's class in the worker.
func wrong(err error, failure int) frame {
	class, text, _ := cutClass(serve.Classic(err))
	var m meta
	m.key("error")
	m.b = jsontext.AppendString(m.b, text)
	m.text("class", class)
	m.number("failure", uint64(failure))
	return frame{meta: m.end()}
}

// give puts an event to a route. A panic is the route's failure.
func (r *Router) give(ctx context.Context, key string, ev *serve.Event) (fate serve.Fate, err error) {
	child := r.routes[key]
	if child == nil {
		return serve.Pass, serve.Errorf(serve.NotFound, "ValueError", "router %s has no route %s", r.label(), key)
	}
	leave := func(*serve.Event, serve.Fate, error) {}
	if r.env.Enter != nil {
		ctx, leave = r.env.Enter(ctx, key, ev)
	}
	defer func() {
		if p := recover(); p != nil {
			r.loaded.logger().Error("route panicked", "route", key, "panic", fmt.Sprint(p))
			err = errors.New("the step panicked; the log has the details")
		}
		leave(ev, fate, err)
	}()
	fate, err = child.Do(ctx, ev)
	if _, chooses := fate.Follower(); err == nil && (chooses || fate == serve.Keep) {
		err = errors.New("the step is for flows: it chooses what comes next, or answers later")
	}
	return fate, err
}

// target is what a route is asked for: the path that the router gives it is an
// operation, as in MLRun.
func target(key, path, method string) serve.Target {
	t := serve.Target{Method: method, Path: path, Operation: strings.Trim(path, "/")}
	t.Model, t.Version, _ = strings.Cut(key, ":")
	return t
}
