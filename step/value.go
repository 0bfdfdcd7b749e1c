package step

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// truthy is Python's notion of it, by which storey filters and chooses.
func truthy(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case nil:
		return false
	case string:
		return v != ""
	case int64:
		return v != 0
	case int:
		return v != 0
	case float64:
		return v != 0
	case serve.Number:
		return strings.ContainsAny(string(v), "123456789")
	case *serve.Object:
		return v.Len() > 0
	case *serve.Tensor:
		return len(v.Shape) > 0 && v.Shape[0] > 0 || len(v.Shape) == 0 && v.Len() > 0 && truthy(v.At(0))
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	if f, ok := args.Float(v); ok {
		return f != 0
	}
	return true
}

// object is v as an object; ok is false when it is none. The members of a Go
// map come in the order of their keys.
func object(v any) (o *serve.Object, ok bool) {
	switch v := v.(type) {
	case *serve.Object:
		return v, v != nil
	case map[string]any:
		fields := make([]serve.Field, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			fields = append(fields, serve.Field{Key: key, Value: v[key]})
		}
		return serve.NewObject(fields...), true
	}
	return nil, false
}

// elements are the items of a list; ok is false when v is none. A tensor's
// items are its rows, or its numbers.
func elements(v any) (items []any, ok bool) {
	t, isTensor := v.(*serve.Tensor)
	if !isTensor {
		return args.List(v)
	}
	if len(t.Shape) == 0 {
		return nil, false
	}
	if t.Datatype == serve.FP64 && t.Source() != nil {
		if items, ok := written(t); ok {
			return items, true
		}
	}
	if len(t.Shape) == 1 {
		items = make([]any, t.Len())
		for i := range items {
			items[i] = t.At(i)
		}
		return items, true
	}
	return rows(t), true
}

// written are the items of a tensor as its JSON text has them: only that tells
// 1 from 1.0 where they stand side by side.
func written(t *serve.Tensor) (items []any, ok bool) {
	items = make([]any, 0, t.Shape[0])
	depth, start := 0, -1
	for i, c := range t.Source() {
		end := false
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
			end = depth == 0
		case c == ',':
			end = depth == 1
		}
		switch {
		case end && start >= 0:
			item, err := oip.ParseValue(t.Source()[start:i])
			if err != nil {
				return nil, false
			}
			items, start = append(items, item), -1
		case start < 0 && (depth == 1 && c > ' ' && c != '[' && c != ',' || depth == 2 && c == '['):
			start = i
		}
	}
	return items, len(items) == t.Shape[0]
}

// rows are the tensors along the first dimension; they share the elements.
func rows(t *serve.Tensor) []any {
	n, shape := t.Shape[0], t.Shape[1:]
	items := make([]any, n)
	width, _ := serve.Elements(shape)
	for i := range items {
		if t.Datatype == serve.Bytes {
			items[i] = serve.NewBytes("", t.Strings()[i*width:(i+1)*width], shape...)
			continue
		}
		size := width * t.Datatype.Size()
		row, err := serve.MakeTensor("", t.Datatype, shape, t.Raw()[i*size:(i+1)*size])
		if err != nil { // cannot be: the tensor holds its shape
			return items[:i]
		}
		items[i] = &row
	}
	return items
}

// keyText is a value as the text that a key is compared by; ok is false for
// what is no key: null, lists and objects.
func keyText(v any) (key string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case serve.Number:
		return string(v), true
	}
	if f, ok := args.Float(v); ok {
		return strconv.FormatFloat(f, 'g', -1, 64), true
	}
	return "", false
}

// document is a value from a spec as steps and expressions have it: objects for
// mappings, tensors for arrays of numbers.
func document(v any) (any, error) {
	text, err := oip.AppendValue(nil, v)
	if err != nil {
		return nil, err
	}
	return oip.ParseValue(text)
}
