package onnxml

import (
	"fmt"
	"math"
	"slices"
)

// An argMax is the number of the greatest column of each row.
type argMax struct{ keep bool }

func makeArgMax(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1, "axis", "keepdims", "select_last_index"); err != nil {
		return nil, nil, err
	}
	axis, err := n.attributes.whole("axis", 0)
	if err != nil {
		return nil, nil, err
	}
	keep, err := n.attributes.whole("keepdims", 1)
	if err != nil {
		return nil, nil, err
	}
	last, err := n.attributes.whole("select_last_index", 0)
	if err != nil || last != 0 || axis != 1 && axis != -1 || in[0].kind != single || len(in[0].shape) != 2 || in[0].width() < 1 {
		return nil, nil, fmt.Errorf("it is of shape %v along %d", in[0].shape, axis)
	}
	shape := []int{in[0].shape[0]}
	if keep != 0 {
		shape = append(shape, 1)
	}
	return argMax{keep != 0}, []info{{kind: int64s, shape: shape}}, nil
}

func (a argMax) run(in, out []*tensor) error {
	n, width := in[0].shape[0], in[0].shape[1]
	list := make([]int64, n)
	for r := range list {
		best, row := 0, in[0].f32[r*width:(r+1)*width]
		for i, v := range row {
			if v > row[best] {
				best = i
			}
		}
		list[r] = int64(best)
	}
	out[0].kind, out[0].shape, out[0].i64 = int64s, []int{n}, list
	if a.keep {
		out[0].shape = []int{n, 1}
	}
	return nil
}

// An extract takes the elements of a constant list, such as labels, whose
// numbers a tensor has.
type extract struct{ from *tensor }

func makeExtract(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 2); err != nil {
		return nil, nil, err
	}
	c := in[0].constant
	if c == nil || len(c.shape) != 1 || in[1].kind != int64s || in[1].constant != nil || c.kind != int64s && c.kind != int32s && c.kind != text {
		return nil, nil, fmt.Errorf("it does not take labels from a list of them")
	}
	total := 1
	for _, n := range in[1].shape {
		if n != 1 {
			total = n
		}
	}
	return extract{c}, []info{{kind: c.kind, shape: []int{1, total}}}, nil
}

func (e extract) run(in, out []*tensor) error {
	o, numbers := out[0], in[1].i64
	o.kind, o.shape = e.from.kind, []int{1, len(numbers)}
	for _, n := range numbers {
		if n < 0 || int(n) >= e.from.len() {
			return fmt.Errorf("there is no label %d", n)
		}
		if o.kind == text {
			o.str = append(o.str, e.from.str[n])
		} else {
			o.i64 = append(o.i64, e.from.i64[n])
		}
	}
	return nil
}

// A scaler subtracts from each column and multiplies it.
type scaler struct{ offset, scale []float32 }

func makeScaler(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1, "offset", "scale"); err != nil {
		return nil, nil, err
	}
	offset, err := n.attributes.floats("offset")
	if err != nil {
		return nil, nil, err
	}
	scale, err := n.attributes.floats("scale")
	if err != nil {
		return nil, nil, err
	}
	if in[0].kind != single || len(in[0].shape) != 2 || len(offset) != in[0].width() || len(scale) != len(offset) {
		return nil, nil, fmt.Errorf("it scales %d columns of shape %v", len(offset), in[0].shape)
	}
	return scaler{offset, scale}, []info{{kind: single, shape: in[0].shape}}, nil
}

func (s scaler) run(in, out []*tensor) error {
	if in[0].shape[1] != len(s.offset) {
		return fmt.Errorf("it scales %d columns of shape %v", len(s.offset), in[0].shape)
	}
	o := out[0]
	o.kind, o.shape, o.f32 = single, in[0].shape, slices.Clone(in[0].f32)
	for at := 0; at < len(o.f32); at += len(s.offset) {
		for i, v := range o.f32[at : at+len(s.offset)] {
			o.f32[at+i] = float32(v-s.offset[i]) * s.scale[i]
		}
	}
	return nil
}

// A normalizer divides each row by its norm.
type normalizer struct{ norm string }

func makeNormalizer(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1, "norm"); err != nil {
		return nil, nil, err
	}
	norm, err := n.attributes.text("norm", "MAX")
	if err != nil || norm != "L1" && norm != "L2" || in[0].kind != single || len(in[0].shape) != 2 {
		return nil, nil, fmt.Errorf("it makes norm %q of shape %v", norm, in[0].shape)
	}
	return normalizer{norm}, []info{{kind: single, shape: in[0].shape}}, nil
}

func (z normalizer) run(in, out []*tensor) error {
	width := in[0].shape[1]
	o := out[0]
	o.kind, o.shape, o.f32 = single, in[0].shape, slices.Clone(in[0].f32)
	for at := 0; width > 0 && at < len(o.f32); at += width {
		row, norm := o.f32[at:at+width], float32(0)
		for _, v := range row {
			if z.norm == "L1" {
				norm += float32(math.Abs(float64(v)))
			} else {
				norm += float32(v * v)
			}
		}
		if z.norm == "L2" {
			norm = float32(math.Sqrt(float64(norm)))
		}
		for i := range row {
			if norm != 0 {
				row[i] /= norm
			}
		}
	}
	return nil
}
