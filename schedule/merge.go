package schedule

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// rowsOf is how many rows a request has; shaped is false of one that cannot be put
// together with others: all inputs must have the same first length, of 1 or more.
func rowsOf(req *serve.Request) (rows int, shaped bool) {
	if len(req.Inputs) == 0 {
		return 1, false
	}
	for i, t := range req.Inputs {
		switch {
		case len(t.Shape) == 0:
			return 1, false
		case i == 0:
			rows = t.Shape[0]
		case t.Shape[0] != rows:
			return 1, false
		}
	}
	return max(1, rows), rows > 0
}

// alike says whether two requests can be put together.
func alike(a, b *item) bool {
	if !a.shaped || !b.shaped || len(a.req.Inputs) != len(b.req.Inputs) || a.req.Op != b.req.Op || a.req.Dialect != b.req.Dialect {
		return false
	}
	for i, t := range a.req.Inputs {
		o := b.req.Inputs[i]
		if t.Name != o.Name || t.Datatype != o.Datatype || !slices.Equal(t.Shape[1:], o.Shape[1:]) || !alikeParameters(t.Parameters, o.Parameters) {
			return false
		}
	}
	return alikeParameters(a.req.Parameters, b.req.Parameters)
}

// merge makes one request of several that are alike.
func merge(batch []*item) (*serve.Request, error) {
	first := batch[0].req
	inputs := make([]*serve.Tensor, len(first.Inputs))
	for i := range inputs {
		parts := make([]*serve.Tensor, len(batch))
		for j, it := range batch {
			parts[j] = it.req.Inputs[i]
		}
		var err error
		if inputs[i], err = concat(parts); err != nil {
			return nil, err
		}
	}
	req := first.WithInputs(inputs...)
	req.Body = serve.Body{} // which is that of one of them
	req.Outputs = nil       // all of them, of which each caller gets what it asked for
	req.Parameters = others(first.Parameters)
	return req, nil
}

// concat puts the rows of tensors one behind another.
func concat(parts []*serve.Tensor) (*serve.Tensor, error) {
	first := parts[0]
	shape := slices.Clone(first.Shape)
	shape[0] = 0
	size := 0
	for _, t := range parts {
		shape[0] += t.Shape[0]
		size += len(t.Raw()) + len(t.Strings())
	}
	if first.Datatype == serve.Bytes {
		all := make([]string, 0, size)
		for _, t := range parts {
			all = append(all, t.Strings()...)
		}
		t, err := serve.MakeBytes(first.Name, shape, all)
		t.Parameters = first.Parameters // which are those of the others, too
		return &t, err
	}
	words := make([]uint64, (size+7)/8) // aligned for every datatype
	raw := rawOf(words)[:0]
	for _, t := range parts {
		raw = append(raw, t.Raw()...)
	}
	t, err := serve.MakeTensor(first.Name, first.Datatype, shape, raw)
	t.Parameters = first.Parameters
	return &t, err
}

// rawOf sees words as bytes.
func rawOf(words []uint64) []byte {
	return serve.NewTensor("", words).Raw()
}

// split cuts what the model answered to a batch into the answers of its requests.
func split(out any, batch []*item, rows int) error {
	all, ok := tensorsOf(out)
	if !ok {
		return fmt.Errorf("the model answered a batch with %T, and not with tensors", out)
	}
	for _, t := range all {
		if len(t.Shape) == 0 || t.Shape[0] != rows {
			return fmt.Errorf("the model answered a batch of %d rows with %q of shape %v", rows, t.Name, t.Shape)
		}
	}
	at := 0
	for _, it := range batch {
		parts := make([]*serve.Tensor, len(all))
		for i, t := range all {
			var err error
			if parts[i], err = slice(t, at, at+it.rows); err != nil {
				return err
			}
		}
		it.out = parts
		at += it.rows
	}
	return nil
}

// slice is some rows of a tensor, which share its memory.
func slice(t *serve.Tensor, from, to int) (*serve.Tensor, error) {
	shape := slices.Clone(t.Shape)
	shape[0] = to - from
	width := 0
	if t.Shape[0] > 0 {
		width = t.Len() / t.Shape[0]
	}
	if t.Datatype == serve.Bytes {
		s, err := serve.MakeBytes(t.Name, shape, t.Strings()[from*width:to*width])
		return &s, err
	}
	size := width * t.Datatype.Size()
	s, err := serve.MakeTensor(t.Name, t.Datatype, shape, t.Raw()[from*size:to*size:to*size])
	return &s, err
}
