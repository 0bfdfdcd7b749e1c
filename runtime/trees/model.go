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
		Outputs:  []serve.TensorSpec{{Name: "output-0", Datatype: datatype, Shape: shape(e, out, -1)}},
	}
	if out == Leaf {
		d.Outputs[0].Datatype = serve.Int32
	}
	for _, name := range info.FeatureNames {
		d.Features = append(d.Features, serve.Feature{Name: name, ValueType: "float"})
	}
	return d
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
	return m.answer(ctx, req.Inputs[0], out, m.description.Outputs[0].Name)
}

// answer computes an output of the rows of t.
func (m *Model) answer(ctx context.Context, t *serve.Tensor, out Output, name string) (*serve.Tensor, error) {
	n, err := m.rows(t)
	if err != nil {
		return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	if out == Leaf || out == Contrib {
		if err := m.offers(out, n); err != nil {
			return nil, err
		}
	}
	switch {
	case out == Leaf:
		return leaves(m, t, n, name)
	case m.double:
		return predict[float64](ctx, m, t, n, out, name)
	}
	return predict[float32](ctx, m, t, n, out, name)
}

// predict computes in T, whatever the datatype of t.
func predict[T float32 | float64](ctx context.Context, m *Model, t *serve.Tensor, n int, out Output, name string) (*serve.Tensor, error) {
	dst := make([]T, n*m.ensemble.Width(out))
	if err := score(ctx, m, dst, t, n, out); err != nil {
		return nil, err
	}
	return serve.NewTensor(name, dst, shape(m.ensemble, out, n)...), nil
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
func score[T float32 | float64](ctx context.Context, m *Model, dst []T, t *serve.Tensor, n int, out Output) error {
	if m.wide(t) {
		rows, err := t.Float64s(nil)
		if err != nil {
			return &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
		}
		return scoreRows(ctx, m.ensemble, dst, rows, n, out)
	}
	rows, err := t.Float32s(nil)
	if err != nil {
		return &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	return scoreRows(ctx, m.ensemble, dst, rows, n, out)
}

// wide says whether t is read as float64.
func (m *Model) wide(t *serve.Tensor) bool {
	return t.Datatype == serve.FP64 || (t.Datatype != serve.FP32 && m.double)
}

// scoreRows is Predict, which for contributions, that take their time, looks
// every few rows whether the request is over: fewer of big and deep models.
func scoreRows[D, S float32 | float64](ctx context.Context, e *Ensemble, dst []D, rows []S, n int, out Output) error {
	if out != Contrib {
		return Predict(e, dst, rows, n, out)
	}
	const most, steps = 16, 1 << 26
	info, width := e.Info(), e.Width(out)
	few := min(most, max(1, steps/(1+info.Nodes*info.Depth)))
	features := info.Features
	for n > 0 {
		if err := ctx.Err(); err != nil {
			return err // says it all
		}
		k := min(few, n)
		if err := Predict(e, dst[:k*width], rows[:k*features], k, out); err != nil {
			return err
		}
		dst, rows, n = dst[k*width:], rows[k*features:], n-k
	}
	return nil
}
