package expr

import (
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// item is x[key].
func (r *run) item(x, key any) (any, error) {
	switch x := x.(type) {
	case *serve.Object: // the commonest
		if s, ok := key.(string); ok {
			if v, ok := x.Value(s); ok {
				return plain(v), r.search(x.Len())
			}
		}
	case string:
		return r.character(x, key)
	case *serve.Tensor:
		view := rowsOf(x)
		i, err := position(key, "list", view.shape[0])
		if err != nil {
			return nil, err
		}
		return r.row(&view, i)
	case *rows:
		i, err := position(key, "list", x.shape[0])
		if err != nil {
			return nil, err
		}
		return r.row(x, i)
	case []any:
		return listItem(x, key, "list")
	case tuple:
		return listItem(x, key, "tuple")
	}
	if m, ok := members(x); ok {
		return dictItem(m, key)
	}
	return nil, typeError("'%s' object is not subscriptable", typeName(x))
}

// search accounts for looking through the members of a large object.
func (r *run) search(members int) error {
	if members <= element {
		return nil
	}
	return r.spend(members)
}

func dictItem(m membership, key any) (any, error) {
	if _, err := hashed(key); err != nil {
		return nil, err
	}
	v, ok := m.member(key)
	if !ok {
		return nil, raise("KeyError", "%s", keyRepr(key))
	}
	return v, nil
}

func listItem(list []any, key any, typ string) (any, error) {
	i, err := position(key, typ, len(list))
	if err != nil {
		return nil, err
	}
	return plain(list[i]), nil
}

// position is the index that key means in a sequence of n.
func position(key any, typ string, n int) (int, error) {
	i, ok := integer(key)
	if !ok {
		if typ == "string" {
			return 0, typeError("string indices must be integers, not '%s'", typeName(key))
		}
		return 0, typeError("%s indices must be integers or slices, not %s", typ, typeName(key))
	}
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		return 0, raise("IndexError", "%s index out of range", typ)
	}
	return int(i), nil
}

func (r *run) character(s string, key any) (any, error) {
	if err := r.spend(len(s) / element); err != nil {
		return nil, err
	}
	n := utf8.RuneCountInString(s)
	i, err := position(key, "string", n)
	if err != nil {
		return nil, err
	}
	if n == len(s) {
		return s[i : i+1], nil
	}
	return string([]rune(s)[i]), nil
}

// slice is x[from:to:step].
func (r *run) slice(x any, bounds [3]any) (any, error) {
	if s, ok := x.(string); ok {
		return r.substring(s, bounds)
	}
	n, ok := length(x)
	if _, isDict := members(x); isDict {
		return nil, typeError("unhashable type: 'slice'")
	}
	if !ok {
		return nil, typeError("'%s' object is not subscriptable", typeName(x))
	}
	from, step, count, err := span(bounds, n)
	if err != nil {
		return nil, err
	}
	if step == 1 {
		if v, ok := part(x, from, count); ok {
			return v, nil
		}
	}
	list, err := r.elements(x)
	if err != nil {
		return nil, err
	}
	if err := r.spend(element * count); err != nil {
		return nil, err
	}
	out := make([]any, count)
	for i := range out {
		out[i] = list[from+i*step]
	}
	if _, ok := x.(tuple); ok {
		return tuple(out), nil
	}
	return out, nil
}

// part is what needs no copy.
func part(x any, from, count int) (any, bool) {
	switch x := x.(type) {
	case []any:
		return x[from : from+count : from+count], true
	case tuple:
		return x[from : from+count : from+count], true
	case *serve.Tensor:
		view := rowsOf(x)
		return view.part(from, count), true
	case *rows:
		return x.part(from, count), true
	}
	return nil, false
}

func (x *rows) part(from, count int) *rows {
	shape := append([]int{count}, x.shape[1:]...)
	return &rows{x.t, x.at + from*x.stride(), shape}
}

func (r *run) substring(s string, bounds [3]any) (any, error) {
	if err := r.spend(len(s) / element); err != nil {
		return nil, err
	}
	n := utf8.RuneCountInString(s)
	from, step, count, err := span(bounds, n)
	if err != nil {
		return nil, err
	}
	if step == 1 && n == len(s) {
		return s[from : from+count], nil
	}
	if err := r.spend(4*n + 4*count); err != nil {
		return nil, err
	}
	all, out := []rune(s), make([]rune, count)
	for i := range out {
		out[i] = all[from+i*step]
	}
	return string(out), nil
}

// span is which elements of n a slice selects: count of them, from from on, with
// that step.
func span(bounds [3]any, n int) (from, step, count int, err error) {
	var given [3]bool
	var b [3]int
	for i, v := range bounds {
		if v == nil {
			continue
		}
		x, ok := integer(v)
		if !ok {
			return 0, 0, 0, typeError("slice indices must be integers or None or have an __index__ method")
		}
		given[i], b[i] = true, int(max(-1<<40, min(x, 1<<40)))
	}
	if step = 1; given[2] {
		step = b[2]
	}
	if step == 0 {
		return 0, 0, 0, valueError("slice step cannot be zero")
	}
	low, high := 0, n // what from and to are kept between
	from, to := 0, n
	if step < 0 {
		low, high = -1, n-1
		from, to = n-1, -1
	}
	if given[0] {
		from = clamp(b[0], n, low, high)
	}
	if given[1] {
		to = clamp(b[1], n, low, high)
	}
	if step > 0 && to > from {
		count = (to - from + step - 1) / step
	}
	if step < 0 && to < from {
		count = (from - to - step - 1) / -step
	}
	return from, step, count, nil
}

func clamp(i, n, low, high int) int {
	if i < 0 {
		i += n
	}
	return max(low, min(i, high))
}
