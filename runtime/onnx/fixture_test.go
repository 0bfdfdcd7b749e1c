//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/leat-ml/leat/serve"
)

// testOptions find the library as a program would, and in the repository's lib,
// where make setup puts it: a test's executable is somewhere else.
func testOptions() Options {
	if dir := filepath.Join("..", "..", "lib"); os.Getenv(variable) == "" && libraryIn(dir) != "" {
		return Options{Library: dir}
	}
	return Options{}
}

// testEngine is a runtime with the library, without which the test fails.
func testEngine(t testing.TB) *engine {
	t.Helper()
	e := &engine{options: testOptions()}
	if _, err := e.probe(); err != nil {
		t.Fatalf("these tests need ONNX Runtime (make setup): %v", err)
	}
	return e
}

func testdata(name string) string { return filepath.Join("testdata", name+".onnx") }

// shared is a path in the folder of models that the project does not contain.
func shared(t testing.TB, path ...string) string {
	t.Helper()
	root := os.Getenv("LEAT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("the shared models are absent; LEAT_SHARED names their folder: %v", err)
	}
	return filepath.Join(append([]string{root, "models"}, path...)...)
}

// loaded loads a model, with key and value parameters, until the test ends.
func loaded(t testing.TB, file string, parameters ...any) *model {
	t.Helper()
	spec := serve.ModelSpec{Name: "m", Parameters: map[string]any{}}
	for i := 0; i < len(parameters); i += 2 {
		spec.Parameters[parameters[i].(string)] = parameters[i+1]
	}
	m, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: file}, spec)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	t.Cleanup(func() {
		if err := m.(serve.Closer).Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m.(*model)
}

// loadError is what loading a model ends with.
func loadError(t *testing.T, file string, spec serve.ModelSpec) error {
	t.Helper()
	m, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: file}, spec)
	if err == nil {
		_ = m.(serve.Closer).Close(t.Context())
		t.Fatal("the model was loaded")
	}
	return err
}

func request(inputs ...*serve.Tensor) *serve.Request {
	return &serve.Request{Dialect: serve.OIP, Inputs: inputs}
}

// predict runs a model that is to succeed.
func predict(t testing.TB, m serve.Model, req *serve.Request) []*serve.Tensor {
	t.Helper()
	out, err := m.Predict(t.Context(), req)
	if err != nil {
		t.Fatalf("predict: %v", err)
	}
	return out.([]*serve.Tensor)
}

// A jsonTensor is a tensor as a case writes it.
type jsonTensor struct {
	Name     string
	Shape    []int
	Datatype string
	Data     []any
}

func (j jsonTensor) tensor(t testing.TB) *serve.Tensor {
	t.Helper()
	dt := serve.ParseDatatype(j.Datatype)
	if dt == serve.Bytes {
		texts := make([]string, len(j.Data))
		for i, v := range j.Data {
			texts[i] = v.(string)
		}
		out, err := serve.NewBytes(j.Name, texts, len(texts)).Reshaped(j.Shape...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out, err := serve.MakeTensor(j.Name, dt, j.Shape, encode(t, dt, j.Data))
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

// encode writes JSON's numbers and booleans as the elements of a datatype.
func encode(t testing.TB, dt serve.Datatype, data []any) []byte {
	t.Helper()
	out := make([]byte, 0, 8*len(data)+8) // aligned for every datatype
	for _, v := range data {
		f, _ := v.(float64)
		if b, _ := v.(bool); b {
			f = 1
		}
		bits := uint64(int64(f))
		switch dt {
		case serve.FP32:
			bits = uint64(math.Float32bits(float32(f)))
		case serve.FP64:
			bits = math.Float64bits(f)
		}
		for i := range dt.Size() {
			out = append(out, byte(bits>>(8*i)))
		}
	}
	return out
}

// compare compares an output with the tensor expected, to 1e-4 of its values.
func compare(t *testing.T, got, want *serve.Tensor) {
	t.Helper()
	type header struct {
		Name, Datatype string
		Shape          []int
	}
	if diff := cmp.Diff(header{want.Name, want.Datatype.String(), want.Shape}, header{got.Name, got.Datatype.String(), got.Shape}, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("output (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Rows(), got.Rows(), cmpopts.EquateApprox(1e-4, 1e-6), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("output %q (-want +got):\n%s", want.Name, diff)
	}
}

func readJSON(t testing.TB, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", file, err))
	}
}
