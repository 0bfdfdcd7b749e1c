package graph_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// A witness is a tracer that writes down what it is told.
type witness struct {
	mu    sync.Mutex
	notes []string
}

type within struct{}

func (w *witness) Enter(ctx context.Context, step string, _ *serve.Event) (context.Context, func(*serve.Event, serve.Fate, error)) {
	return context.WithValue(ctx, within{}, step), func(_ *serve.Event, fate serve.Fate, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.notes = append(w.notes, fmt.Sprint(step, " ", fate, " ", err))
	}
}

// TestTracer checks that a tracer hears how every step ended, panics included,
// and that a step works under the context that it gave.
func TestTracer(t *testing.T) {
	for _, tt := range []struct {
		name string
		step serve.StepFunc
		want string
	}{
		{"pass", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }, "s 0 <nil>"},
		{"drop", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil }, "s 1 <nil>"},
		{"error", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, errors.New("boom") }, "s 0 boom"},
		{"panic", func(context.Context, *serve.Event) (serve.Fate, error) { panic("secret") }, "s 0 the step panicked; the log has the details"},
	} {
		w := &witness{}
		step := func(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
			if ctx.Value(within{}) != "s" {
				t.Errorf("%s: the step works under a context that is not its own", tt.name)
			}
			return tt.step(ctx, ev)
		}
		_, _ = serveOne(t.Context(), of(t, serve.StepFunc(step), graph.Options{Trace: w}))
		if d := cmp.Diff([]string{tt.want}, w.notes); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}
