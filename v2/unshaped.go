package v2

import (
	"slices"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// shapeRaw makes raw bytes the one input of a model, whose schema has to say all
// but one of the lengths. A first length that is open counts as a batch of one
// where another is open too. BYTES is one element, which is all of the bytes. See
// Triton's docs/protocol/extension_binary_data.md, "Raw Binary Request".
func shapeRaw(req *serve.Request, raw []byte, d *serve.Description) error {
	if len(d.Inputs) != 1 {
		return badInput("a request without JSON is for models with one input, but this one has %d in its schema", len(d.Inputs))
	}
	spec := &d.Inputs[0]
	if spec.Shape == nil || spec.Datatype == serve.Invalid {
		return badInput("a request without JSON is for models whose schema has the shape and the datatype of the input")
	}
	t := &serve.Tensor{}
	shape, err := rawShape(spec, len(raw))
	switch {
	case err != nil:
	case spec.Datatype == serve.Bytes:
		t = serve.NewBytes(spec.Name, []string{string(raw)}, shape...)
	default:
		err = oip.FromBytes(t, spec.Name, spec.Datatype, shape, raw)
	}
	if err != nil {
		return badInput("input %q: %w", spec.Name, err)
	}
	req.Inputs = []*serve.Tensor{t}
	return nil
}

// rawShape is the shape that size bytes have.
func rawShape(spec *serve.TensorSpec, size int) ([]int, error) {
	shape := slices.Clone(spec.Shape)
	open := 0
	for i, n := range shape {
		if n < 0 {
			open++
			shape[i] = 1
		}
	}
	if open > 1 && spec.Shape[0] < 0 {
		open-- // the batch, of one
	}
	if open > 1 {
		return nil, badInput("the shape %v has more than one open length, and the request says none", spec.Shape)
	}
	n, ok := serve.Elements(shape)
	if spec.Datatype == serve.Bytes {
		if !ok || n != 1 {
			return nil, badInput("the shape %v does not hold one element, which a request without JSON is", spec.Shape)
		}
		return shape, nil
	}
	if at := lastOpen(spec.Shape); at >= 0 && ok && n > 0 {
		shape[at] = size / spec.Datatype.Size() / n // what is left over is found out with the sizes
	}
	return shape, nil
}

// lastOpen is the last length that is open; -1 where none is.
func lastOpen(shape []int) int {
	for i := len(shape) - 1; i >= 0; i-- {
		if shape[i] < 0 {
			return i
		}
	}
	return -1
}
