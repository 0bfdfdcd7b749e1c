package tracing

import (
	"context"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Calling is a call of gRPC that has come: of which method, for which model, ""
// for none, and when.
type Calling struct {
	Service, Method, Model string
	Start                  time.Time
}

// Called is what became of a call of gRPC.
type Called struct {
	Code           int // of gRPC
	Model, Version string
	Failed         bool // the server is to blame
	Err            error
}

// Call begins the span of a call of gRPC, as [Tracing.Request] does for HTTP: it
// continues the trace of the header if there is one, and the header, keyed by
// canonical names, names the span from here on. The span begins when the call came.
func (t *Tracing) Call(ctx context.Context, c Calling, header map[string][]string) (in context.Context, end func(Called)) {
	carrier := propagation.HeaderCarrier(header)
	ctx, follows := t.follows(ctx, carrier, request{model: c.Model, serves: strings.HasSuffix(c.Method, "Infer")})
	if !follows {
		return ctx, func(Called) {}
	}
	name := c.Service + "/" + c.Method
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(c.Start))
	w3c.Inject(ctx, carrier)
	if !span.IsRecording() {
		return ctx, func(Called) { span.End() }
	}
	span.SetAttributes(semconv.RPCSystemNameGRPC, semconv.RPCMethod(name))
	return ctx, func(c Called) { called(span, c) }
}

// called ends the span of a call. One that was refused is no error of the
// server's.
func called(span trace.Span, c Called) {
	defer span.End()
	noteModel(span, c.Model, c.Version)
	code := strconv.Itoa(c.Code)
	span.SetAttributes(semconv.RPCResponseStatusCode(code))
	if c.Failed {
		span.SetAttributes(semconv.ErrorTypeKey.String(code))
		span.SetStatus(codes.Error, message(c.Err))
	}
}
