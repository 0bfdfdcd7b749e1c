package queue_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// channel hands events to another goroutine and does nothing else: what a hop
// costs at least.
type channel struct {
	serve.Links
	events chan *serve.Event
	done   chan struct{}
}

func (h *channel) Link(l serve.Links) error { h.Links = l; return nil }
func (h *channel) Start(context.Context) error {
	h.events, h.done = make(chan *serve.Event, 64), make(chan struct{})
	go func() {
		defer close(h.done)
		for ev := range h.events {
			h.Emit(context.Background(), ev)
		}
	}()
	return nil
}

func (h *channel) Close(context.Context) error { close(h.events); <-h.done; return nil }
func (h *channel) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	h.events <- ev
	return serve.Keep, nil
}

// A meter counts the events of queues, as a server's metrics do.
type meter struct {
	serve.Recorder
	appended, bytes, handled atomic.Int64
}

func (m *meter) Queue(string) stream.Observer { return m }

func (m *meter) Depth(string, func() (int64, bool)) func() { return func() {} }

func (m *meter) Published(n, bytes int, _ time.Duration, _ error) {
	m.appended.Add(int64(n))
	m.bytes.Add(int64(bytes))
}

func (m *meter) Handled(time.Duration, stream.Outcome) { m.handled.Add(1) }

// BenchmarkHop is a request through a queue in memory and back, next to the same
// through a bare channel, and to the reference of the graph's benchmarks.
func BenchmarkHop(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := newPlace(b)
	set := p.set()
	set.Add(catalog.Entry{Name: "Channel", New: func(catalog.Args) (serve.Step, error) { return &channel{}, nil }})
	for _, c := range []struct {
		name, class, path string
		recorder          serve.Recorder
	}{
		{"channel", "Channel", "", nil},
		{"mem", "", "mem://q", nil},
		{"counted", "", "mem://q", &meter{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			env := *p.env
			env.Recorder = c.recorder
			kind := ""
			if c.path != "" {
				kind = "queue"
			}
			g, problems := graph.Build(&graph.Spec{Graph: &graph.StepSpec{Steps: []*graph.StepSpec{
				{Name: "a", Class: "Nothing"},
				{Name: "q", Class: c.class, Kind: kind, Path: c.path, After: []string{"a"}},
				{Name: "b", Class: "Nothing", After: []string{"q"}, Responder: true},
			}}}, graph.Options{Catalog: set, Env: &env, Function: "*"})
			if g == nil {
				b.Fatal(problems)
			}
			if err := g.Start(ctx); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Serve(ctx, serve.NewEvent(serve.Target{}, nil)); err != nil {
					b.Fatal(err)
				}
			}
			if err := g.Close(ctx); err != nil {
				b.Fatal(err)
			}
		})
	}
	b.Run("reference", func(b *testing.B) {
		for b.Loop() {
			var v any
			if err := json.Unmarshal([]byte(`{"inputs": [[5.1, 3.5, 1.4, 0.2]]}`), &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
