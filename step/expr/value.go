package expr

import (
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// The values of the language are: nil, bool, int64, float64, string and
// serve.Number; []any, *serve.Tensor and *rows as lists, tuple; *serve.Object,
// map[string]any and *dict as dicts; pytype, and *serve.Event and *catalog.Env,
// which have attributes. A value of another Go type can be passed on.

// tuple is what is written (a, b). A body has it as a list.
type tuple []any

// pytype is a type as isinstance takes it.
type pytype string

// types are those that isinstance knows.
var types = map[string]pytype{
	"int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "dict": "dict", "tuple": "tuple",
}

// plain makes a value of the language of a Go value.
func plain(v any) any {
	switch x := v.(type) {
	case nil, bool, int64, float64, string, *serve.Object, []any, *dict, tuple, *rows, map[string]any, *serve.Event:
		return v
	case *serve.Tensor:
		if len(x.Shape) == 0 {
			return plainScalar(x)
		}
		return v
	}
	return plainOther(v)
}

func plainScalar(t *serve.Tensor) any {
	if t.Len() != 1 {
		return []any{}
	}
	return plain(t.At(0))
}

func plainOther(v any) any {
	switch x := v.(type) {
	case int:
		return int64(x)
	case int32:
		return int64(x)
	case int16:
		return int64(x)
	case int8:
		return int64(x)
	case uint8:
		return int64(x)
	case uint16:
		return int64(x)
	case uint32:
		return int64(x)
	case uint:
		return unsigned(uint64(x))
	case uint64:
		return unsigned(x)
	case float32:
		return float64(x)
	case []byte:
		return string(x)
	case *serve.Response:
		if o, err := oip.Value(serve.ValueBody(x)); err == nil {
			return o
		}
	}
	return plainSlice(v)
}

func unsigned(u uint64) any {
	if u > math.MaxInt64 {
		return serve.Number(fmt.Sprint(u))
	}
	return int64(u)
}

// plainSlice makes lists of the slices that steps in Go return.
func plainSlice(v any) any {
	switch x := v.(type) {
	case []float64:
		return serve.NewTensor("", x)
	case []float32:
		return serve.NewTensor("", x)
	case []int64:
		return serve.NewTensor("", x)
	case []int32:
		return serve.NewTensor("", x)
	case []bool:
		return serve.NewTensor("", x)
	case []string:
		return serve.NewBytes("", x)
	case []int:
		return anys(x)
	case [][]float64:
		return anys(x)
	case [][]float32:
		return anys(x)
	case [][]int64:
		return anys(x)
	case []map[string]any:
		return anys(x)
	case []*serve.Object:
		return anys(x)
	}
	return v
}

func anys[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = plain(v)
	}
	return out
}

// typeName is what Python calls the type of v.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any, *serve.Tensor, *rows:
		return "list"
	case tuple:
		return "tuple"
	case *serve.Object, *dict, map[string]any:
		return "dict"
	case serve.Number:
		if whole(v) {
			return "int"
		}
		return "float"
	case pytype:
		return "type"
	case *serve.Event:
		return "Event"
	case *catalog.Env:
		return "GraphContext"
	}
	return fmt.Sprintf("%T", v)
}

// whole says whether a number is written as an integer.
func whole(n serve.Number) bool { return !strings.ContainsAny(string(n), ".eE") }

// truth is bool(v).
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case nil:
		return false
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	}
	if n, ok := length(v); ok {
		return n > 0
	}
	return true
}

// length is the number of elements or members of what has any.
func length(v any) (n int, ok bool) {
	switch v := v.(type) {
	case []any:
		return len(v), true
	case tuple:
		return len(v), true
	case *serve.Tensor:
		return v.Shape[0], len(v.Shape) > 0
	case *rows:
		return v.shape[0], true
	}
	if m, ok := members(v); ok {
		return m.size(), true
	}
	return 0, false
}

// integer is v as int64, if it is an int or a bool.
func integer(v any) (i int64, ok bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// big is a number that Go's have no room for: an integer as it is, anything
// else as the float that Python makes of it.
func bigNumber(n serve.Number) (i *big.Int, f float64, err error) {
	const most = 4300 // digits, as in Python
	if len(n) > most {
		return nil, 0, valueError("exceeds the limit (%d digits) for integer string conversion", most)
	}
	if i, ok := new(big.Int).SetString(string(n), 10); ok {
		return i, 0, nil
	}
	f, _ = parseFloat(string(n))
	return nil, f, nil
}

// isNumber says whether v takes part in arithmetic.
func isNumber(v any) bool {
	switch v.(type) {
	case int64, float64, bool, serve.Number:
		return true
	}
	return false
}
