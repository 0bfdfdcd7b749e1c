package onnxml

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// A reshape gives a tensor the shape wanted, where 0 keeps a length and -1
// takes what is left.
type reshape struct{ wanted []int64 }

func makeReshape(c *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 2, "allowzero"); err != nil {
		return nil, nil, err
	}
	allow, err := n.attributes.whole("allowzero", 0)
	if err != nil {
		return nil, nil, err
	}
	shape := in[1].constant
	if allow != 0 || c.opsets[""] < 5 || shape == nil || shape.kind != int64s || len(shape.shape) != 1 {
		return nil, nil, fmt.Errorf("its shape is not a constant")
	}
	r := reshape{shape.i64}
	out := make([]int, len(r.wanted))
	for i, w := range r.wanted {
		switch {
		case w == 0 && i < len(in[0].shape):
			out[i] = in[0].shape[i]
		case w < -1 || w == 0 || w > maxLength:
			return nil, nil, fmt.Errorf("it makes a shape of %v", r.wanted)
		default:
			out[i] = int(w)
		}
	}
	if count(r.wanted, -1) > 1 {
		return nil, nil, fmt.Errorf("it makes a shape of %v", r.wanted)
	}
	return r, []info{{kind: in[0].kind, shape: out}}, nil
}

// maxLength bounds lengths that a file names, so that products of two fit.
const maxLength = 1 << 24

func count(list []int64, wanted int64) (n int) {
	for _, v := range list {
		if v == wanted {
			n++
		}
	}
	return n
}

func (r reshape) run(in, out []*tensor) error {
	shape, open, product := make([]int, len(r.wanted)), -1, 1
	for i, w := range r.wanted {
		switch w {
		case -1:
			open = i
			continue
		case 0:
			shape[i] = in[0].shape[i]
		default:
			shape[i] = int(w)
		}
		product *= shape[i]
	}
	if open >= 0 && product > 0 {
		shape[open] = in[0].len() / product
	}
	if n, ok := serve.Elements(shape); !ok || n != in[0].len() {
		return fmt.Errorf("a tensor of shape %v cannot have shape %v", in[0].shape, r.wanted)
	}
	out[0].take(in[0])
	out[0].shape = shape
	return nil
}

// makeFlatten makes matrices of tensors of more dimensions.
func makeFlatten(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1, "axis"); err != nil {
		return nil, nil, err
	}
	axis, err := n.attributes.whole("axis", 1)
	if err != nil || axis != 1 || len(in[0].shape) != 2 {
		return nil, nil, fmt.Errorf("it flattens shape %v at %d", in[0].shape, axis)
	}
	return pass{}, []info{{kind: in[0].kind, shape: in[0].shape}}, nil
}

// A concat puts tensors one after another along an axis.
type concat struct{ axis int }

func makeConcat(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, max(1, len(in)), "axis"); err != nil {
		return nil, nil, err
	}
	axis, err := n.attributes.whole("axis", 0)
	if err != nil {
		return nil, nil, err
	}
	rank := int64(len(in[0].shape))
	if axis < 0 {
		axis += rank
	}
	if axis < 0 || axis >= rank || in[0].kind == text {
		return nil, nil, fmt.Errorf("it joins shape %v at %d", in[0].shape, axis)
	}
	shape := slices.Clone(in[0].shape)
	for _, i := range in[1:] {
		if i.kind != in[0].kind || len(i.shape) != len(shape) {
			return nil, nil, fmt.Errorf("it joins shapes %v and %v", shape, i.shape)
		}
		if a, b := shape[axis], i.shape[axis]; a < 0 || b < 0 {
			shape[axis] = -1
		} else {
			shape[axis] = a + b
		}
	}
	return concat{int(axis)}, []info{{kind: in[0].kind, shape: shape}}, nil
}

func (c concat) run(in, out []*tensor) error {
	shape := slices.Clone(in[0].shape)
	for _, t := range in[1:] {
		for d, n := range t.shape {
			if d != c.axis && n != shape[d] {
				return fmt.Errorf("tensors of shape %v and %v cannot be joined", in[0].shape, t.shape)
			}
		}
		shape[c.axis] += t.shape[c.axis]
	}
	blocks := 1
	for _, n := range shape[:c.axis] {
		blocks *= n
	}
	o := out[0]
	o.kind, o.shape = in[0].kind, shape
	o.grow(shape)
	for b := range blocks {
		for _, t := range in {
			o.f32 = appendBlock(o.f32, t.f32, b, blocks)
			o.f64 = appendBlock(o.f64, t.f64, b, blocks)
			o.i64 = appendBlock(o.i64, t.i64, b, blocks)
		}
	}
	return nil
}

// grow makes room for a tensor of a shape.
func (t *tensor) grow(shape []int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	switch t.kind {
	case single:
		t.f32 = make([]float32, 0, n)
	case double64:
		t.f64 = make([]float64, 0, n)
	default:
		t.i64 = make([]int64, 0, n)
	}
}

func appendBlock[T any](to, from []T, b, blocks int) []T {
	size := len(from) / blocks
	return append(to, from[b*size:(b+1)*size]...)
}
