//go:build cgo && (linux || darwin)

package onnx

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

func TestRefusedModels(t *testing.T) {
	for _, test := range []struct{ model, want string }{
		{"refused_sequence_input", `input "parts": it is a sequence of tensors, which is not supported`},
		{"refused_optional", `output "maybe": it is optional, which is not supported`},
		{"refused_map_input", `input "words": it is a map, which is not supported`},
		{"refused_float8", `output "narrow": its elements are float8e4m3fn, which is not supported`},
		{"refused_int4", `output "narrow": its elements are int4, which is not supported`},
	} {
		t.Run(test.model, func(t *testing.T) {
			err := loadError(t, testdata(test.model), serve.ModelSpec{})
			if want := test.model + ".onnx: " + test.want; err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
		})
	}
}

func TestBrokenFiles(t *testing.T) {
	whole, err := os.ReadFile(testdata("classifier_int"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, whole...)
	for i := 100; i < len(flipped); i += 50 {
		flipped[i] ^= 0xff
	}
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"empty", []byte{}, "the file is empty"},
		{"text", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:1\n"), "it is no ONNX model, or damaged"},
		{"json", []byte(`{"learner": {}}`), "it is no ONNX model, or damaged"},
		{"no graph", []byte{0x08, 0x07}, "it has no graph"},
		{"two graphs", []byte{0x08, 0x07, 0x3a, 0, 0x3a, 0}, "a second graph"},
		{"empty graph", []byte{0x08, 0x07, 0x3a, 0}, ""},
		{"half", whole[:len(whole)/2], "it ends within the field"},
		{"flipped", flipped, ""},
		{"endless number", []byte{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "more than 64 bits"},
		{"length of 10 GB", []byte{0x08, 0x07, 0x3a, 0x80, 0xc8, 0xaf, 0xa0, 0x25}, "it ends within the field"},
		{"length of all there is", []byte{0x08, 0x07, 0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, "a length of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "broken.onnx")
			if err := os.WriteFile(file, test.content, 0o600); err != nil {
				t.Fatal(err)
			}
			err := loadError(t, file, serve.ModelSpec{})
			if !strings.HasPrefix(err.Error(), "broken.onnx: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q, want one with %q", err, test.want)
			}
		})
	}
	t.Run("folder", func(t *testing.T) {
		if err := loadError(t, t.TempDir(), serve.ModelSpec{}); !strings.Contains(err.Error(), "it is not a file") {
			t.Error(err)
		}
	})
	t.Run("absent", func(t *testing.T) {
		err := loadError(t, filepath.Join(t.TempDir(), "none.onnx"), serve.ModelSpec{})
		if !errors.Is(err, os.ErrNotExist) || strings.Count(err.Error(), "none.onnx") != 1 {
			t.Error(err)
		}
	})
}

// TestTruncated cuts a model at many places: each piece is an error, or a
// model that can be released.
func TestTruncated(t *testing.T) {
	whole, err := os.ReadFile(testdata("zipmap_string"))
	if err != nil {
		t.Fatal(err)
	}
	e, file := testEngine(t), filepath.Join(t.TempDir(), "cut.onnx")
	for n := 0; n < len(whole); n += 3 {
		if err := os.WriteFile(file, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := e.Load(t.Context(), &serve.Artifact{File: file}, serve.ModelSpec{})
		if err == nil {
			err = m.(*model).Close(t.Context())
		} else if !strings.HasPrefix(err.Error(), "cut.onnx: ") {
			t.Errorf("%d bytes: %v", n, err)
			continue
		}
		if n < len(whole)/2 && err == nil {
			t.Errorf("%d of %d bytes make a model", n, len(whole))
		}
	}
}

func TestAbsurdModels(t *testing.T) {
	m := loaded(t, testdata("absurd_dims"))
	if shape := m.Describe().Inputs[0].Shape; !cmp.Equal(shape, []int{1 << 62, 1 << 62, 1 << 62}) {
		t.Errorf("shape %v", shape)
	}
	_, err := m.Predict(t.Context(), request(serve.NewTensor("x", []float32{1}, 1, 1, 1)))
	wantError(t, err, serve.BadRequest, "invalid dimensions")

	// Whether the library takes the model or refuses it, it says so.
	m2, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: testdata("absurd_fill")}, serve.ModelSpec{})
	if err != nil {
		t.Log(err)
		return
	}
	_, err = m2.Predict(t.Context(), request(serve.NewTensor("x", []float32{1})))
	if err == nil {
		t.Error("four terabytes were filled")
	}
	if err := m2.(*model).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestExternalWeights(t *testing.T) {
	m := loaded(t, testdata("external"))
	out, _ := serve.Data[float32](predict(t, m, request(serve.NewTensor("x", []float32{1})))[0])
	if len(out) != 2000 || out[0] != 1 || out[1999] != 2000 {
		t.Errorf("%d values, %v to %v", len(out), out[0], out[len(out)-1])
	}
	raw, err := os.ReadFile(testdata("external"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "alone.onnx")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := loadError(t, file, serve.ModelSpec{}); !strings.Contains(err.Error(), "external.bin") {
		t.Errorf("without its weights: %v", err)
	}
}

func TestParameters(t *testing.T) {
	for _, test := range []struct {
		name       string
		parameters map[string]any
		want       settings
		err        string
	}{
		{"none", nil, settings{1, 1, 99, false}, ""},
		{"a user's own", map[string]any{"threshold": "high", "onnx": 3, "threads": -1}, settings{1, 1, 99, false}, ""},
		{"threads", map[string]any{"intra_op_threads": int64(2), "inter_op_threads": 3.0}, settings{2, 3, 99, true}, ""},
		{"all processors", map[string]any{"intra_op_threads": uint64(0)}, settings{0, 1, 99, false}, ""},
		{"unset", map[string]any{"intra_op_threads": nil, "execution_mode": nil}, settings{1, 1, 99, false}, ""},
		{"mode", map[string]any{"execution_mode": "sequential", "inter_op_threads": 3}, settings{1, 3, 99, false}, ""},
		{"parallel", map[string]any{"execution_mode": "parallel"}, settings{1, 1, 99, true}, ""},
		{"level", map[string]any{"graph_optimization": "basic"}, settings{1, 1, 1, false}, ""},
		{"off", map[string]any{"graph_optimization": "off"}, settings{1, 1, 0, false}, ""},
		{"negative", map[string]any{"intra_op_threads": -1}, settings{}, "parameter intra_op_threads is -1"},
		{"half", map[string]any{"inter_op_threads": 1.5}, settings{}, "parameter inter_op_threads is 1.5"},
		{"many", map[string]any{"inter_op_threads": 1e9}, settings{}, "parameter inter_op_threads is 1e+09"},
		{"text", map[string]any{"intra_op_threads": "two"}, settings{}, "parameter intra_op_threads is two"},
		{"unknown level", map[string]any{"graph_optimization": "most"}, settings{}, "it takes all, extended, basic or off"},
		{"level of another type", map[string]any{"graph_optimization": true}, settings{}, "it takes all, extended, basic or off"},
		{"unknown mode", map[string]any{"execution_mode": []any{"x"}}, settings{}, "it takes sequential or parallel"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readSettings(test.parameters)
			switch {
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, want %q", err, test.err)
			case test.err == "" && (err != nil || got != test.want):
				t.Errorf("%+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

// TestSettingsWork runs a model under every setting.
func TestSettingsWork(t *testing.T) {
	for _, level := range []string{"all", "extended", "basic", "off"} {
		for _, mode := range []string{"sequential", "parallel"} {
			m := loaded(t, testdata("mlp"), "graph_optimization", level, "execution_mode", mode, "intra_op_threads", 2, "inter_op_threads", 2)
			if out := predict(t, m, mlpRequest(3))[0]; !cmp.Equal(out.Shape, []int{3, 8}) {
				t.Errorf("%s, %s: shape %v", level, mode, out.Shape)
			}
		}
	}
	err := loadError(t, testdata("mlp"), serve.ModelSpec{Parameters: map[string]any{"graph_optimization": 1}})
	if !strings.HasPrefix(err.Error(), "mlp.onnx: parameter graph_optimization is 1") {
		t.Error(err)
	}
}

func TestDeclarations(t *testing.T) {
	x := func(dt serve.Datatype, shape ...int) []serve.TensorSpec {
		return []serve.TensorSpec{{Name: "x", Datatype: dt, Shape: shape}}
	}
	for _, test := range []struct {
		name, model     string
		inputs, outputs []serve.TensorSpec
		want            []int
		err             string
	}{
		{"the same", "one_input", x(serve.FP32, -1, 3), nil, []int{-1, 3}, ""},
		{"a length that is open", "one_input", x(serve.FP32, 5, 3), nil, []int{5, 3}, ""},
		{"no more than a name", "one_input", x(serve.Invalid), nil, []int{-1, 3}, ""},
		{"an open shape", "any_rank", x(serve.FP32, -1, 2), nil, []int{-1, 2}, ""},
		{"another length", "one_input", x(serve.FP32, -1, 4), nil, nil, `input "x" is declared with shape [-1 4], but in the model it has [-1 3]`},
		{"another rank", "one_input", x(serve.FP32, -1), nil, nil, "is declared with shape [-1]"},
		{"another datatype", "one_input", x(serve.Int64, -1, 3), nil, nil, `input "x" is declared as INT64, but in the model it is FP32`},
		{"another name", "one_input", []serve.TensorSpec{{Name: "z"}}, nil, nil, `input "z" is declared, but the model has none of that name, only [x]`},
		{"another output", "one_input", nil, x(serve.FP32, -1, 3), nil, `output "x" is declared`},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := serve.ModelSpec{Inputs: test.inputs, Outputs: test.outputs}
			if test.err != "" {
				if err := loadError(t, testdata(test.model), spec); !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %q, want %q", err, test.err)
				}
				return
			}
			m, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: testdata(test.model)}, spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.(*model).Describe().Inputs[0].Shape; !cmp.Equal(got, test.want) {
				t.Errorf("shape %v, want %v", got, test.want)
			}
			if err := m.(*model).Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLoadCancelled ends contexts before and while a model is loaded: it is
// loaded, or the error is the context's.
func TestLoadCancelled(t *testing.T) {
	e := testEngine(t)
	for i := range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		m, err := e.Load(ctx, &serve.Artifact{File: testdata("mlp")}, serve.ModelSpec{})
		cancel()
		switch {
		case err == nil && i == 0:
			t.Error("the model was loaded in no time")
			fallthrough
		case err == nil:
			err = m.(*model).Close(t.Context())
		case errors.Is(err, context.DeadlineExceeded):
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
	}
}
