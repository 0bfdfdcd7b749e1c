package onnxml

import "fmt"

// An exponent is e to the power of each element.
type exponent struct{}

func makeExp(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1); err != nil {
		return nil, nil, err
	}
	if in[0].kind != single {
		return nil, nil, fmt.Errorf("its input is of type %d", in[0].kind)
	}
	return exponent{}, []info{{kind: single, shape: in[0].shape}}, nil
}

func (exponent) run(in, out []*tensor) error {
	o := out[0]
	o.kind, o.shape, o.f32 = single, in[0].shape, make([]float32, len(in[0].f32))
	for i, v := range in[0].f32 {
		o.f32[i] = exp32(v)
	}
	return nil
}
