package v2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// A typedTensor is what is known of a tensor of OIP.
type typedTensor struct {
	name     string
	named    bool // name is known
	datatype serve.Datatype
	typed    bool  // datatype is known
	shape    []int // -1 where a length is not known
	shaped   bool  // the number of dimensions is known
}

// tensors checks inputs in OIP.
func (f *fitter) tensors(body schema.Type, items []schema.Type) error {
	all, named := make([]typedTensor, len(items)), true
	for i, t := range items {
		if !t.Can(schema.Object | schema.Other) {
			return schema.Fails("inputs[%d] is no tensor, but %s, and others are", i, t)
		}
		if !t.Is(schema.Object) {
			return nil
		}
		if text, wrong := badDatatype(t); wrong {
			return schema.Fails("inputs[%d]: %q is no datatype", i, text)
		}
		all[i] = tensorType(t)
		data, _, _ := t.Field("data")
		if bad, found := misfit(data, schema.Any.Kinds()&^schema.Text); found && all[i].typed && all[i].datatype.Numeric() {
			return schema.Fails("inputs[%d] is of datatype %s, and has %s", i, all[i].datatype, bad)
		}
		named = named && all[i].named
	}
	if err := f.wanted(body); err != nil {
		return err
	}
	specs := f.d.Inputs
	switch {
	case len(specs) == 0:
		return f.features(all, named)
	case f.byColumn(all):
		return f.byName(all, named)
	case len(all) == 1 && len(specs) == 1:
		return all[0].fits(&specs[0])
	case !named:
		return nil
	}
	return f.byInput(all)
}

// wanted checks the names of the outputs that are asked for.
func (f *fitter) wanted(body schema.Type) error {
	if len(f.d.Outputs) == 0 {
		return nil
	}
	outputs, _, sure := body.Field("outputs")
	items, ok := outputs.Items()
	if !sure || !ok {
		return nil
	}
	for _, t := range items {
		field, _, _ := t.Field("name")
		v, _ := field.Const()
		name, ok := v.(string)
		if ok && t.Is(schema.Object) && !slices.ContainsFunc(f.d.Outputs, func(s serve.TensorSpec) bool { return s.Name == name }) {
			return schema.Fails("there is no output %q: the model has %s", name, specNames(f.d.Outputs))
		}
	}
	return nil
}

func tensorType(t schema.Type) typedTensor {
	var out typedTensor
	name, _, _ := t.Field("name")
	v, _ := name.Const()
	out.name, out.named = v.(string)
	datatype, _, _ := t.Field("datatype")
	if v, ok := datatype.Const(); ok {
		if text, ok := v.(string); ok {
			out.datatype, out.typed = serve.ParseDatatype(text), true
		}
	}
	shape, _, _ := t.Field("shape")
	if n := shape.Len(); shape.Is(schema.List) && n >= 0 {
		out.shaped, out.shape = true, make([]int, n)
		items, known := shape.Items()
		for i := range out.shape {
			out.shape[i] = -1
			if known {
				if v, ok := items[i].Const(); ok {
					if length, ok := v.(int64); ok && length >= 0 && length < 1<<31 {
						out.shape[i] = int(length)
					}
				}
			}
		}
	}
	return out
}

func badDatatype(t schema.Type) (string, bool) {
	field, _, _ := t.Field("datatype")
	v, _ := field.Const()
	text, ok := v.(string)
	return text, ok && serve.ParseDatatype(text) == serve.Invalid
}

// byColumn is byColumn for types: more than one input can only be columns where
// the model's input is a matrix with named ones.
func (f *fitter) byColumn(all []typedTensor) bool {
	d := f.d
	if len(d.Inputs) != 1 || len(d.Features) == 0 || len(all) < 2 {
		return false
	}
	s := &d.Inputs[0]
	return s.Datatype.Numeric() && len(s.Shape) == 2 && s.Shape[1] == len(d.Features)
}

// byName wants an input for each feature.
func (f *fitter) byName(all []typedTensor, named bool) error {
	if !named {
		return nil
	}
	names := featureNames(f.d.Features)
	for _, t := range all {
		if !slices.Contains(names, t.name) {
			return schema.Fails("there is no input %q: the model has the features %s", t.name, fewNames(f.d.Features))
		}
	}
	if missing := lacking(names, all); len(missing) > 0 {
		return schema.Fails("inputs are missing: %s", fewOf(missing))
	}
	return nil
}

func lacking(names []string, all []typedTensor) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.ContainsFunc(all, func(t typedTensor) bool { return t.name == name })
	})
}

// byInput is fitTensors for types.
func (f *fitter) byInput(all []typedTensor) error {
	specs := f.d.Inputs
	for _, t := range all {
		at := slices.IndexFunc(specs, func(s serve.TensorSpec) bool { return s.Name == t.name })
		if at < 0 {
			return schema.Fails("there is no input %q: the model takes %s", t.name, specNames(specs))
		}
		if err := t.fits(&specs[at]); err != nil {
			return err
		}
	}
	var names []string
	for i := range specs {
		if !specs[i].Optional {
			names = append(names, specs[i].Name)
		}
	}
	if missing := lacking(names, all); len(missing) > 0 {
		return schema.Fails("inputs are missing: %s", fewOf(missing))
	}
	return nil
}

// features is fitFeatures for types.
func (f *fitter) features(all []typedTensor, named bool) error {
	want := len(f.d.Features)
	if len(all) == 1 {
		t := &all[0]
		if !t.shaped || len(t.shape) < 2 || slices.Contains(t.shape, -1) || slices.Contains(t.shape, 0) {
			return nil
		}
		if n, ok := serve.Elements(t.shape[1:]); ok && n != want {
			return schema.Fails("the inputs have %s, but the model takes %d%s", columnsText(n), want, f.named())
		}
		return nil
	}
	if len(all) > want {
		return schema.Fails("there are %d inputs, but the model has %d features", len(all), want)
	}
	if missing := lacking(featureNames(f.d.Features), all); named && len(missing) > 0 {
		return schema.Fails("inputs are missing: %s", fewOf(missing))
	}
	return nil
}

// fits is fits for types.
func (t *typedTensor) fits(s *serve.TensorSpec) error {
	if t.typed && t.datatype != s.Datatype && (!s.AnyNumber || !t.datatype.Numeric()) && s.Datatype != serve.Invalid {
		return schema.Fails("input %q has datatype %s, but the model takes %s", t.name, t.datatype, s.Datatype)
	}
	if t.shaped && !mayFit(t.shape, s.Shape) {
		return schema.Fails("input %q has shape %s, but the model takes %s", t.name, shapeText(t.shape), shapeText(s.Shape))
	}
	return nil
}

// shapeText is a shape with ? for lengths that are not known or any.
func shapeText(shape []int) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		if parts[i] = strconv.Itoa(n); n < 0 {
			parts[i] = "?"
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}
