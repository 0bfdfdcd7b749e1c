//go:build cgo && (linux || darwin)

package onnx

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

// TestClassifiers compares classifiers that scikit-learn trained and skl2onnx
// exported with what scikit-learn says.
func TestClassifiers(t *testing.T) {
	var cases []struct {
		Model         string
		Rows          [][]float32
		Classes       []string
		Labels        []any
		Probabilities [][]float32
	}
	readJSON(t, filepath.Join("testdata", "cases.json"), &cases)
	for _, c := range cases {
		t.Run(c.Model, func(t *testing.T) {
			m := loaded(t, filepath.Join("testdata", c.Model))
			out := predict(t, m, request(matrix("X", c.Rows)))
			for i, want := range c.Labels {
				if f, ok := want.(float64); ok {
					want = int64(f)
				}
				if got := out[0].At(i); got != want {
					t.Errorf("label %d is %v, want %v", i, got, want)
				}
			}
			compare(t, out[1], matrix("output_probability", c.Probabilities))
			if diff := cmp.Diff(c.Classes, m.Classes("output_probability")); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
			spec := serve.TensorSpec{Name: "output_probability", Datatype: serve.FP32, Shape: []int{-1, 3}}
			if diff := cmp.Diff(spec, m.Describe().Outputs[1]); diff != "" {
				t.Errorf("description (-want +got):\n%s", diff)
			}
		})
	}
	if len(cases) != 2 {
		t.Errorf("there are %d cases", len(cases))
	}
}

// TestZipMaps keeps the columns in the order of the model's labels, whatever
// that is.
func TestZipMaps(t *testing.T) {
	for _, test := range []struct {
		model   string
		in      *serve.Tensor
		classes []string
		rows    int
	}{
		{"zipmap_int", serve.NewTensor("x", []float32{1, 2, 3, 4, 5, 6}, 2, 3), []string{"7", "3", "5"}, 2},
		{"zipmap_int", serve.NewTensor("x", []float32{}, 0, 3), []string{"7", "3", "5"}, 0},
		{"zipmap_string", serve.NewTensor("x", []float32{1, 2, 3}, 1, 3), []string{"pear", "apple", "fig"}, 1},
		{"zipmap_int_vector", serve.NewTensor("x", []float32{1, 2, 3}), []string{"7", "3", "5"}, 1},
		{"zipmap_string_vector", serve.NewTensor("x", []float32{1, 2, 3}), []string{"pear", "apple", "fig"}, 1},
		{"zipmap_alone", serve.NewTensor("x", []float32{1, 2}, 1, 2), []string{"a", "b"}, 1},
	} {
		t.Run(test.model, func(t *testing.T) {
			m := loaded(t, testdata(test.model))
			want, err := test.in.Named("z").Reshaped(test.rows, len(test.classes))
			if err != nil {
				t.Fatal(err)
			}
			same(t, predict(t, m, request(test.in))[0], want)
			if diff := cmp.Diff(test.classes, m.Classes("z")); diff != "" {
				t.Errorf("classes (-want +got):\n%s", diff)
			}
		})
	}
	if m := loaded(t, testdata("one_input")); m.Classes("y") != nil || m.Classes("none") != nil {
		t.Error("a model without a ZipMap has classes")
	}
}

// TestWrongClasses gives a matrix another number of columns than there are
// labels.
func TestWrongClasses(t *testing.T) {
	raw, err := os.ReadFile(testdata("zipmap_alone"))
	if err != nil {
		t.Fatal(err)
	}
	// The input's second dimension, 2, becomes 3.
	changed := bytes.Replace(raw, []byte{0x0a, 0x02, 0x08, 0x02}, []byte{0x0a, 0x02, 0x08, 0x03}, 1)
	file := filepath.Join(t.TempDir(), "changed.onnx")
	if err := os.WriteFile(file, changed, 0o600); err != nil || bytes.Equal(raw, changed) {
		t.Fatalf("change the model: %v", err)
	}
	_, err = loaded(t, file).Predict(t.Context(), request(serve.NewTensor("x", []float32{1, 2, 3}, 1, 3)))
	wantError(t, err, serve.Internal, `output "z": it has shape [1 3], but the model has 2 classes`)
}

// FuzzScan reads models of any bytes, with little memory and no panic; what it
// makes of one without its ZipMaps has none left.
func FuzzScan(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.onnx"))
	if err != nil || len(files) == 0 {
		f.Fatalf("there are no models: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		detect("model.bin", raw)
		g, err := scan(newWindow(bytes.NewReader(raw)), int64(len(raw)))
		if err != nil {
			return
		}
		out, err := g.withoutZipMaps()
		if err != nil {
			return // an output in it is damaged
		}
		if len(out) > 4*len(raw)+64 {
			t.Errorf("%d bytes became %d", len(raw), len(out))
		}
		again, err := scan(newWindow(bytes.NewReader(out)), int64(len(out)))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if len(again.zipMaps) != 0 {
			t.Errorf("%d ZipMaps are left", len(again.zipMaps))
		}
	})
}
