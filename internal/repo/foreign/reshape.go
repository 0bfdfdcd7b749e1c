package foreign

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// A Reshape gives inputs the shapes that a model takes, and outputs those that
// requests are answered with: Triton's reshape.
type Reshape struct {
	// Inputs and Outputs are shapes by the names of tensors, with -1 for a length
	// that is taken from the tensor, in order. Batched leaves their first length as
	// it is.
	Inputs, Outputs map[string][]int
}

// Check implements [Adapter].
func (r *Reshape) Check(serve.Description) error { return nil }

// In implements [Adapter].
func (r *Reshape) In(req *serve.Request) (*serve.Request, error) {
	inputs, err := reshaped(req.Inputs, r.Inputs)
	if err != nil {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "%w", err)
	}
	with := *req
	with.Inputs = inputs
	return &with, nil
}

// Out implements [Adapter].
func (r *Reshape) Out(outputs []*serve.Tensor) ([]*serve.Tensor, error) {
	return reshaped(outputs, r.Outputs)
}

func reshaped(all []*serve.Tensor, to map[string][]int) ([]*serve.Tensor, error) {
	out := slices.Clone(all)
	for i, t := range all {
		want, ok := to[t.Name]
		if !ok {
			continue
		}
		shape, err := fill(want, t)
		if err != nil {
			return nil, err
		}
		if out[i], err = t.Reshaped(shape...); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return out, nil
}

// fill puts lengths of t in the place of those that are open: the first stays the
// first, where both begin with the batch; one more is what is left over.
func fill(want []int, t *serve.Tensor) ([]int, error) {
	shape := slices.Clone(want)
	known, open := 1, []int{}
	for i, n := range want {
		if n < 0 {
			open = append(open, i)
			continue
		}
		known *= n
	}
	if len(open) > 1 && len(t.Shape) > 0 {
		shape[open[0]] = t.Shape[0]
		known *= t.Shape[0]
		open = open[1:]
	}
	switch {
	case len(open) > 1:
		return nil, fmt.Errorf("tensor %q of shape %v does not say the lengths of %v", t.Name, t.Shape, want)
	case len(open) == 1 && known > 0:
		shape[open[0]] = t.Len() / known
	case len(open) == 1:
		shape[open[0]] = 0
	}
	return shape, nil
}
