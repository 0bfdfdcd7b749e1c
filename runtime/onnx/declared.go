package onnx

import (
	"fmt"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// refine takes over what a declaration beside the model knows better than the
// file, lengths that the file leaves open, and refuses one that contradicts it.
// what is "input" or "output".
func refine(what string, found, declared []serve.TensorSpec) ([]serve.TensorSpec, error) {
	refined := slices.Clone(found)
	for _, d := range declared {
		at := slices.IndexFunc(found, func(f serve.TensorSpec) bool { return f.Name == d.Name })
		if at < 0 {
			return nil, fmt.Errorf("%s %q is declared, but the model has none of that name, only %s", what, d.Name, names(found))
		}
		f := found[at]
		if d.Datatype != serve.Invalid && d.Datatype != f.Datatype {
			return nil, fmt.Errorf("%s %q is declared as %s, but in the model it is %s", what, d.Name, d.Datatype, f.Datatype)
		}
		shape, ok := narrow(f.Shape, d.Shape)
		if !ok {
			return nil, fmt.Errorf("%s %q is declared with shape %v, but in the model it has %v", what, d.Name, d.Shape, f.Shape)
		}
		refined[at].Shape = shape
	}
	return refined, nil
}

// narrow is the shape that fits both; nil stands for any.
func narrow(found, declared []int) ([]int, bool) {
	switch {
	case declared == nil:
		return found, true
	case found == nil:
		return declared, true
	case len(found) != len(declared):
		return nil, false
	}
	shape := slices.Clone(found)
	for i, n := range declared {
		switch {
		case n < 0:
		case shape[i] < 0:
			shape[i] = n
		case shape[i] != n:
			return nil, false
		}
	}
	return shape, true
}

func names(specs []serve.TensorSpec) []string {
	list := make([]string, len(specs))
	for i, s := range specs {
		list[i] = s.Name
	}
	return list
}
