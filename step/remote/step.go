package remote

import (
	"context"
	"net/http"

	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// step is RemoteStep.
type step struct{ *base }

// Waits implements [serve.Waiter].
func (*base) Waits() bool { return true }

// Start implements [serve.Starter].
func (b *base) Start(context.Context) error { return b.client.start() }

// Close implements [serve.Closer]. Calls under way end by themselves.
func (b *base) Close(context.Context) error {
	b.client.close()
	return nil
}

// Do implements [serve.Step].
func (s *step) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	r := &request{method: s.method(ev), header: s.header(ctx, ev)}
	s.name(r.header, ev)
	if err := s.ask(ctx, ev, r); err != nil {
		return serve.Pass, err
	}
	a, err := s.call(ctx, r)
	if a != nil && s.OnStatus != "error" {
		return s.keepStatus(ev, a)
	}
	if err != nil {
		return serve.Pass, err
	}
	return serve.Pass, s.take(ev, a, false)
}

// keepStatus goes on with an answer whatever its status is, which is the event's
// then, or answers the request with one that is an error.
func (s *step) keepStatus(ev *serve.Event, a *answer) (serve.Fate, error) {
	fate := serve.Pass
	if a.status >= 400 && s.OnStatus == "answer" {
		fate = serve.Finish
	}
	if err := s.take(ev, a, fate == serve.Finish); err != nil {
		return serve.Pass, err
	}
	if a.status != http.StatusOK {
		r := serve.Reply{}
		if ev.Reply != nil {
			r = *ev.Reply
		}
		r.Status = a.status
		ev.Reply = &r
	}
	return fate, nil
}

// ask fills in where the request goes and what it says.
func (s *step) ask(ctx context.Context, ev *serve.Event, r *request) (err error) {
	var contentType string
	if raw, ok := s.unread(ev); ok {
		if r.url, err = s.target(ctx, ev, nil); r.method != http.MethodGet {
			r.body, contentType = raw, "application/json"
		}
		typed(r.header, contentType)
		return err
	}
	v, err := s.selected(ev)
	if err != nil {
		return err
	}
	if r.url, err = s.target(ctx, ev, v); err != nil {
		return err
	}
	if r.body, contentType, err = s.payload(ctx, r.method, v); err != nil {
		return err
	}
	typed(r.header, contentType)
	return nil
}

// unread is the body of an event that goes out as it came in: nobody looks into
// it.
func (s *step) unread(ev *serve.Event) (raw []byte, ok bool) {
	if s.InputPath != "" || s.urlOf != nil || s.bodyOf != nil {
		return nil, false
	}
	return document(ev.Body)
}

// take makes an answer the body, or a part of it where result_path says so and
// whole does not.
func (s *step) take(ev *serve.Event, a *answer, whole bool) error {
	whole = whole || s.ResultPath == ""
	if whole && s.asJSON(a) {
		if body := serve.RawBody(a.body); isDocument(body) {
			ev.Body, ev.Reply = body, jsonReply
			return nil
		}
	}
	got, err := s.result(a)
	if err != nil {
		return err
	}
	if whole {
		ev.Body, ev.Reply = serve.ValueBody(got), nil
		return nil
	}
	return s.place(ev, got)
}

// call makes a call when there is room for it.
func (b *base) call(ctx context.Context, r *request) (*answer, error) {
	if err := b.acquire(ctx); err != nil {
		return nil, err
	}
	defer b.free()
	return b.client.do(ctx, r)
}

// selected is the value of the body, or of the part that input_path names among
// the class's arguments. (Beside them it is the engine's business.)
func (b *base) selected(ev *serve.Event) (any, error) {
	if b.InputPath == "" {
		return value(ev)
	}
	part, err := oip.Select(ev.Body, b.InputPath)
	if err != nil {
		return nil, err
	}
	return oip.Value(part)
}

// place makes v the body, or writes it where result_path says.
func (b *base) place(ev *serve.Event, v any) (err error) {
	body := serve.ValueBody(v)
	if b.ResultPath != "" {
		if body, err = oip.Place(ev.Body, b.ResultPath, body); err != nil {
			return err
		}
	}
	ev.Body, ev.Reply = body, nil
	return nil
}

func describe(v any) string { return args.Describe(v) }
