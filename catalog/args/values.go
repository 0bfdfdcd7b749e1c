package args

import (
	"context"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	funcType     = reflect.TypeFor[catalog.Func]()
)

// value decodes one value into dst.
func (d Decoder) value(path string, v any, dst reflect.Value, problems *Error) {
	if own, ok := dst.Addr().Interface().(Value); ok {
		if err := own.DecodeArg(d, v); err != nil {
			problems.add(path, "%v", err)
		}
		return
	}
	switch dst.Type() {
	case durationType:
		d.seconds(path, v, dst, problems)
		return
	case funcType:
		f, err := d.Function(v)
		if err != nil {
			problems.add(path, "%v", err)
			return
		}
		dst.Set(reflect.ValueOf(f))
		return
	}
	d.kind(path, v, dst, problems)
}

func (d Decoder) kind(path string, v any, dst reflect.Value, problems *Error) {
	switch dst.Kind() {
	case reflect.String, reflect.Bool:
		if rv := reflect.ValueOf(v); rv.IsValid() && rv.Kind() == dst.Kind() {
			dst.Set(rv.Convert(dst.Type()))
			return
		}
		want := map[reflect.Kind]string{reflect.String: "text", reflect.Bool: "true or false"}[dst.Kind()]
		problems.add(path, "must be %s, found %s", want, Describe(v))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.integer(path, v, dst, problems)
	case reflect.Float64, reflect.Float32:
		f, ok := Float(v)
		if !ok {
			problems.add(path, "must be a number, found %s", Describe(v))
			return
		}
		dst.SetFloat(f)
	case reflect.Interface:
		if v != nil {
			dst.Set(reflect.ValueOf(v))
		}
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		d.value(path, v, dst.Elem(), problems)
	case reflect.Slice:
		d.list(path, v, dst, problems)
	case reflect.Map:
		d.mapping(path, v, dst, problems)
	case reflect.Struct:
		values, ok := Mapping(v)
		if !ok {
			problems.add(path, "must be a mapping, found %s", Describe(v))
			return
		}
		d.object(path, values, dst, problems)
	default:
		problems.add(path, "has a type that this class cannot read: %s", dst.Type())
	}
}

func (d Decoder) integer(path string, v any, dst reflect.Value, problems *Error) {
	f, ok := Float(v)
	if !ok || f != math.Trunc(f) || math.Abs(f) >= 1<<53 || dst.OverflowInt(int64(f)) {
		problems.add(path, "must be a whole number, found %s", Describe(v))
		return
	}
	dst.SetInt(int64(f))
}

// longest is the largest number of seconds that a duration holds.
const longest = float64(math.MaxInt64 / int64(time.Second))

func (d Decoder) seconds(path string, v any, dst reflect.Value, problems *Error) {
	f, ok := Float(v)
	if !ok || f < 0 || f > longest {
		problems.add(path, "must be a number of seconds, found %s", Describe(v))
		return
	}
	dst.SetInt(int64(f * float64(time.Second)))
}

func (d Decoder) list(path string, v any, dst reflect.Value, problems *Error) {
	items, ok := List(v)
	if !ok {
		items = []any{v}
	}
	out := reflect.MakeSlice(dst.Type(), len(items), len(items))
	for i, item := range items {
		if item != nil || dst.Type().Elem().Kind() == reflect.Interface {
			d.value(fmt.Sprintf("%s[%d]", path, i), item, out.Index(i), problems)
			continue
		}
		problems.add(fmt.Sprintf("%s[%d]", path, i), "is null")
	}
	dst.Set(out)
}

func (d Decoder) mapping(path string, v any, dst reflect.Value, problems *Error) {
	values, ok := Mapping(v)
	if !ok {
		problems.add(path, "must be a mapping, found %s", Describe(v))
		return
	}
	out := reflect.MakeMapWithSize(dst.Type(), len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		item := reflect.New(dst.Type().Elem()).Elem()
		if values[key] == nil && item.Kind() != reflect.Interface {
			problems.add(join(path, key), "is null")
			continue
		}
		d.value(join(path, key), values[key], item, problems)
		out.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), item)
	}
	dst.Set(out)
}

// Function is the function that v is or names. The error says what v is
// instead, without the name of the argument.
func (d Decoder) Function(v any) (catalog.Func, error) {
	switch v := v.(type) {
	case catalog.Func:
		return v, nil
	case func(context.Context, any) (any, error):
		return v, nil
	case string:
		if d.Func == nil {
			return nil, fmt.Errorf("must be a function, found %s; a key that names one begins with _", Describe(v))
		}
		f, err := d.Func(v)
		if err != nil {
			return nil, fmt.Errorf("must be a function: %w", err)
		}
		return f, nil
	}
	return nil, fmt.Errorf("must be a function, found %s", Describe(v))
}

// Float is v as a number; ok is false when it is none.
func Float(v any) (f float64, ok bool) {
	switch rv := reflect.ValueOf(v); rv.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return float64(rv.Int()), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return float64(rv.Uint()), true
	case reflect.Float32, reflect.Float64:
		f = rv.Float()
		return f, !math.IsNaN(f)
	}
	return 0, false
}

// List is v as a list; ok is false when it is none.
func List(v any) (items []any, ok bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case *serve.Tensor:
		items, ok = v.Rows().([]any)
		return items, ok
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice || rv.Type().Elem().Kind() == reflect.Uint8 {
		return nil, false
	}
	items = make([]any, rv.Len())
	for i := range items {
		items[i] = rv.Index(i).Interface()
	}
	return items, true
}

// Mapping is v as a mapping; ok is false when it is none.
func Mapping(v any) (values map[string]any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case *serve.Object:
		return maps.Collect(v.All()), true
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Map || rv.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	values = make(map[string]any, rv.Len())
	for _, key := range rv.MapKeys() {
		values[key.String()] = rv.MapIndex(key).Interface()
	}
	return values, true
}

// Describe tells what v is, for an error about a wrong value: text and numbers
// as they are, cut when they are long, else the kind.
func Describe(v any) string {
	const long = 40
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if r := []rune(v[:min(len(v), 8*long)]); len(r) > long || len(v) > 8*long {
			return fmt.Sprintf("%q…", string(r[:min(len(r), long)]))
		}
		return fmt.Sprintf("%q", v)
	case bool:
		return fmt.Sprint(v)
	case catalog.Func:
		return "a function"
	}
	if _, ok := Float(v); ok {
		return fmt.Sprint(v)
	}
	if _, ok := Mapping(v); ok {
		return "a mapping"
	}
	if _, ok := List(v); ok {
		return "a list"
	}
	return fmt.Sprintf("a value of type %T", v)
}
