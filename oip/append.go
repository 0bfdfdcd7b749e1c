package oip

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// AppendBody appends what b carries: raw bytes as they are, a value as JSON.
func AppendBody(dst []byte, b serve.Body) ([]byte, error) {
	if v, ok := b.Value(); ok {
		return AppendValue(dst, v)
	}
	raw, _ := b.Raw()
	return append(dst, raw...), nil
}

// AppendValue appends v as JSON: what a decoded document is made of, a
// *[serve.Response], a *[serve.Request], Go numbers, strings, slices and maps of them, and anything
// else as encoding/json has it. NaN and infinities are written as null.
func AppendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case *serve.Response:
		return appendResponse(dst, v)
	case *serve.Request:
		return appendRequest(dst, v)
	case *serve.Tensor:
		return appendRows(dst, v), nil
	case []*serve.Tensor:
		return appendTensors(dst, v)
	case *serve.Object:
		return appendObject(dst, v)
	case []any:
		return appendList(dst, v)
	case map[string]any:
		return appendMap(dst, v)
	case json.RawMessage: // of our own making, or checked where it came in
		return append(dst, v...), nil
	}
	if out, ok := appendScalar(dst, v); ok {
		return out, nil
	}
	if out, ok := appendSlice(dst, v); ok {
		return out, nil
	}
	return appendForeign(dst, v)
}

func appendScalar(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case string:
		return jsontext.AppendString(dst, v), true
	case bool:
		return jsontext.AppendBool(dst, v), true
	case float64:
		return jsontext.AppendFloat64(dst, v), true
	case float32:
		return jsontext.AppendFloat32(dst, v), true
	case int:
		return jsontext.AppendInt64(dst, int64(v)), true
	case int64:
		return jsontext.AppendInt64(dst, v), true
	case int32:
		return jsontext.AppendInt64(dst, int64(v)), true
	case uint64:
		return jsontext.AppendUint64(dst, v), true
	case serve.Number:
		return append(dst, v...), true
	}
	return dst, false
}

func appendSlice(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case []float64:
		return append(jsontext.AppendFloat64s(append(dst, '['), v), ']'), true
	case []float32:
		return append(jsontext.AppendFloat32s(append(dst, '['), v), ']'), true
	case []int64:
		return append(jsontext.AppendInts(append(dst, '['), v), ']'), true
	case []int:
		dst = append(dst, '[')
		for i, n := range v {
			dst = jsontext.AppendInt64(comma(dst, i), int64(n))
		}
		return append(dst, ']'), true
	case []string:
		return append(jsontext.AppendStrings(append(dst, '['), v), ']'), true
	case [][]float64:
		dst = append(dst, '[')
		for i, row := range v {
			dst = append(jsontext.AppendFloat64s(append(comma(dst, i), '['), row), ']')
		}
		return append(dst, ']'), true
	case [][]float32:
		dst = append(dst, '[')
		for i, row := range v {
			dst = append(jsontext.AppendFloat32s(append(comma(dst, i), '['), row), ']')
		}
		return append(dst, ']'), true
	}
	return dst, false
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		return append(dst, ',')
	}
	return dst
}

func appendForeign(dst []byte, v any) ([]byte, error) {
	switch f := v.(type) { // encoding/json has no text for these either
	case float64:
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return append(dst, "null"...), nil
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return dst, fmt.Errorf("a value of type %T cannot be written as JSON: %w", v, err)
	}
	return append(dst, text...), nil
}

func appendList(dst []byte, list []any) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, v := range list {
		if dst, err = AppendValue(comma(dst, i), v); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendMap(dst []byte, m map[string]any) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		dst = append(jsontext.AppendString(comma(dst, i), key), ':')
		if dst, err = AppendValue(dst, m[key]); err != nil {
			return dst, fmt.Errorf("%s: %w", key, err)
		}
	}
	return append(dst, '}'), nil
}

func appendObject(dst []byte, o *serve.Object) (_ []byte, err error) {
	if src := o.Source(); src != nil {
		return append(dst, src...), nil
	}
	dst = append(dst, '{')
	for i, f := range o.Fields() {
		dst = append(jsontext.AppendString(comma(dst, i), f.Key), ':')
		if f.Source != nil {
			dst = append(dst, f.Source...)
			continue
		}
		if dst, err = AppendValue(dst, f.Value); err != nil {
			return dst, fmt.Errorf("%s: %w", f.Key, err)
		}
	}
	return append(dst, '}'), nil
}
