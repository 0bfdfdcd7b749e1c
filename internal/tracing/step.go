package tracing

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/leat-ml/leat/serve"
)

// maxLinks is how many traces a span of a batch is linked with.
const maxLinks = 128

// Enter begins the span of a step, or of a part of one, and leave ends it. It
// is a child of the span of ctx. Where there is none (the step goes on with an
// event without its request, or the event came out of a stream), the header of
// the event names the span; a header that names several is that of a batch, and
// the span is linked with the others. An event of a stream that names none begins
// a trace; any other is a question of the server's own, and has none.
func (t *Tracing) Enter(ctx context.Context, step string, ev *serve.Event) (in context.Context, leave func(ev *serve.Event, fate serve.Fate, err error)) {
	at := trace.SpanContextFromContext(ctx)
	switch {
	case at.IsSampled():
		return t.enter(ctx, step, ev)
	case at.IsValid():
		return ctx, leaveNothing // nobody keeps the trace
	}
	parent, others := parents(ev.Header)
	if !parent.IsValid() && !ev.Trigger.Waits() || !t.settings.take(request{continues: parent.IsValid(), serves: true}) {
		return ctx, leaveNothing
	}
	options := make([]trace.SpanStartOption, 0, 2)
	if ev.Trigger.Waits() {
		options = append(options, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attribute.String("leat.stream", clean(ev.Trigger.Name))))
	}
	if len(others) > 0 {
		options = append(options, trace.WithLinks(others...))
	}
	return t.enter(trace.ContextWithRemoteSpanContext(ctx, parent), step, ev, options...)
}

func leaveNothing(*serve.Event, serve.Fate, error) {}

func (t *Tracing) enter(ctx context.Context, step string, ev *serve.Event, options ...trace.SpanStartOption) (context.Context, func(*serve.Event, serve.Fate, error)) {
	ctx, span := t.tracer.Start(ctx, clean(step), options...)
	if !span.IsRecording() {
		return ctx, leaveNothing
	}
	span.SetAttributes(attribute.String("leat.step", clean(step)), attribute.String("leat.event.id", clean(ev.Identify())))
	if f := ev.Fault; f != nil && f.Handler != "" && isNamed(step, f.Handler) {
		span.SetAttributes(attribute.String("leat.handles", clean(f.Step)))
	}
	return ctx, func(_ *serve.Event, fate serve.Fate, err error) {
		defer span.End()
		if err != nil {
			span.SetAttributes(attribute.String("leat.fate", "failed"), semconv.ErrorTypeKey.String(kind(err)))
			span.SetStatus(codes.Error, message(err))
			return
		}
		span.SetAttributes(attribute.String("leat.fate", fateName(fate)))
		if i, chosen := fate.Follower(); chosen {
			span.SetAttributes(attribute.Int("leat.follower", i))
		}
	}
}

// isNamed says whether a step, named with the flows around it, is the one of
// that name or full name.
func isNamed(step, name string) bool {
	n := len(step) - len(name)
	return step == name || n > 0 && step[n-1] == '/' && step[n:] == name
}

func fateName(f serve.Fate) string {
	switch f {
	case serve.Pass:
		return "passed"
	case serve.Drop:
		return "filtered"
	case serve.Finish:
		return "answered"
	case serve.Keep:
		return "kept"
	}
	return "chosen"
}

// parents are the spans that a header names: the one to continue, and those to
// link.
func parents(header serve.Header) (first trace.SpanContext, others []trace.Link) {
	values, states := header["Traceparent"], header["Tracestate"]
	if values == nil { // a record that others have written
		values, states = header["traceparent"], header["tracestate"]
	}
	for _, value := range values[:min(len(values), 1+maxLinks)] {
		one := one{parent: value}
		if len(values) == 1 && len(states) > 0 {
			one.state = states[0]
		}
		sc := trace.SpanContextFromContext(w3c.Extract(context.Background(), one))
		switch {
		case !sc.IsValid():
		case !first.IsValid():
			first = sc
		default:
			others = append(others, trace.Link{SpanContext: sc})
		}
	}
	return first, others
}

// one is the header fields of one span.
type one struct{ parent, state string }

// Get implements propagation.TextMapCarrier.
func (o one) Get(key string) string {
	switch http.CanonicalHeaderKey(key) {
	case "Traceparent":
		return o.parent
	case "Tracestate":
		return o.state
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (one) Set(string, string) {}

// Keys implements propagation.TextMapCarrier.
func (one) Keys() []string { return []string{"Traceparent", "Tracestate"} }
