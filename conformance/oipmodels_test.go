package conformance

import (
	"context"
	"errors"
	"math"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A typedModel is a model with a schema whose outputs are made by a function.
type typedModel struct {
	desc    serve.Description
	predict func(ctx context.Context, req *serve.Request) (any, error)
}

func (m *typedModel) Describe() serve.Description { return m.desc }

func (m *typedModel) Predict(ctx context.Context, req *serve.Request) (any, error) {
	return m.predict(ctx, req)
}

func fp32(name string, shape ...int) serve.TensorSpec {
	return serve.TensorSpec{Name: name, Datatype: serve.FP32, Shape: shape}
}

func echoInputs(_ context.Context, req *serve.Request) (any, error) {
	return append([]*serve.Tensor(nil), req.Inputs...), nil
}

var errBroken = errors.New("the weights are gone")

// oipModels are the models that the checklist is asked of.
func oipModels() map[string]*typedModel {
	optional := fp32("b", -1)
	optional.Optional = true
	return map[string]*typedModel{
		"any": {predict: echoInputs},
		"typed": {
			desc: serve.Description{Platform: "go", Inputs: []serve.TensorSpec{fp32("x", -1, 4)}, Outputs: []serve.TensorSpec{fp32("y", -1, 4), {Name: "n", Datatype: serve.Int64, Shape: []int{-1}}}},
			predict: func(_ context.Context, req *serve.Request) (any, error) {
				x := req.Inputs[0]
				return []*serve.Tensor{x.Named("y"), serve.NewTensor("n", make([]int64, x.Shape[0]))}, nil
			},
		},
		"two": {
			desc:    serve.Description{Inputs: []serve.TensorSpec{fp32("a", -1), optional, fp32("c", -1)}},
			predict: echoInputs,
		},
		"batch": {
			desc:    serve.Description{Inputs: []serve.TensorSpec{fp32("x", -1, 2)}, MaxBatch: 4},
			predict: echoInputs,
		},
		"scalar": {
			desc:    serve.Description{Inputs: []serve.TensorSpec{fp32("x", []int{}...)}, Outputs: []serve.TensorSpec{fp32("x", []int{}...)}},
			predict: echoInputs,
		},
		"nan": {predict: func(context.Context, *serve.Request) (any, error) {
			return serve.NewTensor("y", []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1}), nil
		}},
		"half": {
			desc: serve.Description{Inputs: []serve.TensorSpec{{Name: "x", Datatype: serve.FP16, Shape: []int{-1}}}},
			predict: func(_ context.Context, req *serve.Request) (any, error) {
				return req.Inputs[0].Named("y"), nil
			},
		},
		"words": {
			desc:    serve.Description{Inputs: []serve.TensorSpec{{Name: "x", Datatype: serve.Bytes, Shape: []int{-1}}}},
			predict: echoInputs,
		},
		"broken": {predict: func(context.Context, *serve.Request) (any, error) { return nil, errBroken }},
		"panics": {predict: func(context.Context, *serve.Request) (any, error) { panic("secret detail") }},
	}
}

// oipSpec is a router over the models, one of them in two versions, one that
// takes its time to load and one that failed to.
func oipSpec() *graph.Spec {
	spec := graph.NewRouter()
	add := func(key string, m serve.Model) {
		spec.AddRoute(key, graph.StepSpec{New: func(a catalog.Args) (serve.Step, error) { return v2.FromArgs(a, m, "") }})
	}
	for _, name := range []string{"any", "typed", "two", "batch", "scalar", "nan", "half", "words", "broken", "panics"} {
		add(name, oipModels()[name])
	}
	add("many:1", oipModels()["typed"])
	add("many:2", oipModels()["typed"])
	add("a model/with %", oipModels()["any"])
	add("failed", &failsToLoad{})
	spec.LoadMode = "async" // so that the one that fails does not end the start
	return spec
}

type failsToLoad struct{}

func (f *failsToLoad) Load(context.Context, *serve.ModelContext) error { return errBroken }

func (f *failsToLoad) Predict(context.Context, *serve.Request) (any, error) { return nil, nil }
