package onnxml

import (
	"fmt"
	"slices"
)

// An arithmetic adds, subtracts, multiplies or divides tensors element by
// element, one after another.
type arithmetic struct{ op string }

func makeArithmetic(c *compiler, n *node, in []*info) (operator, []info, error) {
	inputs := 2
	if n.op == "Sum" {
		inputs = max(1, len(in))
	}
	if err := arity(n, in, inputs); err != nil {
		return nil, nil, err
	}
	if c.opsets[""] < 7 && len(in) > 1 {
		return nil, nil, fmt.Errorf("it is of version %d", c.opsets[""])
	}
	out := info{kind: in[0].kind, shape: in[0].shape}
	if out.kind != single && out.kind != double64 {
		return nil, nil, fmt.Errorf("its inputs are of type %d", out.kind)
	}
	for _, i := range in[1:] {
		var ok bool
		if out.shape, ok = broadcast(out.shape, i.shape); !ok || i.kind != out.kind {
			return nil, nil, fmt.Errorf("its inputs have shapes %v and %v", in[0].shape, i.shape)
		}
	}
	return arithmetic{n.op}, []info{out}, nil
}

// broadcast is the shape of what is computed of two tensors
// (https://onnx.ai/onnx/repo-docs/Broadcasting.html).
func broadcast(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	shape := slices.Clone(a)
	for i, n := range b {
		at := len(a) - len(b) + i
		switch {
		case shape[at] == n || n == 1:
		case shape[at] == 1:
			shape[at] = n
		case shape[at] < 0 || n < 0:
			shape[at] = max(shape[at], n)
		default:
			return nil, false
		}
	}
	return shape, true
}

func (a arithmetic) run(in, out []*tensor) error {
	acc := in[0]
	for _, t := range in[1:] {
		shape, ok := broadcast(acc.shape, t.shape)
		if !ok {
			return fmt.Errorf("tensors of shape %v and %v do not fit", acc.shape, t.shape)
		}
		next := &tensor{kind: acc.kind, shape: shape}
		if acc.kind == single {
			next.f32 = combine(a.op, shape, acc.f32, acc.shape, t.f32, t.shape)
		} else {
			next.f64 = combine(a.op, shape, acc.f64, acc.shape, t.f64, t.shape)
		}
		acc = next
	}
	out[0].take(acc)
	return nil
}

func combine[T float](op string, shape []int, a []T, aShape []int, b []T, bShape []int) []T {
	n := 1
	for _, d := range shape {
		n *= d
	}
	out := make([]T, n)
	atA, atB := places(shape, aShape), places(shape, bShape)
	for i := range out {
		x, y := a[atA(i)], b[atB(i)]
		switch op {
		case "Sub":
			out[i] = x - y
		case "Mul":
			out[i] = x * y
		case "Div":
			out[i] = x / y
		default:
			out[i] = x + y
		}
	}
	return out
}

// places maps the elements of a shape to those of a tensor of another shape
// that is broadcast to it.
func places(shape, of []int) func(i int) int {
	if slices.Equal(shape, of) {
		return func(i int) int { return i }
	}
	strides := make([]int, len(shape))
	for d, size := len(of)-1, 1; d >= 0; d-- {
		if of[d] != 1 {
			strides[len(shape)-len(of)+d] = size
		}
		size *= of[d]
	}
	return func(i int) (at int) {
		for d := len(shape) - 1; d >= 0; d-- {
			at += i % shape[d] * strides[d]
			i /= shape[d]
		}
		return at
	}
}

// A mean is that of matrices that lie on top of each other, as ensembles of
// ensembles compute it.
type mean struct{}

func makeMean(c *compiler, n *node, in []*info) (operator, []info, error) {
	inputs, axes, err := 2, []int64(nil), error(nil)
	if c.opsets[""] < 18 {
		inputs = 1
		axes, err = n.attributes.ints("axes")
	} else if len(in) == 2 && in[1].constant != nil {
		axes = in[1].constant.i64
	}
	if err != nil {
		return nil, nil, err
	}
	if err := arity(n, in, inputs, "axes", "keepdims"); err != nil {
		return nil, nil, err
	}
	keep, err := n.attributes.whole("keepdims", 1)
	if err != nil || keep != 0 || !slices.Equal(axes, []int64{0}) || in[0].kind != single || len(in[0].shape) != 3 {
		return nil, nil, fmt.Errorf("it is the mean of shape %v along %v", in[0].shape, axes)
	}
	return mean{}, []info{{kind: single, shape: in[0].shape[1:]}}, nil
}

func (mean) run(in, out []*tensor) error {
	layers := in[0].shape[0]
	sums := make([]float32, len(in[0].f32)/max(1, layers))
	for l := range layers {
		for i, v := range in[0].f32[l*len(sums) : (l+1)*len(sums)] {
			sums[i] += v
		}
	}
	for i := range sums {
		sums[i] /= float32(layers)
	}
	out[0].kind, out[0].shape, out[0].f32 = single, in[0].shape[1:], sums
	return nil
}
