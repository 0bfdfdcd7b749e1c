package queue

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// Header fields for what an event has and a message has no place for.
const (
	pathField      = "Mlrun-Event-Path"
	methodField    = "Leat-Event-Method"
	modelField     = "Leat-Event-Model"
	versionField   = "Leat-Event-Version"
	operationField = "Leat-Event-Operation"
	bytesField     = "Leat-Event-Bytes" // the body is bytes, and no JSON
)

// secrets are header fields that are not written down.
var secrets = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// A hop is an event on its way through a stream of this process: what the event
// was when it came, since its owner changes it. It is encoded only if somebody
// wants bytes.
type hop struct {
	message stream.Message
	from    *Queue

	ev    *serve.Event    // the request's, which is kept; nil if it was let go
	ctx   context.Context //nolint:containedctx // the request's, under which ev goes on
	taken atomic.Bool     // somebody goes on with ev

	target serve.Target
	body   serve.Body
	fault  *serve.Fault
}

func newHop(ctx context.Context, q *Queue, ev *serve.Event) *hop {
	h := &hop{from: q, target: ev.Target, body: ev.Body, fault: ev.Fault}
	h.message = stream.Message{ID: ev.ID, Key: ev.Key, Header: q.traced(ctx, ev.Header), Time: ev.Time, Value: h}
	return h
}

// traced is a header with the trace of ctx, which whoever takes the event out of
// the stream goes on with.
func (q *Queue) traced(ctx context.Context, header serve.Header) serve.Header {
	if q.env.Inject == nil {
		return header
	}
	own := maps.Clone(header)
	if own == nil {
		own = serve.Header{}
	}
	q.env.Inject(ctx, own)
	return own
}

// event is the event as it came, for whoever has none of a request.
func (h *hop) event() *serve.Event {
	m := &h.message
	ev := &serve.Event{
		ID: m.ID, Key: m.Key, Target: h.target, Header: m.Header, Time: m.Time, Body: h.body, Fault: h.fault,
		Trigger: triggerOf(h.from.topic.String()),
	}
	ev.Identify()
	return ev
}

// triggerOf says that an event came from a stream, so that it can wait for
// models to be ready.
func triggerOf(stream string) serve.Trigger { return serve.Trigger{Kind: "stream", Name: stream} }

// Size is about how many bytes the event holds on to.
func (h *hop) Size() int {
	raw, _ := h.body.Raw()
	return len(raw) + 256
}

// Encode makes the message of the event.
func (h *hop) Encode() (*stream.Message, error) {
	m := &stream.Message{Key: h.message.Key, ID: h.message.ID, Time: h.message.Time, Header: headerOf(h.message.Header, h.target)}
	if v, ok := h.body.Value(); ok {
		if raw, ok := v.([]byte); ok {
			m.Body = raw
			m.Header[bytesField] = []string{"true"}
			return m, nil
		}
	}
	var err error
	if m.Body, err = oip.AppendBody(nil, h.body); err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	return m, nil
}

// headerOf are the header fields of a message, without secrets.
func headerOf(header serve.Header, t serve.Target) map[string][]string {
	out := maps.Clone(map[string][]string(header))
	if out == nil {
		out = map[string][]string{}
	}
	for _, name := range secrets {
		delete(out, name)
	}
	for name, v := range map[string]string{
		pathField: t.Path, methodField: t.Method, modelField: t.Model, versionField: t.Version, operationField: t.Operation,
	} {
		if v != "" {
			out[name] = []string{v}
		}
	}
	return out
}

// eventOf is the event that a message holds. Messages that were not written by
// a queue are events of the path "/", as in MLRun.
func eventOf(m *stream.Message, name string) *serve.Event {
	header := serve.Header(m.Header)
	ev := &serve.Event{ID: m.ID, Key: m.Key, Time: m.Time, Trigger: triggerOf(name), Body: serve.RawBody(m.Body)}
	ev.Target = serve.Target{
		Path: header.Value(pathField), Method: header.Value(methodField),
		Model: header.Value(modelField), Version: header.Value(versionField), Operation: header.Value(operationField),
	}
	if ev.Target.Path == "" {
		ev.Target.Path = "/"
	}
	if header.Value(bytesField) != "" {
		ev.Body = serve.ValueBody(m.Body)
	}
	if ev.Time.IsZero() {
		ev.Time = time.Now()
	}
	ev.Header = ownFields(header)
	ev.Identify()
	return ev
}

// ownFields are the header fields without those of the queue.
func ownFields(header serve.Header) serve.Header {
	out := make(serve.Header, len(header))
	for name, v := range header {
		switch name {
		case pathField, methodField, modelField, versionField, operationField, bytesField:
		default:
			out[name] = v
		}
	}
	return out
}
