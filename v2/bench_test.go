package v2_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// echo answers with its first input.
type echo struct{}

func (echo) Predict(_ context.Context, req *serve.Request) (any, error) { return req.Inputs[0], nil }

// counting is a recorder and an observer that does as much as a real one has to
// on the way of a request.
type counting struct{ records, requests, nanos int64 }

func (c *counting) Record(serve.Record)                         { c.records++ }
func (c *counting) Begin()                                      {}
func (c *counting) End(_ string, _ serve.Code, d time.Duration) { c.requests++; c.nanos += int64(d) }
func (c *counting) Model(string, string) v2.Metrics             { return c }
func (c *counting) ModelState(string, string, v2.Status)        {}

// echoRouter is a router to one echo model, with a deadline, metrics and a
// record for every request.
func echoRouter(tb testing.TB) *graph.Graph {
	tb.Helper()
	set := &catalog.Set{}
	v2.Register(set)
	set.Add(v2.Class("Echo", func() serve.Model { return echo{} }))
	g, problems := graph.Build(graph.NewRouter().AddModel("m1", "Echo", "", nil), graph.Options{
		Catalog: set, Env: &catalog.Env{Recorder: &counting{}}, Timeout: time.Minute,
	})
	if g == nil {
		tb.Fatal(problems)
	}
	if err := g.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = g.Close(context.Background()) })
	return g
}

var bodies = map[string]string{
	"rows": `{"inputs": [[5.1, 3.5, 1.4, 0.2]]}`,
	"oip":  `{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}`,
}

// ask is a request from bytes to bytes, as a transport makes it: the answer is
// written over out, which it reuses.
func ask(ctx context.Context, g *graph.Graph, raw, out []byte) ([]byte, error) {
	ev, err := g.Serve(ctx, serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/m1/infer"}, raw))
	if err != nil {
		return nil, err
	}
	return oip.AppendBody(out[:0], ev.Body)
}

// TestAllocations gates the allocations of a request, bytes in to bytes out.
func TestAllocations(t *testing.T) {
	g := echoRouter(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for name, body := range bodies {
		raw := []byte(body)
		allocs := testing.AllocsPerRun(200, func() {
			if _, err := ask(ctx, g, raw, make([]byte, 0, 256)); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 6 {
			t.Errorf("%s: %v allocations, want at most 6", name, allocs)
		}
	}
}

func BenchmarkRouterEcho(b *testing.B) {
	g := echoRouter(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, body := range bodies {
		raw := []byte(body)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var out []byte
			var err error
			for b.Loop() {
				if out, err = ask(ctx, g, raw, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	// What the target is a ratio to: encoding/json reading the same body.
	b.Run("reference", func(b *testing.B) {
		raw := []byte(bodies["oip"])
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
