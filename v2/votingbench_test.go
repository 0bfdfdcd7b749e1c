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

// scale is a cheap local model: the sum of each row, times itself.
type scale float64

func (k scale) Predict(_ context.Context, req *serve.Request) (any, error) {
	var few [16]float64
	t := req.Inputs[0]
	x, err := t.Float64s(few[:])
	if err != nil {
		return nil, err
	}
	columns := t.Shape[len(t.Shape)-1]
	out := make([]float64, 0, 1)
	for ; len(x) > 0; x = x[columns:] {
		sum := 0.0
		for _, v := range x[:columns] {
			sum += v
		}
		out = append(out, sum*float64(k))
	}
	return out, nil
}

// trio is an ensemble of three cheap models, with a deadline, metrics and a
// record for every request and model.
func trio(tb testing.TB, args map[string]any, models ...serve.Model) *graph.Graph {
	tb.Helper()
	set := &catalog.Set{}
	v2.Register(set)
	spec := graph.NewRouter()
	spec.Graph.Class, spec.Graph.Args = "VotingEnsemble", args
	for i, m := range models {
		spec.AddRoute(string(rune('a'+i)), graph.StepSpec{New: v2.Object(m)})
	}
	g, problems := graph.Build(spec, graph.Options{
		Catalog: set, Env: &catalog.Env{Recorder: &atomicCounting{}}, Timeout: time.Minute,
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

var executors = map[string]map[string]any{
	"inline":   {"vote_type": "regression"},
	"parallel": {"vote_type": "regression", "executor_type": "thread"},
	"inferred": {},
}

func askTrio(ctx context.Context, g *graph.Graph, raw, out []byte) ([]byte, error) {
	ev, err := g.Serve(ctx, serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/infer"}, raw))
	if err != nil {
		return nil, err
	}
	return oip.AppendBody(out[:0], ev.Body)
}

// TestVotingAllocations gates the allocations of an ensemble of three, bytes in
// to bytes out. Models that make their answers anew make two each: the numbers,
// and the slice in an interface.
func TestVotingAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tt := range []struct {
		models []serve.Model
		most   float64
	}{
		{[]serve.Model{echo{}, echo{}, echo{}}, 7},
		{[]serve.Model{scale(1), scale(2), scale(3)}, 7 + 3*2},
	} {
		g := trio(t, executors["inline"], tt.models...)
		for name, body := range bodies {
			raw, buf := []byte(body), make([]byte, 0, 512)
			allocs := testing.AllocsPerRun(200, func() {
				if _, err := askTrio(ctx, g, raw, buf); err != nil {
					t.Fatal(err)
				}
			})
			if allocs > tt.most && !raced {
				t.Errorf("%T, %s: %v allocations, want at most %v", tt.models[0], name, allocs, tt.most)
			}
		}
	}
}

func BenchmarkVoting(b *testing.B) {
	for name, bm := range map[string]struct {
		args   map[string]any
		models []serve.Model
	}{
		"inline":      {executors["inline"], []serve.Model{scale(1), scale(2), scale(3)}},
		"inline echo": {executors["inline"], []serve.Model{echo{}, echo{}, echo{}}},
		"inferred":    {executors["inferred"], []serve.Model{scale(1), scale(2), scale(3)}},
		"parallel":    {executors["parallel"], []serve.Model{scale(1), scale(2), scale(3)}},
	} {
		for dialect, body := range bodies {
			b.Run(name+"/"+dialect, func(b *testing.B) {
				g := trio(b, bm.args, bm.models...)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				raw := []byte(body)
				b.ReportAllocs()
				var out []byte
				var err error
				for b.Loop() {
					if out, err = askTrio(ctx, g, raw, out); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	// What the targets are ratios to: encoding/json reading the same body.
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
