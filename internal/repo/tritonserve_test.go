package repo

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A listening runtime has models with two outputs, and notes what they are asked.
type listening struct {
	mu    sync.Mutex
	asked []string // the names of inputs of each call
}

func (l *listening) Load(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) {
	return listener{l}, nil
}

type listener struct{ l *listening }

func (m listener) Describe() serve.Description {
	spec := func(name string) []serve.TensorSpec {
		return []serve.TensorSpec{{Name: name, Datatype: serve.FP32, Shape: []int{-1, 1}}}
	}
	return serve.Description{Inputs: spec("x"), Outputs: slices.Concat(spec("y"), spec("z"))}
}

func (m listener) Predict(_ context.Context, req *serve.Request) (any, error) {
	m.l.mu.Lock()
	defer m.l.mu.Unlock()
	var names []string
	var x *serve.Tensor
	for _, in := range req.Inputs {
		names = append(names, in.Name)
		if in.Name == "x" {
			x = in
		}
	}
	slices.Sort(names)
	m.l.asked = append(m.l.asked, strings.Join(names, ","))
	return []*serve.Tensor{x.Named("y"), x.Named("z")}, nil
}

// tritonRepository serves a folder with a listening runtime as the backend onnxruntime.
func tritonRepository(t *testing.T, root string) (*Repository, *listening, *catalog.Set) {
	t.Helper()
	l := &listening{}
	set := &catalog.Set{}
	set.AddRuntime(catalog.RuntimeEntry{Name: "onnx", Suffix: ".onnx", Runtime: l, Detect: func(string, []byte) bool { return false }})
	r, err := New(root, Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
	if err == nil {
		err = r.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r, l, set
}

const (
	oneInput  = "input [ { name: \"x\" data_type: TYPE_FP32 dims: [ 1 ] } ]\n"
	oneOutput = "output [ { name: \"z\" data_type: TYPE_FP32 dims: [ 1 ] } ]\n"
	onnxModel = "backend: \"onnxruntime\"\nmax_batch_size: 4\n" + oneInput
)

// TestOutputsNotDeclared: a configuration may leave out outputs of the model's file.
func TestOutputsNotDeclared(t *testing.T) {
	r, _, _ := tritonRepository(t, tree(t, map[string]string{"m/1/model.onnx": "", "m/config.pbtxt": onnxModel + oneOutput}))
	const x = `"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[3]}]`
	const z = `{"name":"z","shape":[1,1],"datatype":"FP32","data":[3]}`
	for _, body := range []string{`{"id":"i",` + x + `}`, `{"id":"i",` + x + `,"outputs":[{"name":"z"}]}`} {
		got, err := infer(t.Context(), r, "m", body)
		if err != nil || !strings.Contains(got, `"outputs":[`+z+`]`) {
			t.Errorf("%s is answered with %s, %v", body, got, err)
		}
	}
	if got, err := infer(t.Context(), r, "m", `{`+x+`,"outputs":[{"name":"y"}]}`); err == nil {
		t.Errorf("an output that is not declared is answered: %s", got)
	}
}

// TestWarmUpOfSequences: what warms up a model with sequences is a sequence, whether it
// says so or not.
func TestWarmUpOfSequences(t *testing.T) {
	const warm = `model_warmup { name: "w" count: 2 inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 1 ] zero_data: true } } `
	const sequences = `sequence_batching { control_input [ { name: "S" control [ { int32_false_true: [ 0, 1 ] } ] } ] }` + "\n"
	for name, text := range map[string]string{
		"without": warm + "}", "with": warm + `inputs { key: "S" value { data_type: TYPE_INT32 dims: [ 1 ] zero_data: true } } }`,
	} {
		r, l, _ := tritonRepository(t, tree(t, map[string]string{"m/1/model.onnx": "", "m/config.pbtxt": onnxModel + sequences + text}))
		for _, m := range r.Status() {
			if m.Phase != v2.Ready {
				t.Errorf("%s: %s, %v", name, m.Phase, m.Err)
			}
		}
		if d := cmp.Diff([]string{"S,x", "S,x"}, l.asked); d != "" {
			t.Errorf("%s: what the model was asked (-want +got):\n%s", name, d)
		}
	}
}

// TestVersionsThatAreNotThere: the others are served, as Triton does.
func TestVersionsThatAreNotThere(t *testing.T) {
	const text = onnxModel + oneOutput + "version_policy { specific { versions: [ 1, 7 ] } }\n"
	root := tree(t, map[string]string{
		"m/1/model.onnx": "", "m/0/model.onnx": "", "m/01/model.onnx": "", "m/config.pbtxt": text,
		"n/2/model.onnx": "", "n/config.pbtxt": text,
	})
	r, _, set := tritonRepository(t, root)
	var got []string
	for _, m := range r.Status() {
		got = append(got, fmt.Sprintf("%s:%s %s", m.Name, m.Version, m.Phase))
	}
	if d := cmp.Diff([]string{"m:1 READY", "n: FAILED"}, got); d != "" {
		t.Errorf("models (-want +got):\n%s", d)
	}
	index, err := Scan(root, set)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for _, p := range index.Problems() {
		got = append(got, p.String())
	}
	want := []string{
		"m/01: warning: the folder is ignored: versions are whole numbers from 1, without zeros in front",
		"m/0: warning: the folder is ignored: versions are whole numbers from 1, without zeros in front",
		"m/config.pbtxt:5:1: warning: there is no version 7, only 1",
		"n/config.pbtxt:5:1: there is no version 1, only 2", "n/config.pbtxt:5:1: there is no version 7, only 2",
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}

// TestProblemsOfServices: what is wrong in the repository that a resource of KServe
// names stands where it is.
func TestProblemsOfServices(t *testing.T) {
	root := tree(t, map[string]string{
		"s/iris.yaml":          "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: iris}\nspec: {predictor: {triton: {storageUri: ../store}}}\n",
		"store/m/1/model.onnx": "", "store/m/config.pbtxt": onnxModel + oneOutput + "metric_tags { key: \"a\" }\n",
		"store/n/1/model.onnx": "", "store/n/config.pbtxt": onnxModel + "foo: 1\n",
	})
	set := &catalog.Set{}
	set.AddRuntime(catalog.RuntimeEntry{Name: "onnx", Suffix: ".onnx", Runtime: &listening{}, Detect: func(string, []byte) bool { return false }})
	index, err := Scan(filepath.Join(root, "s", "iris.yaml"), set)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range index.Problems() {
		got = append(got, p.String())
	}
	want := []string{
		"../store/m/config.pbtxt:5:1: warning: metric_tags has no effect: metrics have the model's name and version",
		`../store/n/config.pbtxt:4:1: unknown field "foo" in ModelConfig`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}
