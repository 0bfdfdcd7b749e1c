package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// respond answers the request with a status, and with a body of its own if it
// has one.
type respond struct {
	reply *serve.Reply
	body  *serve.Body // nil: that of the event
}

type respondConfig struct {
	Status int `arg:"status"`
	Body   any `arg:"body"`
}

func newRespond(a catalog.Args) (serve.Step, error) {
	c := respondConfig{Status: 200}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if c.Status < 200 || c.Status > 599 {
		return nil, configError("status", "must be a status of HTTP from 200 to 599, found %d", c.Status)
	}
	s := &respond{reply: &serve.Reply{Status: c.Status}}
	if c.Body != nil {
		v, err := document(c.Body)
		if err != nil {
			return nil, configError("body", "cannot be written as JSON: %v", err)
		}
		body := serve.ValueBody(v)
		s.body = &body
	}
	return s, nil
}

func (s *respond) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	switch {
	case s.body != nil:
		ev.Body, ev.Reply = *s.body, s.reply
	case ev.Reply != nil: // whose type and fields are those of the body
		r := *ev.Reply
		r.Status = s.reply.Status
		ev.Reply = &r
	default:
		ev.Reply = s.reply
	}
	return serve.Finish, nil
}
