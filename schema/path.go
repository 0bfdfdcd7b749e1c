package schema

import (
	"strings"

	"github.com/leat-ml/leat/serve"
)

// Select is the type of what input_path, a dotted path, names in the values of a
// type: see oip.Select.
func Select(t Type, path string) (Type, error) {
	if path == "" {
		return t, nil
	}
	null := Never
	for _, key := range strings.Split(path, ".") {
		null = Join(null, t.Narrow(Null))
		t = t.Narrow(^Null & every)
		if t.IsNever() {
			return null, nil
		}
		if !t.Can(Object) && null.IsNever() {
			return Never, Fails("input_path %q: it supports only dict-like event bodies, and %q is looked up in %s", path, key, t)
		}
		member, may, sure := t.Field(key)
		if !may {
			member = Never
		}
		if !sure {
			null = Join(null, Const(nil))
		}
		t = member
	}
	return Join(t, null), nil
}

// Place is the type of what result_path makes of values of a type and results of
// another: see oip.Place.
func Place(t Type, path string, result Type) (Type, error) {
	if path == "" || result.IsNever() || t.IsNever() {
		return result, nil
	}
	placed, err := place(t.Narrow(^Null&every), serve.SplitPath(path), result)
	if err == nil {
		return Join(placed, falsy(t, result)), nil
	}
	if t.Can(Null) || !t.Is(Object) && !falsy(t, result).IsNever() {
		return result, Doubt("%v, unless it is empty", err) // what is null, zero or empty becomes the result
	}
	return Never, err
}

// falsy is the result where a value of t may be one that the result takes the
// place of.
func falsy(t, result Type) Type {
	fields, _ := t.Fields()
	for _, f := range fields {
		if t.Is(Object) && !f.Optional {
			return Never
		}
	}
	if t.Is(List) && t.Len() > 0 {
		return Never
	}
	if v, ok := t.Const(); ok && v != "" && v != false && v != int64(0) && v != 0.0 {
		return Never
	}
	return result
}

func place(t Type, keys []string, result Type) (Type, error) {
	if len(keys) == 0 {
		return result, nil
	}
	if !t.Can(Object | Null) {
		return Never, Fails("result_path: %q is inside something that is not an object, but %s", keys[0], t)
	}
	child, may, sure := t.Field(keys[0])
	if !may {
		child = Never
	}
	if !sure {
		child = Join(child, Const(nil))
	}
	placed, err := place(child, keys[1:], result)
	if err != nil {
		return Never, err
	}
	out := Never
	if t.Can(Object) {
		out = t.Narrow(Object).With(Field{Name: keys[0], Type: placed})
	}
	if t.Can(Null) {
		out = Join(out, Record(false, Field{Name: keys[0], Type: placed}))
	}
	return out, nil
}
