package expr

import (
	"github.com/leat-ml/leat/serve"
)

// rows are a part of a tensor, seen as a list: those elements that begin at at
// and have the shape, of one dimension at least.
type rows struct {
	t     *serve.Tensor
	at    int
	shape []int
}

func rowsOf(t *serve.Tensor) rows { return rows{t: t, shape: t.Shape} }

// stride is the number of elements in one row.
func (x *rows) stride() int {
	n := 1
	for _, d := range x.shape[1:] {
		n *= d
	}
	return n
}

// row is element i of the list.
func (r *run) row(x *rows, i int) (any, error) {
	if len(x.shape) > 1 {
		return &rows{x.t, x.at + i*x.stride(), x.shape[1:]}, nil
	}
	return r.scalar(x.t, x.at+i)
}

// scalar is one element of a tensor. In one of integers and fractions it is
// looked for in the text: after a few, all are read at once.
func (r *run) scalar(t *serve.Tensor, i int) (any, error) {
	if !t.Mixed() {
		return plain(t.At(i)), nil
	}
	if flat, ok := r.flat[t]; ok {
		return flat[i], nil
	}
	const few = 8
	if r.sought++; r.sought <= few {
		return t.At(i), r.spend(len(t.Source()))
	}
	flat, err := r.flatten(t)
	if err != nil {
		return nil, err
	}
	return flat[i], nil
}

// flatten reads all elements of a tensor of integers and fractions.
func (r *run) flatten(t *serve.Tensor) ([]any, error) {
	if flat, ok := r.flat[t]; ok {
		return flat, nil
	}
	if err := r.spend(element*t.Len() + len(t.Source())); err != nil {
		return nil, err
	}
	if r.flat == nil {
		r.flat = map[*serve.Tensor][]any{}
	}
	flat := t.Values()
	r.flat[t] = flat
	return flat, nil
}

// all are the elements of the list.
func (r *run) all(x *rows) ([]any, error) {
	n := x.shape[0]
	if err := r.spend(element * n); err != nil {
		return nil, err
	}
	out := make([]any, n)
	switch {
	case len(x.shape) > 1:
		views, stride := make([]rows, n), x.stride()
		for i := range views {
			views[i] = rows{x.t, x.at + i*stride, x.shape[1:]}
			out[i] = &views[i]
		}
	case x.t.Mixed():
		flat, err := r.flatten(x.t)
		if err != nil {
			return nil, err
		}
		copy(out, flat[x.at:])
	default:
		for i := range out {
			out[i] = plain(x.t.At(x.at + i))
		}
	}
	return out, nil
}

// tensor is the list as a body has it: a tensor of its own over the same
// memory, or plain values where the text is needed to tell integers.
func (r *run) tensor(x *rows) (any, error) {
	n := x.shape[0] * x.stride()
	if x.at == 0 && n == x.t.Len() && len(x.shape) == len(x.t.Shape) && x.shape[0] == x.t.Shape[0] {
		return x.t, nil
	}
	if x.t.Mixed() {
		return r.copied(x)
	}
	if x.t.Datatype == serve.Bytes {
		t, err := serve.MakeBytes("", x.shape, x.t.Strings()[x.at:x.at+n])
		return &t, err
	}
	size := x.t.Datatype.Size()
	t, err := serve.MakeTensor("", x.t.Datatype, x.shape, x.t.Raw()[x.at*size:(x.at+n)*size])
	return &t, err
}

// copied is the list as plain values, to the bottom.
func (r *run) copied(x *rows) ([]any, error) {
	list, err := r.all(x)
	if err != nil {
		return nil, err
	}
	for i, v := range list {
		if sub, ok := v.(*rows); ok {
			if list[i], err = r.copied(sub); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}
