package v2

import (
	"context"
	"errors"

	"github.com/leat-ml/leat/serve"
)

// errPanicked is what a tracer is told of a panic.
var errPanicked = errors.New("the step panicked; the log has the details")

// run gives the event to a route.
func (r *Router) run(ctx context.Context, child serve.Step, ev *serve.Event) (serve.Fate, error) {
	if r.Env.Enter == nil {
		return r.give(ctx, child, ev)
	}
	return r.traced(ctx, child, ev)
}

// traced is give under the eyes of a tracer.
func (r *Router) traced(ctx context.Context, child serve.Step, ev *serve.Event) (fate serve.Fate, err error) {
	name := ev.Target.Model
	if s, ok := child.(*Server); ok {
		name = s.label()
	}
	in, leave := r.Env.Enter(ctx, name, ev)
	err = errPanicked // unless the route returns
	defer func() { leave(ev, fate, err) }()
	fate, err = r.give(in, child, ev)
	return fate, err
}

// do runs one leg.
func (f *fanout) do(ctx context.Context, i int, l *leg, s span) {
	if f.enter == nil {
		f.attempt(ctx, i, l, s)
		return
	}
	in, leave := f.enter(ctx, f.routes[i].Key, l.ev)
	if m := f.servers[i]; m != nil && l.in.s != nil && m.Env.Note != nil {
		m.note(in, l.in.op)
	}
	f.attempt(in, i, l, s)
	leave(l.left(), l.fate, l.err)
}

// left is the event as the leg left it.
func (l *leg) left() *serve.Event {
	if l.in.s == nil || l.err != nil {
		return l.ev
	}
	resp := l.in.resp
	if resp == nil {
		resp = new(serve.Response)
		resp.Answer(l.in.req, l.in.s.served, l.in.outputs)
	}
	ev := l.ev.Clone()
	ev.Body = serve.ValueBody(resp)
	return ev
}

// note tells whoever traces ctx, who must be there, which model is asked for
// what.
func (s *Server) note(ctx context.Context, op string) {
	tell := s.Env.Note
	tell(ctx, "leat.model.name", s.Name)
	if s.Version != "" {
		tell(ctx, "leat.model.version", s.Version)
	}
	if op == "" {
		op = "metadata"
	}
	tell(ctx, "leat.operation", op)
}
