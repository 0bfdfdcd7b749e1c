package conformance

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
)

// wrongInSome are models that ONNX Runtime answers wrongly: classifiers of two
// classes in 1.26 and 1.27 (https://github.com/microsoft/onnxruntime/issues/28557),
// and in versions before 1.32 trees of one leaf, of which it took another.
var wrongInSome = []string{"forest-two", "forest-two-names", "version5"}

// TestONNXEngines loads models of trees with both engines and wants the same
// description, the same labels and the same numbers, but for what exponentials
// differ by.
func TestONNXEngines(t *testing.T) {
	files, err := filepath.Glob("../runtime/trees/internal/onnxml/testdata/*.onnx")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	set := &catalog.Set{}
	onnx.Register(set, onnx.Options{Library: "../lib", Trees: trees.LoadONNX})
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		if slices.Contains(wrongInSome, name) {
			continue
		}
		t.Run(name, func(t *testing.T) { compareEngines(t, set, file) })
	}
}

func compareEngines(t *testing.T, set *catalog.Set, file string) {
	want, got := loadONNX(t, set, file, "onnxruntime"), loadONNX(t, set, file, "trees")
	described := want.(serve.Describer).Describe()
	if diff := cmp.Diff(described, got.(serve.Describer).Describe()); diff != "" {
		t.Fatalf("described (-onnxruntime +trees):\n%s", diff)
	}
	for _, n := range []int{1, 7, 64, 300} {
		in := wholeNumbers(described.Inputs[0], n)
		a, b := predictWith(t, want, in), predictWith(t, got, in)
		if len(a) != len(b) {
			t.Fatalf("%d and %d outputs", len(a), len(b))
		}
		for i := range a {
			compareOutputs(t, a[i], b[i])
		}
	}
}

func loadONNX(t *testing.T, set *catalog.Set, file, engine string) serve.Model {
	t.Helper()
	spec := serve.ModelSpec{Name: "m", Parameters: map[string]any{"engine": engine}}
	m, err := set.Runtime("onnx").Runtime.Load(t.Context(), &serve.Artifact{File: file}, spec)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wholeNumbers are rows of small numbers without fractions, which models with
// categories take too.
func wholeNumbers(spec serve.TensorSpec, n int) *serve.Tensor {
	width := spec.Shape[1]
	numbers := make([]float64, n*width)
	for i := range numbers {
		numbers[i] = float64((i*7919+i/width*31)%43 - 3)
	}
	switch spec.Datatype {
	case serve.FP32:
		return serve.NewTensor(spec.Name, numbersAs[float32](numbers), n, width)
	case serve.Int64:
		return serve.NewTensor(spec.Name, numbersAs[int64](numbers), n, width)
	}
	return serve.NewTensor(spec.Name, numbers, n, width)
}

func numbersAs[T float32 | int64](list []float64) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = T(v)
	}
	return out
}

func predictWith(t *testing.T, m serve.Model, in *serve.Tensor) []*serve.Tensor {
	t.Helper()
	out, err := m.Predict(t.Context(), &serve.Request{Dialect: serve.OIP, Inputs: []*serve.Tensor{in}})
	if err != nil {
		t.Fatal(err)
	}
	return out.([]*serve.Tensor)
}

func compareOutputs(t *testing.T, want, got *serve.Tensor) {
	t.Helper()
	if want.Name != got.Name || want.Datatype != got.Datatype || !slices.Equal(want.Shape, got.Shape) {
		t.Fatalf("%s %s %v, want %s %s %v", got.Name, got.Datatype, got.Shape, want.Name, want.Datatype, want.Shape)
	}
	a, ok := serve.Data[float32](want)
	if !ok {
		if diff := cmp.Diff(want.Rows(), got.Rows()); diff != "" {
			t.Errorf("%s (-onnxruntime +trees):\n%s", want.Name, diff)
		}
		return
	}
	b, _ := serve.Data[float32](got)
	for i, v := range a {
		if d := math.Abs(float64(v - b[i])); d > 3e-7*math.Abs(float64(v)) {
			t.Errorf("%s: element %d is %v, want %v", want.Name, i, b[i], v)
		}
	}
}
