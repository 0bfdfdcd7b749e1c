package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// reference is what the figures are ratios to: encoding/json reading a request
// of four numbers.
func reference() error {
	var v any
	return json.Unmarshal([]byte(`{"inputs": [[5.1, 3.5, 1.4, 0.2]]}`), &v)
}

type nothing struct{}

func (nothing) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }

// hop hands every event to another goroutine, as a queue in memory does.
type hop struct {
	serve.Links
	events chan *serve.Event
	done   chan struct{}
}

func (h *hop) Link(l serve.Links) error { h.Links = l; return nil }
func (h *hop) Start(context.Context) error {
	h.events, h.done = make(chan *serve.Event, 64), make(chan struct{})
	go func() {
		defer close(h.done)
		for ev := range h.events {
			h.Emit(context.Background(), ev)
		}
	}()
	return nil
}

func (h *hop) Close(context.Context) error { close(h.events); <-h.done; return nil }
func (h *hop) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	h.events <- ev
	return serve.Keep, nil
}

type timer struct{ total time.Duration }

func (m *timer) Step(string) graph.StepMetrics { return m }
func (m *timer) Done(d time.Duration, _ error) { m.total += d }

func benchSet() *catalog.Set {
	set := &catalog.Set{}
	set.Add(catalog.Entry{Name: "Nothing", New: func(catalog.Args) (serve.Step, error) { return nothing{}, nil }})
	set.Add(catalog.Entry{Name: "Hop", New: func(catalog.Args) (serve.Step, error) { return &hop{}, nil }})
	return set
}

func chainOf(n int, engine string) *graph.Spec {
	var lines []string
	for i := range n {
		after := ""
		if i > 0 {
			after = fmt.Sprintf(" <s%d", i-1)
		}
		if i == n-1 && engine == "async" {
			after += " *"
		}
		lines = append(lines, fmt.Sprintf("s%d Nothing%s", i, after))
	}
	return flow(engine, "", lines...)
}

func benchGraph(tb testing.TB, spec *graph.Spec, o graph.Options) *graph.Graph {
	tb.Helper()
	o.Catalog = benchSet()
	g, problems := graph.Build(spec, o)
	if g == nil {
		tb.Fatal(problems)
	}
	if err := g.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return g
}

func BenchmarkGraph(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, c := range []struct {
		name string
		spec *graph.Spec
		o    graph.Options
	}{
		{"chain/1", chainOf(1, "sync"), graph.Options{}},
		{"chain/3", chainOf(3, "sync"), graph.Options{}},
		{"chain/20", chainOf(20, "sync"), graph.Options{}},
		{"timed/3", chainOf(3, "sync"), graph.Options{Observer: &timer{}}},
		{"timed/20", chainOf(20, "sync"), graph.Options{Observer: &timer{}}},
		{"hop", flow("async", "", "a Nothing", "q Hop <a", "b Nothing <q *"), graph.Options{}},
		{"no hop", flow("async", "", "a Nothing", "q Nothing <a", "b Nothing <q *", "c Nothing <b"), graph.Options{}},
		{"side", flow("async", "", "a Nothing", "x Nothing <a", "b Nothing <a *"), graph.Options{}},
		{"tail", flow("async", "", "a Nothing *", "x Nothing <a"), graph.Options{}},
		{"merge", flow("async", "", "a Nothing", "b Nothing <a", "c Nothing <a", "m Nothing <b,c *"), graph.Options{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			g := benchGraph(b, c.spec, c.o)
			b.ReportAllocs()
			ev := serve.NewEvent(serve.Target{}, nil)
			for b.Loop() {
				if !strings.HasPrefix(c.name, "chain") && !strings.HasPrefix(c.name, "timed") {
					ev = serve.NewEvent(serve.Target{}, nil)
				}
				if _, err := g.Serve(ctx, ev); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("fresh goroutine/20", func(b *testing.B) {
		g := benchGraph(b, chainOf(20, "sync"), graph.Options{})
		done := make(chan error)
		for b.Loop() {
			ev := serve.NewEvent(serve.Target{}, nil)
			go func() {
				_, err := g.Serve(ctx, ev)
				done <- err
			}()
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("event", func(b *testing.B) {
		var ev *serve.Event
		for b.Loop() {
			ev = serve.NewEvent(serve.Target{}, nil)
		}
		_ = ev
	})
	b.Run("reference", func(b *testing.B) {
		for b.Loop() {
			if err := reference(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
