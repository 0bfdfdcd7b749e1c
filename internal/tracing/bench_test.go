package tracing

import (
	"context"
	"net/http/httptest"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/leat-ml/leat/serve"
)

type nowhere struct{}

func (nowhere) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (nowhere) Shutdown(context.Context) error                             { return nil }

// BenchmarkTracing is what a request costs, and what a step, where the caller
// keeps the trace and where not.
func BenchmarkTracing(b *testing.B) {
	t, err := start(b.Context(), Config{}, nowhere{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer t.Close(context.Background())
	ev := &serve.Event{ID: "e"}
	for name, flags := range map[string]string{"kept": "01", "not_kept": "00"} {
		r := httptest.NewRequest("POST", "/v2/models/iris/infer", nil)
		traceparent := []string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-" + flags}
		b.Run("request/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Header["Traceparent"] = traceparent
				_, end := t.Request(r)
				end(200, nil)
			}
		})
		r.Header["Traceparent"] = traceparent
		ctx, end := t.Request(r)
		b.Run("step/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, leave := t.Enter(ctx, "clean", ev)
				leave(ev, serve.Pass, nil)
			}
		})
		end(200, nil)
	}
}
