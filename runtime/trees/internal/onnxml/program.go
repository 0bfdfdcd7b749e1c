package onnxml

import (
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// A Program is a graph that can be run. It is immutable and safe for concurrent
// use.
type Program struct {
	Input   Port
	Outputs []Port

	steps     []step
	constants []placed
	values    int // how many the graph has
	input     int // the number of the one that is sent
	outputs   []int
	trees     int
}

// A Port is an input or output, as the file declares it.
type Port struct {
	Name     string
	Datatype serve.Datatype
	Shape    []int    // -1: any length; nil: any number of dimensions
	Classes  []string // of an output that was a ZipMap: its columns
}

// A step runs one operator on values with these numbers.
type step struct {
	operator operator
	in, out  []int
}

type placed struct {
	at     int
	tensor *tensor
}

// Trees is how many trees the graph has.
func (p *Program) Trees() int { return p.trees }

// Run computes the outputs, in their order. It does not check the names in
// what it is given, only what it is.
//
// # Errors
//
// A tensor that is not of the datatype and shape of Input.
func (p *Program) Run(in *serve.Tensor) ([]*serve.Tensor, error) {
	if err := p.check(in); err != nil {
		return nil, err
	}
	values := make([]tensor, p.values)
	for _, c := range p.constants {
		values[c.at] = *c.tensor
	}
	if err := values[p.input].view(in); err != nil {
		return nil, err
	}
	var room [8]*tensor
	for i := range p.steps {
		s := &p.steps[i]
		list := room[:0]
		for _, at := range s.in {
			list = append(list, &values[at])
		}
		for _, at := range s.out {
			list = append(list, &values[at])
		}
		if err := s.operator.run(list[:len(s.in)], list[len(s.in):]); err != nil {
			return nil, err
		}
	}
	outputs := make([]*serve.Tensor, len(p.outputs))
	for i, at := range p.outputs {
		outputs[i] = values[at].tensor(p.Outputs[i].Name)
	}
	return outputs, nil
}

func (p *Program) check(in *serve.Tensor) error {
	want := p.Input
	if in.Datatype != want.Datatype {
		return fmt.Errorf("input %q has datatype %s, but the model takes %s", want.Name, in.Datatype, want.Datatype)
	}
	ok := len(in.Shape) == 2
	for i := 0; ok && i < 2; i++ {
		ok = want.Shape[i] < 0 || want.Shape[i] == in.Shape[i]
	}
	if !ok {
		return fmt.Errorf("input %q has shape %v, but the model takes %v", want.Name, in.Shape, want.Shape)
	}
	return nil
}

// view makes t the numbers of a tensor from outside.
func (t *tensor) view(in *serve.Tensor) (err error) {
	t.shape = in.Shape
	switch in.Datatype {
	case serve.FP32:
		t.kind = single
		t.f32, err = in.Float32s(nil)
	case serve.FP64:
		t.kind = double64
		t.f64, err = in.Float64s(nil)
	case serve.Int64:
		t.kind = int64s
		t.i64, _ = serve.Data[int64](in)
	default:
		t.kind = int32s
		list, _ := serve.Data[int32](in)
		for _, v := range list {
			t.i64 = append(t.i64, int64(v))
		}
	}
	return err
}

// tensor makes an output.
func (t *tensor) tensor(name string) *serve.Tensor {
	switch t.kind {
	case single:
		return serve.NewTensor(name, t.f32, t.shape...)
	case double64:
		return serve.NewTensor(name, t.f64, t.shape...)
	case text:
		return serve.NewBytes(name, t.str, t.shape...)
	}
	return serve.NewTensor(name, t.i64, t.shape...)
}
