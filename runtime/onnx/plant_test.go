package onnx

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// A sapling is a model as Options.Trees makes it.
type sapling struct{}

func (sapling) Predict(context.Context, *serve.Request) (any, error) { return "trees", nil }

func (sapling) Describe() serve.Description {
	return serve.Description{Inputs: []serve.TensorSpec{{Name: "X", Datatype: serve.FP32, Shape: []int{-1, 4}}}}
}

func TestPlant(t *testing.T) {
	takes := func(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) { return sapling{}, nil }
	refuses := func(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) {
		return nil, errors.New("an operator is not known")
	}
	trees, other := "testdata/trees.onnx", "testdata/mlp.onnx"
	for _, test := range []struct {
		name           string
		file           string
		engine         any
		trees          func(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error)
		planted        bool
		refusal, error string
	}{
		{name: "trees", file: trees, trees: takes, planted: true},
		{name: "no trees", file: other, trees: takes},
		{name: "no engine", file: trees},
		{name: "not understood", file: trees, trees: refuses, refusal: "an operator is not known"},
		{name: "the library is asked for", file: trees, engine: "onnxruntime", trees: takes},
		{name: "trees are asked for", file: trees, engine: "trees", trees: takes, planted: true},
		{name: "asked for and not there", file: other, engine: "trees", trees: takes, error: "mlp.onnx: parameter engine is trees, but it has no trees"},
		{name: "asked for and not understood", file: trees, engine: "trees", trees: refuses, error: "an operator is not known"},
		{name: "another engine", file: trees, engine: "steam", trees: takes, error: "it takes onnxruntime or trees"},
		{name: "no file", file: "testdata/absent.onnx", trees: takes, refusal: "no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec := serve.ModelSpec{Parameters: map[string]any{"engine": test.engine}}
			m, refusal, err := Options{Trees: test.trees}.plant(t.Context(), &serve.Artifact{File: test.file}, spec)
			if (m != nil) != test.planted {
				t.Errorf("planted: %v", m)
			}
			for _, e := range []struct {
				got  error
				want string
			}{{refusal, test.refusal}, {err, test.error}} {
				if (e.got != nil) != (e.want != "") || e.got != nil && !strings.Contains(e.got.Error(), e.want) {
					t.Errorf("error %v, want %q", e.got, e.want)
				}
			}
		})
	}
}

func TestPlantedAreDeclared(t *testing.T) {
	spec := serve.ModelSpec{Inputs: []serve.TensorSpec{{Name: "X", Shape: []int{8, 4}}}}
	m, err := declare(sapling{}, spec)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.(serve.Describer).Describe().Inputs[0].Shape[0]; got != 8 {
		t.Errorf("batch %d, want the declared 8", got)
	}
	if _, err := declare(sapling{}, serve.ModelSpec{Inputs: []serve.TensorSpec{{Name: "Y"}}}); err == nil {
		t.Error("an input that the model has not was declared")
	}
}
