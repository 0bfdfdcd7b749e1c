package expr

import "strings"

// concatenate is a + b of sequences.
func (r *run) concatenate(a, b any) (any, error) {
	switch x := a.(type) {
	case string:
		return nil, typeError(`can only concatenate str (not "%s") to str`, typeName(b))
	case tuple:
		y, ok := b.(tuple)
		if !ok {
			return nil, typeError(`can only concatenate tuple (not "%s") to tuple`, typeName(b))
		}
		list, err := r.join(x, y)
		return tuple(list), err
	}
	if typeName(a) != "list" {
		return nil, unsupported(add, a, b)
	}
	if typeName(b) != "list" {
		return nil, typeError(`can only concatenate list (not "%s") to list`, typeName(b))
	}
	x, err := r.elements(a)
	if err != nil {
		return nil, err
	}
	y, err := r.elements(b)
	if err != nil {
		return nil, err
	}
	return r.join(x, y)
}

func (r *run) join(x, y []any) ([]any, error) {
	if err := r.spend(element * (1 + len(x) + len(y))); err != nil {
		return nil, err
	}
	return append(append(make([]any, 0, len(x)+len(y)), x...), y...), nil
}

// repeat is a * b of a sequence and an integer, in either order.
func (r *run) repeat(a, b any) (any, error) {
	sequence, count := a, b
	if !repeatable(a) {
		sequence, count = b, a
	}
	if !repeatable(sequence) {
		return nil, unsupported(multiply, a, b)
	}
	n, ok := integer(count)
	if !ok {
		return nil, typeError("can't multiply sequence by non-int of type '%s'", typeName(count))
	}
	if s, ok := sequence.(string); ok {
		times, err := r.times(n, len(s))
		return strings.Repeat(s, times), err
	}
	list, err := r.elements(sequence)
	if err != nil {
		return nil, err
	}
	times, err := r.times(n, element*len(list))
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, times*len(list))
	for range times {
		out = append(out, list...)
	}
	if _, ok := sequence.(tuple); ok {
		return tuple(out), nil
	}
	return out, nil
}

func repeatable(v any) bool {
	switch typeName(v) {
	case "str", "list", "tuple":
		return true
	}
	return false
}

// times accounts for n copies of something of that size; for none if it fails.
func (r *run) times(n int64, size int) (int, error) {
	if n <= 0 || size == 0 {
		return 0, nil
	}
	if n > budget {
		return 0, r.spend(budget + 1)
	}
	if err := r.spend(int(min(n*int64(size), budget+1))); err != nil {
		return 0, err
	}
	return int(n), nil
}
