package onnxml

import (
	"fmt"
	"slices"
)

// An operator computes the outputs of a node. Tensors that it is given may be
// shared, so it changes none; it may pass on their contents. It is safe for
// concurrent use.
type operator interface {
	run(in, out []*tensor) error
}

// An info is what is known of a value before anything is run.
type info struct {
	kind     kind
	shape    []int    // -1: not known
	constant *tensor  // the value itself
	classes  []string // of the columns of a ZipMap
}

func (i *info) width() int { return i.shape[len(i.shape)-1] }

// A maker makes the operator of a node, and says what its outputs are, or that
// the node is not understood.
type maker func(c *compiler, n *node, in []*info) (operator, []info, error)

func makers() map[string]maker {
	return map[string]maker{
		"ai.onnx.ml/TreeEnsembleRegressor":  makeTrees,
		"ai.onnx.ml/TreeEnsembleClassifier": makeTrees,
		"ai.onnx.ml/TreeEnsemble":           makeTrees,
		"ai.onnx.ml/ZipMap":                 makeZipMap,
		"ai.onnx.ml/ArrayFeatureExtractor":  makeExtract,
		"ai.onnx.ml/Scaler":                 makeScaler,
		"ai.onnx.ml/Normalizer":             makeNormalizer,
		"/Identity":                         makeIdentity,
		"/Cast":                             makeCast,
		"/Reshape":                          makeReshape,
		"/Flatten":                          makeFlatten,
		"/Concat":                           makeConcat,
		"/ArgMax":                           makeArgMax,
		"/ReduceMean":                       makeMean,
		"/Add":                              makeArithmetic,
		"/Sub":                              makeArithmetic,
		"/Mul":                              makeArithmetic,
		"/Div":                              makeArithmetic,
		"/Sum":                              makeArithmetic,
		"/Exp":                              makeExp,
	}
}

// pass hands its input on, under another name and perhaps shape.
type pass struct{}

func (pass) run(in, out []*tensor) error {
	out[0].take(in[0])
	return nil
}

// take makes t what other is.
func (t *tensor) take(other *tensor) {
	t.kind, t.shape = other.kind, other.shape
	t.f32, t.f64, t.i64, t.str = other.f32, other.f64, other.i64, other.str
}

func makeIdentity(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1); err != nil {
		return nil, nil, err
	}
	return pass{}, []info{{kind: in[0].kind, shape: in[0].shape}}, nil
}

// arity refuses nodes that have not the given number of inputs and one output.
func arity(n *node, in []*info, inputs int, attributes ...string) error {
	if len(in) != inputs || len(n.outputs) != 1 {
		return fmt.Errorf("it has %d inputs and %d outputs", len(in), len(n.outputs))
	}
	return n.attributes.only(attributes...)
}

func makeZipMap(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1, "classlabels_int64s", "classlabels_strings"); err != nil {
		return nil, nil, err
	}
	classes, err := n.attributes.classes()
	if err != nil {
		return nil, nil, err
	}
	if in[0].kind != single || len(in[0].shape) != 2 || in[0].width() != len(classes) {
		return nil, nil, fmt.Errorf("it has %d classes for an input of shape %v", len(classes), in[0].shape)
	}
	return pass{}, []info{{kind: single, shape: in[0].shape, classes: classes}}, nil
}

// A cast changes the type of numbers.
type cast struct{ to kind }

func makeCast(_ *compiler, n *node, in []*info) (operator, []info, error) {
	if err := arity(n, in, 1, "to", "saturate"); err != nil {
		return nil, nil, err
	}
	to, err := n.attributes.whole("to", 0)
	if err != nil {
		return nil, nil, err
	}
	from, c := in[0].kind, cast{kind(to)}
	out := []info{{kind: c.to, shape: in[0].shape}}
	switch {
	case c.to == from:
		return pass{}, out, nil
	case c.to == single && (from == double64 || from == int64s || from == int32s),
		c.to == double64 && (from == single || from == int64s || from == int32s),
		c.to == int64s && (from == single || from == double64 || from == int32s):
		return c, out, nil
	}
	return nil, nil, fmt.Errorf("it makes elements of type %d of type %d", to, from)
}

func (c cast) run(in, out []*tensor) error {
	from, to := in[0], out[0]
	to.kind, to.shape = c.to, from.shape
	switch c.to {
	case single:
		to.f32 = from.floats()
	case double64:
		to.f64 = from.doubles()
	default:
		to.i64 = from.integers()
	}
	return nil
}

// integers are numbers as int64, without what follows the point.
func (t *tensor) integers() []int64 {
	switch t.kind {
	case single:
		return convert[int64](t.f32)
	case double64:
		return convert[int64](t.f64)
	}
	return t.i64
}

// floats are numbers as float32.
func (t *tensor) floats() []float32 {
	switch t.kind {
	case single:
		return t.f32
	case double64:
		return convert[float32](t.f64)
	}
	return convert[float32](t.i64)
}

// doubles are numbers as float64.
func (t *tensor) doubles() []float64 {
	switch t.kind {
	case single:
		return convert[float64](t.f32)
	case double64:
		return t.f64
	}
	return convert[float64](t.i64)
}

func convert[D, S float | int64](list []S) []D {
	out := make([]D, len(list))
	for i, v := range list {
		out[i] = D(v)
	}
	return out
}

// sameShape says whether shapes are equal.
func sameShape(a, b []int) bool { return slices.Equal(a, b) }
