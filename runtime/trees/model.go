package trees

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// A Model serves an ensemble: one input, a matrix with a column a feature, and
// one output, with a number or a row of numbers for each row. It is safe for
// concurrent use.
type Model struct {
	ensemble    *Ensemble
	features    int
	double      bool   // it computes in float64
	output      Output // of requests that choose none
	description serve.Description
}

// Info describes the ensemble.
func (m *Model) Info() Info { return m.ensemble.Info() }

// Describe is the schema. The input is of the datatype in which the model
// computes, but any numeric one will do.
func (m *Model) Describe() serve.Description { return m.description }

func describe(e *Ensemble, platform string, out Output) serve.Description {
	info := e.Info()
	datatype := serve.FP32
	if info.Float64 {
		datatype = serve.FP64
	}
	d := serve.Description{
		Platform: platform,
		Inputs:   []serve.TensorSpec{{Name: "input-0", Datatype: datatype, Shape: []int{-1, info.Features}, AnyNumber: true}},
		Outputs:  []serve.TensorSpec{{Name: "output-0", Datatype: datatype, Shape: shape(-1, e.Width(out))}},
	}
	for _, name := range info.FeatureNames {
		d.Features = append(d.Features, serve.Feature{Name: name, ValueType: "float"})
	}
	return d
}

// shape of n predictions: a list of numbers, or of rows where each has several.
func shape(n, width int) []int {
	if width == 1 {
		return []int{n}
	}
	return []int{n, width}
}

// declare takes the names of a declared schema, which must not contradict the
// model.
func (m *Model) declare(spec serve.ModelSpec) error {
	if err := declare("input", m.description.Inputs, spec.Inputs); err != nil {
		return err
	}
	return declare("output", m.description.Outputs, spec.Outputs)
}

func declare(kind string, own, declared []serve.TensorSpec) error {
	if len(declared) == 0 {
		return nil
	}
	if len(declared) != 1 {
		return fmt.Errorf("%d %ss are declared, but the model has one", len(declared), kind)
	}
	d := declared[0]
	if !d.Datatype.Numeric() && d.Datatype != serve.Invalid {
		return fmt.Errorf("%s %q is declared as %s, but the model has numbers", kind, d.Name, d.Datatype)
	}
	if !agree(d.Shape, own[0].Shape) {
		return fmt.Errorf("%s %q is declared with shape %v, but the model has %v", kind, d.Name, d.Shape, own[0].Shape)
	}
	if d.Name != "" {
		own[0].Name = d.Name
	}
	return nil
}

// agree says whether some shape is of both kinds.
func agree(a, b []int) bool {
	if len(a) == 0 {
		return true // not declared
	}
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] >= 0 && b[i] >= 0 && a[i] != b[i] {
			return false
		}
	}
	return true
}

// Predict scores the rows of the one input. The request's parameter "output"
// chooses what it returns. The tensor returned is the caller's.
func (m *Model) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if len(req.Inputs) != 1 {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "the model takes one input, not %d", len(req.Inputs))
	}
	out, err := outputOf(req.Parameters, m.output)
	if err != nil {
		return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	if m.double {
		return predict[float64](m, req.Inputs[0], out)
	}
	return predict[float32](m, req.Inputs[0], out)
}

// predict computes in T, whatever the datatype of t.
func predict[T float32 | float64](m *Model, t *serve.Tensor, out Output) (*serve.Tensor, error) {
	n, err := m.rows(t)
	if err != nil {
		return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	width := m.ensemble.Width(out)
	dst := make([]T, n*width)
	if err := score(m, dst, t, n, out); err != nil {
		return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	return serve.NewTensor(m.description.Outputs[0].Name, dst, shape(n, width)...), nil
}

// rows is how many rows t has.
func (m *Model) rows(t *serve.Tensor) (int, error) {
	if len(t.Shape) == 2 && t.Shape[1] == m.features {
		return t.Shape[0], nil
	}
	if len(t.Shape) == 1 && t.Shape[0] == m.features {
		return 1, nil
	}
	return 0, fmt.Errorf("input %q has shape %v, but the model takes rows of %d", t.Name, t.Shape, m.features)
}

// score reads FP32 and FP64 where they are and converts other datatypes.
func score[T float32 | float64](m *Model, dst []T, t *serve.Tensor, n int, out Output) error {
	if t.Datatype == serve.FP64 || (t.Datatype != serve.FP32 && m.double) {
		rows, err := t.Float64s(nil)
		if err != nil {
			return err
		}
		return Predict(m.ensemble, dst, rows, n, out)
	}
	rows, err := t.Float32s(nil)
	if err != nil {
		return err
	}
	return Predict(m.ensemble, dst, rows, n, out)
}

// outputOf reads the parameter "output".
func outputOf(parameters map[string]any, otherwise Output) (Output, error) {
	switch v := parameters["output"]; v {
	case nil:
		return otherwise, nil
	case "response":
		return Response, nil
	case "margin":
		return Margin, nil
	case "leaf", "contrib":
		return 0, fmt.Errorf("output %q is not supported yet", v)
	default:
		return 0, fmt.Errorf("output %#v is not \"response\" or \"margin\"", v)
	}
}
