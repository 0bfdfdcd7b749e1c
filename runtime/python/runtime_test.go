package python

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

func TestPickled(t *testing.T) {
	for name, want := range map[string]bool{"a.pkl": true, "a.JOBLIB": true, "a.json": false, "pkl": false} {
		if got := pickled(name, []byte("\x80\x04rest")); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for head, want := range map[string]bool{"": false, "(lp0\n": false, "\x80\x05": true, "\x78\x9c": true, "BZh9": true} {
		if got := pickled("a.pkl", []byte(head)); got != want {
			t.Errorf("head %q: %v", head, got)
		}
	}
}

// TestPickledModel has models of three libraries give the answers that they give in
// plain Python, to the last bit.
func TestPickledModel(t *testing.T) {
	const interpreter = "../../.venv/bin/python"
	if _, err := os.Stat(interpreter); err != nil {
		t.Skip("there is no .venv with scikit-learn; make setup makes it")
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	set := &catalog.Set{}
	Register(set, Options{Interpreter: filepath.Join(wd, interpreter)})
	for _, library := range []string{"sklearn", "xgboost", "lightgbm"} {
		t.Run(library, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "m.pkl")
			train := exec.CommandContext(t.Context(), interpreter, "testdata/train.py", library, file)
			train.Stderr = os.Stderr
			want, err := train.Output()
			if err != nil {
				t.Fatal(err)
			}
			samePredictions(t, set, file, want)
		})
	}
	m, err := set.Runtime("sklearn").Runtime.Load(t.Context(), &serve.Artifact{File: filepath.Join(t.TempDir(), "none.pkl")}, serve.ModelSpec{Name: "m"})
	if err == nil {
		t.Errorf("loaded a file that is not there: %v", m)
	}
}

// samePredictions loads a file and wants float64 predictions of two rows.
func samePredictions(t *testing.T, set *catalog.Set, file string, want []byte) {
	head, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rt := set.Detect("m.pkl", head)
	if rt == nil {
		t.Fatal("the file is not detected")
	}
	m, err := rt.Runtime.Load(t.Context(), &serve.Artifact{File: file}, serve.ModelSpec{Name: "m"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.(serve.Closer).Close(context.Background()) }()
	x := serve.NewTensor("input-0", []float64{5.1, 3.5, 1.4, 0.2, 6.7, 3.1, 5.6, 2.4}, 2, 4)
	v, err := m.Predict(t.Context(), &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{x}})
	if err != nil {
		t.Fatal(err)
	}
	out, ok := v.(*serve.Tensor)
	if !ok {
		t.Fatalf("answer %T", v)
	}
	var got []byte
	numbers, err := out.Float64s(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		got = binary.LittleEndian.AppendUint64(got, math.Float64bits(n))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", out.Datatype, d)
	}
	if d := m.(serve.Describer).Describe(); len(d.Inputs) != 1 || d.Inputs[0].Shape[1] != 4 {
		t.Errorf("description %+v", d)
	}
}
