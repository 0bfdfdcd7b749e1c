package onnxml

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// A recorded is a tensor as testdata/train.py writes it: floating-point numbers
// as their bits, so that NaN has a place in JSON.
type recorded struct {
	Name, Datatype string
	Shape          []int
	Bits           []any
}

func (r *recorded) tensor(t testing.TB) *serve.Tensor {
	t.Helper()
	integers := make([]int64, 0, len(r.Bits))
	var texts []string
	for _, b := range r.Bits {
		if s, ok := b.(string); ok {
			texts = append(texts, s)
			continue
		}
		v, err := b.(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		integers = append(integers, v)
	}
	switch r.Datatype {
	case "FP32":
		return serve.NewTensor(r.Name, each(integers, func(v int64) float32 { return math.Float32frombits(uint32(v)) }), r.Shape...)
	case "FP64":
		return serve.NewTensor(r.Name, each(integers, func(v int64) float64 { return math.Float64frombits(uint64(v)) }), r.Shape...)
	case "INT64":
		return serve.NewTensor(r.Name, integers, r.Shape...)
	case "BYTES":
		return serve.NewBytes(r.Name, texts, r.Shape...)
	}
	t.Fatalf("a tensor of %s", r.Datatype)
	return nil
}

func each[T any](list []int64, f func(int64) T) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out
}

// answers are what ONNX Runtime answered, and how it describes its outputs.
type answers struct {
	Input     recorded
	Outputs   []recorded
	Described []struct {
		Name, Type string
		Shape      []int
	}
}

func load(t testing.TB, file string) (p *Program, a answers) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = Parse(data); err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	f, err := os.Open(strings.TrimSuffix(file, ".onnx") + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	d := json.NewDecoder(f)
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		t.Fatal(err)
	}
	return p, a
}

// maxUlps is how far answers may be from ONNX Runtime's. Sums are equal;
// exponentials are each library's own.
const maxUlps = 2

func TestAnswers(t *testing.T) {
	dir := os.Getenv("ONNXML_DIR")
	if dir == "" {
		dir = "testdata"
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no models: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".onnx"), func(t *testing.T) { checkAnswers(t, file) })
	}
}

func checkAnswers(t *testing.T, file string) {
	p, a := load(t, file)
	in := a.Input.tensor(t)
	all, err := p.Run(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(a.Outputs) {
		t.Fatalf("%d outputs, want %d", len(all), len(a.Outputs))
	}
	for i := range a.Outputs {
		want := a.Outputs[i].tensor(t)
		compare(t, all[i], want)
		d, port := a.Described[i], p.Outputs[i]
		if port.Name != d.Name || strings.HasPrefix(d.Type, "tensor") && !slices.Equal(port.Shape, d.Shape) {
			t.Errorf("described as %s %v, want %s %v", port.Name, port.Shape, d.Name, d.Shape)
		}
	}
}

func compare(t *testing.T, got, want *serve.Tensor) {
	t.Helper()
	if got.Name != want.Name || got.Datatype != want.Datatype || !sameShape(got.Shape, want.Shape) {
		t.Errorf("got %s %s %v, want %s %s %v", got.Name, got.Datatype, got.Shape, want.Name, want.Datatype, want.Shape)
		return
	}
	if got.Datatype != serve.FP32 {
		if diff := cmp.Diff(want.Rows(), got.Rows()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", got.Name, diff)
		}
		return
	}
	worst, differ := int64(0), 0
	have, _ := serve.Data[float32](got)
	wanted, _ := serve.Data[float32](want)
	for i, v := range have {
		d := distance(v, wanted[i])
		if d > 0 {
			differ++
		}
		if d > maxUlps && d > worst {
			t.Errorf("%s: element %d is %v, want %v (%d ulps)", got.Name, i, v, wanted[i], d)
		}
		worst = max(worst, d)
	}
	t.Logf("%s: %d of %d differ, by %d ulps at most", got.Name, differ, got.Len(), worst)
}

// distance is how many floating-point numbers lie between two.
func distance(a, b float32) int64 {
	switch {
	case a == b, a != a && b != b:
		return 0
	case a != a || b != b:
		return math.MaxInt64
	}
	d := ordered(a) - ordered(b)
	return max(d, -d)
}

func ordered(v float32) int64 {
	b := int64(math.Float32bits(v))
	if b >= 1<<31 {
		return 1<<31 - b
	}
	return b
}
