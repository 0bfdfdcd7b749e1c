package oip

import (
	"strings"

	"github.com/leat-ml/leat/serve"
)

// Select returns the part of b that a dotted path names, as input_path does:
// null when a member is missing, and an error when something on the way is no
// object. An empty path selects all of b. Numbers index into nothing: paths
// name members of objects only.
func Select(b serve.Body, path string) (serve.Body, error) {
	if path == "" {
		return b, nil
	}
	v, err := Value(b)
	if err != nil {
		return serve.Body{}, err
	}
	for _, key := range strings.Split(path, ".") {
		if v == nil {
			break
		}
		o, ok := v.(*serve.Object)
		if !ok {
			return serve.Body{}, serve.Errorf(serve.BadRequest, "TypeError", "input_path parameter supports only dict-like event bodies")
		}
		v, _ = o.Value(key)
	}
	return serve.ValueBody(v), nil
}

// Place returns the body that results when result is written into b at a
// dotted path, as result_path does: parents are made where they are missing,
// and a dot in a key is written \. in the path. With an empty path, or when b
// is empty, null, zero, false or without members, the result is all of it.
func Place(b serve.Body, path string, result serve.Body) (serve.Body, error) {
	if path == "" {
		return result, nil
	}
	whole, err := Value(b)
	if err != nil {
		return serve.Body{}, err
	}
	if !truthy(whole) {
		return result, nil
	}
	v, err := Value(result)
	if err != nil {
		return serve.Body{}, err
	}
	placed, err := place(whole, serve.SplitPath(path), v)
	if err != nil {
		return serve.Body{}, err
	}
	return serve.ValueBody(placed), nil
}

func place(in any, keys []string, v any) (any, error) {
	if len(keys) == 0 {
		return v, nil
	}
	o, ok := in.(*serve.Object)
	if !ok {
		if in != nil {
			return nil, serve.Errorf(serve.BadRequest, "TypeError", "result_path: %q is inside something that is not an object", keys[0])
		}
		o = serve.NewObject()
	}
	child, _ := o.Value(keys[0])
	placed, err := place(child, keys[1:], v)
	if err != nil {
		return nil, err
	}
	return o.With(keys[0], placed), nil
}

// truthy is Python's notion, which MLRun decides by.
func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case *serve.Tensor:
		return len(v.Shape) == 0 || v.Shape[0] > 0
	case *serve.Object:
		return v.Len() > 0
	}
	return true
}
