package python

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// A step is an object of the user's, or a function, as a step of a graph.
type step struct {
	g      *Group
	object *member
	whole  bool // gets the event, and not only its body
}

// OwnPaths says that what gets the whole event selects and places bodies itself.
func (s *step) OwnPaths() bool { return s.whole }

// Waits implements [serve.Waiter]: the work is another process's.
func (s *step) Waits() bool { return true }

// Do has the user's code handle the event.
func (s *step) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	var m meta
	if s.whole {
		m.event(ev)
	}
	last, parts, err := s.g.put(ctx, s.object, &m, ev.Body, s.whole)
	if err != nil {
		return serve.Pass, err
	}
	if len(parts) > 0 {
		v, err := listOf(parts)
		ev.Body, ev.Reply = serve.ValueBody(v), nil
		return serve.Pass, err
	}
	return apply(ev, &last)
}

// listOf is what a generator gave.
func listOf(parts []frame) (any, error) {
	list := make([]any, len(parts))
	for i := range parts {
		v, err := valueOf(&parts[i])
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// news is what the metadata of an answer says is new of the event.
type news struct {
	Path        *string           `json:"path"`
	Key         *string           `json:"key"`
	ID          *string           `json:"id"`
	Method      *string           `json:"method"`
	ContentType *string           `json:"content_type"`
	Headers     map[string]string `json:"headers"`
	Status      *int              `json:"status"` // of a response
	Terminated  bool              `json:"terminated"`
	Filtered    bool              `json:"filtered"`
}

// apply makes the event what the answer says.
func apply(ev *serve.Event, f *frame) (serve.Fate, error) {
	var n news
	if f.flags&isWhole != 0 && len(f.meta) > 0 {
		if err := json.Unmarshal(f.meta, &n); err != nil {
			return serve.Pass, fmt.Errorf("%w: %w", errAnswer, err)
		}
	}
	if n.Filtered {
		return serve.Drop, nil
	}
	v, err := valueOf(f)
	if err != nil {
		return serve.Pass, err
	}
	ev.Body, ev.Reply = serve.ValueBody(v), nil
	if n.Status != nil {
		ev.Reply = n.reply()
	} else {
		n.change(ev)
	}
	if n.Terminated {
		return serve.Finish, nil
	}
	return serve.Pass, nil
}

// reply is how a response of the code's own is answered.
func (n *news) reply() *serve.Reply {
	r := &serve.Reply{Status: *n.Status}
	if n.ContentType != nil {
		r.ContentType = *n.ContentType
	}
	if len(n.Headers) > 0 {
		r.Header = serve.Header{}
		for key, v := range n.Headers {
			r.Header[canonical(key)] = []string{v}
		}
	}
	return r
}

// change makes the event what the code made of it.
func (n *news) change(ev *serve.Event) {
	for _, c := range []struct {
		to   *string
		from *string
	}{{&ev.Target.Path, n.Path}, {&ev.Key, n.Key}, {&ev.ID, n.ID}, {&ev.Target.Method, n.Method}} {
		if c.from != nil {
			*c.to = *c.from
		}
	}
	if n.Headers == nil && n.ContentType == nil {
		return
	}
	header := serve.Header{}
	if n.Headers == nil {
		for key, v := range ev.Header {
			header[key] = v
		}
	}
	for key, v := range n.Headers {
		header[canonical(key)] = []string{v}
	}
	if n.ContentType != nil {
		header["Content-Type"] = []string{*n.ContentType}
	}
	ev.Header = header
}

// wantsEvent says whether a class or function gets the event rather than its
// body: where the spec says so, by do_event, and as nuclio's handlers.
func (o *Object) wantsEvent(handler string, full bool) bool {
	switch {
	case full || handler == "do_event":
		return true
	case o.Kind == "function":
		return len(o.Args) > 1 && o.Args[0] == "context" && o.Args[1] == "event"
	}
	return handler == "" && slices.Contains(o.Methods, "do_event")
}
