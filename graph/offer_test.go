package graph_test

import (
	"context"
	"errors"
	"testing"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// TestOffer looks at no event once the graph is closed.
func TestOffer(t *testing.T) {
	seen := 0
	g := graph.Of("one", serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) {
		seen++
		return serve.Pass, nil
	}), graph.Options{})
	ev := serve.NewEvent(serve.Target{}, []byte(`{}`))
	if out, ok, err := g.Offer(t.Context(), ev); out != ev || !ok || err != nil {
		t.Errorf("offered: %v, %v, %v", out, ok, err)
	}
	if err := g.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, ok, err := g.Offer(t.Context(), ev); out != nil || ok || err != nil || seen != 1 {
		t.Errorf("offered when closed: %v, %v, %v; seen %d times", out, ok, err, seen)
	}
	if _, err := g.Serve(t.Context(), ev); !errors.Is(err, graph.ErrClosed) {
		t.Errorf("served when closed: %v", err)
	}
}
