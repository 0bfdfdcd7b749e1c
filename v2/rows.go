package v2

import (
	"math"
	"slices"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// FromRows makes the input tensors of a model of the rows, scalars or feature
// dictionaries of MLRun's dialect: one tensor with as many columns as the
// schema says, or one tensor a feature. A nil Shape is any.
func FromRows(data any, d *serve.Description) ([]*serve.Tensor, error) {
	if list, ok := data.([]any); ok && len(list) > 0 && isDict(list[0]) {
		if len(d.Inputs) > 1 {
			return dictColumns(list, d.Inputs)
		}
		names := columnNames(d)
		if len(names) == 0 {
			return nil, badInput("the inputs are dictionaries, but the names of the model's features are not known")
		}
		rows, err := dictRows(list, names)
		if err != nil {
			return nil, err
		}
		data = rows
	}
	if len(d.Inputs) == 1 {
		t, err := toSpec(data, &d.Inputs[0])
		if err != nil {
			return nil, err
		}
		return []*serve.Tensor{t}, nil
	}
	return columns(data, d.Inputs)
}

// dictColumns stacks what each dictionary has for an input into its tensor.
func dictColumns(list []any, specs []serve.TensorSpec) ([]*serve.Tensor, error) {
	out := make([]*serve.Tensor, 0, len(specs))
	for i := range specs {
		column := make([]any, 0, len(list))
		for row, item := range list {
			o, ok := item.(*serve.Object)
			if !ok {
				return nil, badInput("row %d is not a dictionary, but others are", row)
			}
			v, ok := o.Value(specs[i].Name)
			if ok {
				column = append(column, v)
			} else if !specs[i].Optional {
				return nil, badInput("row %d has no %q", row, specs[i].Name)
			}
		}
		if len(column) == 0 && len(list) > 0 {
			continue // optional
		}
		t, err := toSpec(column, &specs[i])
		if err != nil && len(column) == 1 {
			t, err = toSpec(column[0], &specs[i]) // without a batch dimension
		}
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// columns splits rows into one tensor a column.
func columns(data any, specs []serve.TensorSpec) ([]*serve.Tensor, error) {
	leaves, shape, err := flatten(data)
	if err != nil {
		return nil, err
	}
	if len(shape) == 1 {
		shape = []int{1, shape[0]}
	}
	if len(shape) != 2 || (shape[1] != len(specs) && len(leaves) > 0) {
		return nil, badInput("the inputs have shape %v, but the model takes rows of %d: %s", shape, len(specs), specNames(specs))
	}
	out := make([]*serve.Tensor, len(specs))
	for i := range specs {
		column := make([]any, 0, shape[0])
		for at := i; at < len(leaves); at += len(specs) {
			column = append(column, leaves[at])
		}
		if out[i], err = toSpec(column, &specs[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// toSpec makes the tensor that a spec asks for of an array.
func toSpec(data any, s *serve.TensorSpec) (*serve.Tensor, error) {
	t, ok := data.(*serve.Tensor)
	if !ok {
		leaves, shape, err := flatten(data)
		if err != nil {
			return nil, err
		}
		if t, err = fromLeaves(leaves, shape, s.Datatype); err != nil {
			return nil, badInput("input %q: %w", s.Name, err)
		}
	}
	shape, ok := reshape(t.Shape, s.Shape)
	if !ok {
		return nil, badInput("the inputs have shape %v, but the model takes %v", t.Shape, s.Shape)
	}
	if !s.AnyNumber && s.Datatype != serve.Invalid && t.Datatype != s.Datatype {
		var err error
		if t, err = cast(t, s.Datatype); err != nil {
			return nil, badInput("input %q: %w", s.Name, err)
		}
	}
	if !slices.Equal(shape, t.Shape) {
		var err error
		if t, err = t.Reshaped(shape...); err != nil {
			return nil, badInput("input %q: %w", s.Name, err)
		}
	}
	return t.Named(s.Name), nil
}

// reshape is the shape that data of shape have takes to fit want: as it is, a
// single row made a batch of one, or scalars made rows of one column and back.
func reshape(have, want []int) ([]int, bool) {
	switch {
	case shapeFits(have, want):
		return have, true
	case len(have) == 1 && have[0] == 0 && len(want) > 1: // no rows at all
		have = append([]int{0}, want[1:]...)
		for i, n := range have {
			have[i] = max(n, 0)
		}
	case len(have) == 1 && len(want) == 2 && want[1] == 1:
		have = []int{have[0], 1}
	case len(have)+1 == len(want):
		have = append([]int{1}, have...)
	case len(have) == 2 && len(want) == 1 && have[1] == 1:
		have = have[:1]
	}
	return have, shapeFits(have, want)
}

// flatten lists the leaves of nested arrays in row-major order.
func flatten(data any) (leaves []any, shape []int, err error) {
	switch v := data.(type) {
	case *serve.Tensor:
		leaves = make([]any, v.Len())
		for i := range leaves {
			leaves[i] = v.At(i)
		}
		return leaves, v.Shape, nil
	case []any:
		shape = []int{len(v)}
		var inner []int
		for i, item := range v {
			more, s, err := flatten(item)
			if err != nil {
				return nil, nil, err
			}
			if i > 0 && !slices.Equal(s, inner) {
				return nil, nil, badInput("the inputs are ragged: item %d has shape %v, those before it %v", i, s, inner)
			}
			inner = s
			leaves = append(leaves, more...)
		}
		return leaves, append(shape, inner...), nil
	case *serve.Object:
		return nil, nil, badInput("a dictionary is where a value is wanted")
	}
	return []any{data}, nil, nil
}

// dense returns nested arrays of numbers as a tensor, anything else as it is.
func dense(data any) any {
	leaves, shape, err := flatten(data)
	if err != nil || len(leaves) == 0 {
		return data
	}
	dt := serve.Int64
	for _, leaf := range leaves {
		switch leaf.(type) {
		case int64:
		case float64:
			dt = serve.FP64
		default:
			return data
		}
	}
	t, err := fromLeaves(leaves, shape, dt)
	if err != nil {
		return data
	}
	return t
}

// fromLeaves makes a tensor of single values: of the datatype if it can hold
// them, which for numbers is seen to later.
func fromLeaves(leaves []any, shape []int, dt serve.Datatype) (*serve.Tensor, error) {
	switch dt {
	case serve.Bytes:
		return collect(leaves, func(v any) (string, bool) { s, ok := v.(string); return s, ok }, "a string", func(v []string) *serve.Tensor {
			return serve.NewBytes("", v, shape...)
		})
	case serve.Bool:
		return collect(leaves, asBool, "a boolean", func(v []bool) *serve.Tensor { return shaped(v, shape) })
	case serve.Uint64:
		return collect(leaves, asUint64, "an integer from 0 to 2^64-1", func(v []uint64) *serve.Tensor { return shaped(v, shape) })
	case serve.FP16, serve.BF16, serve.FP32, serve.FP64, serve.Invalid:
		return collect(leaves, asFloat64, "a number", func(v []float64) *serve.Tensor { return shaped(v, shape) })
	}
	return collect(leaves, asInt64, "an integer of 64 bits", func(v []int64) *serve.Tensor { return shaped(v, shape) })
}

func shaped[T serve.Element](v []T, shape []int) *serve.Tensor {
	if len(shape) == 0 {
		t, err := serve.NewTensor("", v).Reshaped()
		if err != nil {
			return nil
		}
		return t
	}
	return serve.NewTensor("", v, shape...)
}

func collect[T any](leaves []any, as func(any) (T, bool), want string, build func([]T) *serve.Tensor) (*serve.Tensor, error) {
	elems := make([]T, len(leaves))
	for i, leaf := range leaves {
		e, ok := as(leaf)
		if !ok {
			return nil, badInput("element %d is %s, not %s", i, shown(leaf), want)
		}
		elems[i] = e
	}
	return build(elems), nil
}

// shown is a value in an error: its JSON, cut when long.
func shown(v any) string {
	text, err := appendJSON(v)
	if err != nil {
		return "not JSON"
	}
	if len(text) > 40 {
		return string(text[:40]) + "…"
	}
	return string(text)
}

func asBool(v any) (b, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case int64:
		return v == 1, v == 0 || v == 1
	}
	return false, false
}

func asInt64(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

func asUint64(v any) (uint64, bool) {
	switch v := v.(type) {
	case int64:
		return uint64(v), v >= 0
	case serve.Number:
		u, err := jsontext.ParseUint64([]byte(v))
		return u, err == nil
	}
	return 0, false
}

func asFloat64(v any) (float64, bool) {
	switch v := v.(type) {
	case nil:
		return math.NaN(), true
	case serve.Number:
		f, err := jsontext.ParseFloat64([]byte(v))
		return f, err == nil
	}
	return serve.Number64(v)
}
