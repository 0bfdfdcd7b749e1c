package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// ensembleConcerns are the prefixes of the cases of routers that ask several
// models.
var ensembleConcerns = []string{"ensemble_", "parallel_", "path_control_ensemble", "track_ensemble", "better_weights_normalised", "better_ensemble_record"}

func TestEnsembleCases(t *testing.T) {
	ran := 0
	for _, c := range readCases(t) {
		for _, prefix := range ensembleConcerns {
			if strings.HasPrefix(c.Name, prefix) {
				ran++
				t.Run(c.Name, func(t *testing.T) { runEnsembleCase(t, c) })
				break
			}
		}
	}
	if ran != 16 {
		t.Errorf("ran %d cases, want 16", ran)
	}
}

// tape keeps what is recorded.
type tape struct {
	mu      sync.Mutex
	records []serve.Record
}

func (p *tape) Record(r serve.Record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, r)
}

func runEnsembleCase(t *testing.T, c testCase) {
	set := classes()
	addFlowClasses(set, &board{visits: map[string]int{}})
	set.Add(v2.Class("ConstClass", func() serve.Model { return &constClass{} }))
	set.Add(v2.Class("NestMul", func() serve.Model { return &nestMul{} }))
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(c.Spec), "${CASES}", folder)
	spec, problems := config.ParseSpec("spec.json", []byte(text), config.Options{MLRun: true})
	for _, p := range problems {
		if !p.Warning {
			t.Fatal(p)
		}
	}
	rec := &tape{}
	srv, url := start(t, spec, &leat.Options{Catalog: set, MLRun: true, Recorder: rec})
	expects := lists[expect](t, c.Expect)
	told := lists[struct {
		Stream string `json:"stream_predicate"`
	}](t, c.Expect)
	for i, r := range lists[request](t, c.Request) {
		before := len(rec.records)
		var a answer
		if r.EventID != "" {
			a = askAs(t, srv, r)
		} else {
			a = ask(t, srv, url, r)
		}
		check(t, expects[i], a)
		if expects[i].Predicate != "" {
			placed(t, a.body)
		}
		if told[i].Stream != "" {
			recorded(t, c.Name, i, rec.records[before:])
		}
	}
}

// askAs sends a request under an event ID of its own.
func askAs(t *testing.T, srv *leat.Server, r request) answer {
	t.Helper()
	ev := serve.NewEvent(serve.Target{Method: r.Method, Path: r.Path}, []byte(bodyText(t, r.Body)))
	ev.ID = r.EventID
	out, err := srv.Serve(t.Context(), ev)
	if err != nil {
		t.Fatal(err)
	}
	body, err := oip.AppendBody(nil, out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{200, "application/json", body}
}

// placed is the predicate y.outputs == [75].
func placed(t *testing.T, body []byte) {
	t.Helper()
	var got struct {
		X any
		Y struct{ Outputs []float64 }
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(got.Y.Outputs, []float64{75}) || got.X == nil {
		t.Errorf("body %s, want x kept and y.outputs [75]", body)
	}
}

// recorded is what the predicates about the stream ask for.
func recorded(t *testing.T, name string, i int, records []serve.Record) {
	t.Helper()
	got := map[string]string{}
	for _, r := range records {
		outputs, err := oip.AppendValue(nil, r.Response().Outputs)
		if err != nil {
			t.Fatal(err)
		}
		got[r.Model+" "+r.Class+" "+r.Op] = string(bytes.ReplaceAll(outputs, []byte(".0"), nil))
	}
	want := map[string]string{"a FirstMul infer": "[2]"}
	switch {
	case name == "track_ensemble":
		want = map[string]string{"1 FirstMul infer": "[10]", "2 FirstMul infer": "[15]", "VotingEnsemble VotingEnsemble ": "[12.5]"}
	case i == 1:
		want = map[string]string{"a FirstMul infer": "[2]", "b FirstMul infer": "[4]", "VotingEnsemble VotingEnsemble ": "[3]"}
	}
	if d := cmp.Diff(want, got); d != "" || len(records) != len(want) {
		t.Errorf("%d records (-want +got):\n%s", len(records), d)
	}
}

// constClass answers with one class, once for each input.
type constClass struct{ base }

func (m *constClass) Predict(_ context.Context, req *serve.Request) (any, error) {
	class, err := serve.Param(m.ctx, "predict", int64(0))
	if err != nil {
		return nil, err
	}
	out := make([]int64, req.Inputs[0].Shape[0])
	for i := range out {
		out[i] = class
	}
	return map[string]any{"predictions": out}, nil
}

// nestMul answers with the first number of the first row, times a parameter.
type nestMul struct{ base }

func (m *nestMul) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, _, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	k, err := serve.Param(m.ctx, "multiplier", 1.0)
	if err != nil {
		return nil, err
	}
	return []float64{x[0] * k}, nil
}
