package repo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// A talker is a model that only streams.
type talker struct{ serve.OnlyStreams }

func (talker) Stream(_ context.Context, _ *serve.Request, send func(any) error) error {
	return send(serve.NewTensor("y", []float32{1}, 1))
}

// A doubler answers once.
type doubler struct{}

func (doubler) Predict(_ context.Context, req *serve.Request) (any, error) {
	return []*serve.Tensor{req.Inputs[0].Named("y")}, nil
}

// sayings is a runtime whose models do as their file says.
type sayings struct{}

func (sayings) Load(_ context.Context, a *serve.Artifact, _ serve.ModelSpec) (serve.Model, error) {
	text, err := os.ReadFile(a.File)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(text)) == "streams" {
		return talker{}, nil
	}
	return doubler{}, nil
}

const tensors = `input [ { name: "x" data_type: TYPE_FP32 dims: [ 1 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 1 ] } ]
`

// TestEnsembleOfStreams: what only streams is no step of an ensemble of Triton's, and
// config.pbtxt is told to be wrong where it is named.
func TestEnsembleOfStreams(t *testing.T) {
	for second, want := range map[string][]string{
		"once":    nil,
		"streams": {"both/config.pbtxt:6:5: step 2 (second) only streams, and is asked for one answer: models of ensembles have to answer once"},
	} {
		root := tree(t, map[string]string{
			"first/1/model.py": "once", "first/config.pbtxt": `backend: "python"` + "\n" + tensors,
			"second/1/model.py": second, "second/config.pbtxt": `backend: "python"` + "\n" + tensors,
			"both/config.pbtxt": `platform: "ensemble"` + "\n" + tensors + `ensemble_scheduling { step [
  { model_name: "first" model_version: -1 input_map { key: "x" value: "x" } output_map { key: "y" value: "between" } },
  { model_name: "second" model_version: -1 input_map { key: "x" value: "between" } output_map { key: "y" value: "y" } }
] }
`,
		})
		set := &catalog.Set{}
		set.AddRuntime(catalog.RuntimeEntry{Name: "python", Suffix: ".py", Runtime: sayings{}, Detect: func(string, []byte) bool { return false }})
		r, err := New(root, Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
		if err == nil {
			err = r.Start(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		var problems []graph.Problem
		for _, m := range r.Status() {
			var s *SettingsError
			if errors.As(m.Err, &s) {
				problems = append(problems, s.Problems...)
			} else if m.Err != nil {
				t.Error(m.Err)
			}
		}
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprint(p))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: problems (-want +got):\n%s", second, d)
		}
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// A slow runtime's models load when their gates are open, which it hands out.
type slow struct {
	sayings
	gates chan chan struct{}
}

func (s slow) Load(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	gate := make(chan struct{})
	s.gates <- gate
	select {
	case <-gate:
		return s.sayings.Load(ctx, a, spec)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestEnsembleOfWhatIsLoadedAgain loads a model again while an ensemble waits for it.
func TestEnsembleOfWhatIsLoadedAgain(t *testing.T) {
	root := tree(t, map[string]string{
		"first/1/model.py": "once", "first/config.pbtxt": `backend: "python"` + "\n" + tensors,
		"both/config.pbtxt": `platform: "ensemble"` + "\n" + tensors + `ensemble_scheduling { step [
  { model_name: "first" model_version: -1 input_map { key: "x" value: "x" } output_map { key: "y" value: "y" } }
] }
`,
	})
	set := &catalog.Set{}
	runtime := slow{gates: make(chan chan struct{})}
	set.AddRuntime(catalog.RuntimeEntry{Name: "python", Suffix: ".py", Runtime: runtime, Detect: func(string, []byte) bool { return false }})
	r, err := New(root, Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() { started <- r.Start(context.Background()) }()
	<-runtime.gates // of one that never loads
	again := make(chan error, 1)
	go func() { again <- r.Load(context.Background(), "first") }()
	close(<-runtime.gates)
	for _, done := range []chan error{again, started} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for _, m := range r.Status() {
		if m.Err != nil {
			t.Errorf("%s: %v", m.Name, m.Err)
		}
	}
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
}
