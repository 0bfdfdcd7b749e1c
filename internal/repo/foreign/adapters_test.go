package foreign

import (
	"fmt"
	"testing"

	"github.com/leat-ml/leat/serve"
)

func TestForest(t *testing.T) {
	rows := serve.NewTensor("output-0", []float32{0.1, 0.7, 0.2, 0.5, 0.2, 0.3}, 2, 3)
	single := serve.NewTensor("output-0", []float64{0.25, 0.75, 2}, 3)
	for _, c := range []struct {
		name string
		f    Forest
		in   *serve.Tensor
		want string
	}{
		{"a regression", Forest{Width: 1}, single, "[3 1] [0.25 0.75 2]"},
		{"a regression without dims", Forest{}, single, "[3] [0.25 0.75 2]"},
		{"a class of two", Forest{Classes: true, Threshold: 0.5, Width: 1}, single, "[3 1] [0 1 2]"},
		{"a class by a threshold", Forest{Classes: true, Threshold: 0.2, Width: 1}, single, "[3 1] [1 1 2]"},
		{"a class of several", Forest{Classes: true, Threshold: 0.5, Width: 1}, rows, "[2 1] [1 0]"},
		{"probabilities", Forest{Classes: true, Probabilities: true, Width: 3}, rows, "[2 3] [0.1 0.7 0.2 0.5 0.2 0.3]"},
		{"both probabilities", Forest{Classes: true, Probabilities: true, Width: 2}, serve.NewTensor("", []float32{0.25}, 1), "[1 2] [0.75 0.25]"},
	} {
		c.f.Output = "output__0"
		out, err := c.f.Out([]*serve.Tensor{c.in})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		elems, _ := serve.Data[float32](out[0])
		if got := fmt.Sprint(out[0].Shape, elems); got != c.want || out[0].Name != "output__0" {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestForestsThatDoNotFit(t *testing.T) {
	of := func(shape ...int) serve.Description {
		return serve.Description{Outputs: []serve.TensorSpec{{Name: "output-0", Shape: shape}}}
	}
	for _, c := range []struct {
		f    Forest
		d    serve.Description
		want string
	}{
		{Forest{Width: 1}, of(-1), ""},
		{Forest{Width: 3}, of(-1, 3), ""},
		{Forest{Classes: true, Probabilities: true, Width: 2}, of(-1), ""},
		{Forest{Classes: true, Width: 1}, of(-1, 3), ""},
		{Forest{Width: 2}, of(-1, 3), `output "" is declared with 2 numbers a row, but the model answers with 3`},
		{Forest{Classes: true, Width: 3}, of(-1, 3), `output "" is declared with 3 numbers a row, but a class is one: set predict_proba for probabilities`},
		{Forest{}, serve.Description{}, "the model has 0 outputs, and not one"},
	} {
		got := ""
		if err := c.f.Check(c.d); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.f, got, c.want)
		}
	}
}

func TestReshape(t *testing.T) {
	for _, c := range []struct {
		from, to []int
		want     string
	}{
		{[]int{3, 1}, []int{-1}, "[3]"},
		{[]int{2, 6}, []int{-1, 2, 3}, "[2 2 3]"},
		{[]int{2, 6}, []int{-1, -1, 2}, "[2 3 2]"},
		{[]int{0, 6}, []int{-1, 2, 3}, "[0 2 3]"},
		{[]int{2, 6}, []int{-1, 5}, `tensor "x": shape [2 5] does not hold the 12 elements of shape [2 6]`},
		{[]int{2, 6}, []int{-1, -1, -1}, `tensor "x" of shape [2 6] does not say the lengths of [-1 -1 -1]`},
	} {
		n, _ := serve.Elements(c.from)
		req := (&serve.Request{}).WithInputs(serve.NewTensor("x", make([]float32, n), c.from...))
		in, err := (&Reshape{Inputs: map[string][]int{"x": c.to}}).In(req)
		got := ""
		if err != nil {
			got = serve.Reason(err)
		} else {
			got = fmt.Sprint(in.Inputs[0].Shape)
		}
		if got != c.want {
			t.Errorf("%v to %v: %s, want %s", c.from, c.to, got, c.want)
		}
	}
}
