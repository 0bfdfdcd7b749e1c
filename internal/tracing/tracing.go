package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// A Tracing follows requests and the steps that they take. It is safe for
// concurrent use.
type Tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	queue    *queue
	settings *Settings
	obedient bool // traces that the caller does not keep are not kept
}

// w3c is how trace contexts are written in headers.
var w3c propagation.TraceContext

// Start starts to send spans. It does not look whether anybody takes them: a
// collector may come and go. Close ends it. logger is told, once a minute at
// most, that spans are lost; nil is nobody.
func Start(ctx context.Context, c Config, logger *slog.Logger) (*Tracing, error) {
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("send traces to %s: %w", c.Endpoint, err)
	}
	return start(ctx, c, exporter, logger)
}

// start is Start with what spans are handed to, which it takes over.
func start(ctx context.Context, c Config, exporter sdktrace.SpanExporter, logger *slog.Logger) (*Tracing, error) {
	about, err := resourceOf(ctx, c.Version)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err), exporter.Shutdown(ctx))
	}
	t := &Tracing{queue: newQueue(exporter, c.Queue, logger), settings: c.Settings}
	if t.settings == nil {
		t.settings = NewSettings(true)
	}
	t.obedient = c.Sampler == nil || strings.HasPrefix(c.Sampler.Description(), "ParentBased")
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(about), sdktrace.WithSpanProcessor(t.queue)}
	if c.Sampler != nil {
		options = append(options, sdktrace.WithSampler(c.Sampler))
	}
	t.provider = sdktrace.NewTracerProvider(options...)
	t.tracer = t.provider.Tracer("github.com/leat-ml/leat", trace.WithInstrumentationVersion(c.Version), trace.WithSchemaURL(semconv.SchemaURL))
	return t, nil
}

// resourceOf is what the spans are of: this server, unless the environment calls
// it otherwise.
func resourceOf(ctx context.Context, version string) (*resource.Resource, error) {
	own := []attribute.KeyValue{semconv.ServiceName("leat")}
	if version != "" {
		own = append(own, semconv.ServiceVersion(version))
	}
	if host, err := os.Hostname(); err == nil {
		own = append(own, semconv.HostName(clean(host)))
	}
	return resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(own...), resource.WithFromEnv())
}

// Close sends what waits, until ctx ends. Spans that end afterwards are lost.
func (t *Tracing) Close(ctx context.Context) error {
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

// Sent is the number of spans that the collector has taken.
func (t *Tracing) Sent() uint64 { return t.queue.sent.Load() }

// Lost is the number of spans that did not fit into the queue, and of those that
// could not be sent.
func (t *Tracing) Lost() (full, failed uint64) { return t.queue.full.Load(), t.queue.failed.Load() }

// Inject adds the trace context of ctx to a header. Where it has none, nothing
// changes.
func (*Tracing) Inject(ctx context.Context, header map[string][]string) {
	w3c.Inject(ctx, propagation.HeaderCarrier(header))
}

// Note adds an attribute to the span of ctx.
func (*Tracing) Note(ctx context.Context, key, value string) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.String(key, clean(value)))
	}
}
