package main

import (
	"context"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip/inference"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/serve"
)

func withONNX(library string) *catalog.Set {
	set := catalog.Default.Clone()
	onnx.Register(set, onnx.Options{Library: library})
	return set
}

// A caller answers with what ONNX Runtime answers, and does nothing else: no
// schema is checked, nothing is counted.
type caller struct {
	inference.UnimplementedGRPCInferenceServiceServer
	model serve.Model
}

func loadONNX(ctx context.Context, c config) (*caller, error) {
	a, err := artifact.Open(ctx, c.model, ".onnx")
	if err != nil {
		return nil, err
	}
	m, err := withONNX(c.library).Runtime("onnx").Runtime.Load(ctx, a, serve.ModelSpec{})
	if err != nil {
		return nil, err
	}
	return &caller{model: m}, nil
}

// ModelInfer answers with what the model makes of the first input.
func (c *caller) ModelInfer(ctx context.Context, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	in := r.Inputs[0]
	shape := make([]int, len(in.Shape))
	for i, n := range in.Shape {
		shape[i] = int(n)
	}
	t, err := serve.MakeTensor(in.Name, serve.FP32, shape, r.RawInputContents[0])
	if err != nil {
		return nil, err
	}
	out, err := c.model.Predict(ctx, &serve.Request{Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{&t}})
	if err != nil {
		return nil, err
	}
	resp := &inference.ModelInferResponse{ModelName: r.ModelName, Id: r.Id}
	outputs, ok := out.([]*serve.Tensor)
	if !ok {
		outputs = []*serve.Tensor{out.(*serve.Tensor)}
	}
	for _, t := range outputs {
		lengths := make([]int64, len(t.Shape))
		for i, n := range t.Shape {
			lengths[i] = int64(n)
		}
		resp.Outputs = append(resp.Outputs, &inference.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: t.Datatype.String(), Shape: lengths})
		resp.RawOutputContents = append(resp.RawOutputContents, t.Raw())
	}
	return resp, nil
}
