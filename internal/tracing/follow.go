package tracing

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/url"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// follows says whether a request is followed, and gives the context of the trace
// that its header names. A request that is not followed has a context, and a
// header, by which who gets it next does not follow it either.
func (t *Tracing) follows(ctx context.Context, header propagation.HeaderCarrier, r request) (context.Context, bool) {
	ctx = w3c.Extract(ctx, header)
	caller := trace.SpanContextFromContext(ctx)
	if t.obedient && caller.IsValid() && !caller.IsSampled() {
		return ctx, false
	}
	if r.continues = caller.IsValid(); t.settings.take(r) {
		return ctx, true
	}
	if !caller.IsValid() {
		caller = unfollowed()
	}
	ctx = trace.ContextWithRemoteSpanContext(ctx, caller.WithTraceFlags(caller.TraceFlags().WithSampled(false)))
	w3c.Inject(ctx, header)
	return ctx, false
}

// unfollowed names a trace of which there is nothing.
func unfollowed() trace.SpanContext {
	var c trace.SpanContextConfig
	binary.NativeEndian.PutUint64(c.TraceID[:8], rand.Uint64())
	binary.NativeEndian.PutUint64(c.TraceID[8:], rand.Uint64()|1)
	binary.NativeEndian.PutUint64(c.SpanID[:], rand.Uint64()|1)
	return trace.NewSpanContext(c)
}

// plain is a segment of a path without escapes.
func plain(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}
