package trees

import (
	"context"
	"fmt"
	"os"

	"github.com/leat-ml/leat/runtime/trees/internal/onnxml"
	"github.com/leat-ml/leat/serve"
)

// LoadONNX makes a model of an ONNX file whose graph is ensembles of trees
// (TreeEnsembleRegressor, TreeEnsembleClassifier, TreeEnsemble) and what
// exporters write around them, as those of scikit-learn, XGBoost and LightGBM
// do. It answers what ONNX Runtime answers: sums to the last bit, what follows
// with an exponential to 2 units in the last place of float32. A ZipMap becomes
// a matrix with a column a class.
//
// # Errors
//
// What of the graph is not understood. Such a file may still be a model for
// ONNX Runtime.
func LoadONNX(_ context.Context, a *serve.Artifact, _ serve.ModelSpec) (serve.Model, error) {
	data, err := os.ReadFile(a.File)
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	program, err := onnxml.Parse(data)
	if err != nil {
		return nil, err
	}
	return &onnxModel{program}, nil
}

// An onnxModel serves a program. It is safe for concurrent use.
type onnxModel struct{ program *onnxml.Program }

// Describe tells the input and the outputs as the file declares them.
func (m *onnxModel) Describe() serve.Description {
	d := serve.Description{
		Platform: "onnxruntime_onnx", // what clients know such models by
		Inputs:   []serve.TensorSpec{specOf(m.program.Input)},
	}
	for _, p := range m.program.Outputs {
		d.Outputs = append(d.Outputs, specOf(p))
	}
	return d
}

func specOf(p onnxml.Port) serve.TensorSpec {
	return serve.TensorSpec{Name: p.Name, Datatype: p.Datatype, Shape: p.Shape}
}

// Classes are the class labels of an output that is a matrix of probabilities,
// in the order of its columns; nil for any other.
func (m *onnxModel) Classes(output string) []string {
	for _, p := range m.program.Outputs {
		if p.Name == output {
			return p.Classes
		}
	}
	return nil
}

// Predict returns []*[serve.Tensor]: the outputs that req asks for, in its
// order, or all in the model's.
func (m *onnxModel) Predict(_ context.Context, req *serve.Request) (any, error) {
	in, err := m.inputOf(req)
	if err != nil {
		return nil, err
	}
	all, err := m.program.Run(in)
	if err != nil {
		return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	if len(req.Outputs) == 0 {
		return all, nil
	}
	return pick(all, req.Outputs)
}

func (m *onnxModel) inputOf(req *serve.Request) (*serve.Tensor, error) {
	if len(req.Inputs) != 1 {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "there are %d inputs, but the model takes 1: %q", len(req.Inputs), m.program.Input.Name)
	}
	in := req.Inputs[0]
	if in.Name != m.program.Input.Name {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "input %q is missing", m.program.Input.Name)
	}
	return in, nil
}

// pick is the outputs that are wanted.
func pick(all []*serve.Tensor, wanted []serve.RequestedOutput) ([]*serve.Tensor, error) {
	if len(wanted) > len(all) {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "an output is asked for twice")
	}
	list := make([]*serve.Tensor, 0, len(wanted))
	for _, w := range wanted {
		found := false
		for _, t := range all {
			if t.Name == w.Name && !found {
				list, found = append(list, t), true
			}
		}
		if !found {
			return nil, serve.Errorf(serve.BadRequest, "ValueError", "there is no output %q", w.Name)
		}
	}
	return list, nil
}
