package expr

import (
	"math"
	"slices"
)

// sorted is stable, and fails where two elements cannot be compared.
func sorted(r *run, a *args) (any, error) {
	if err := a.between(1, 1); err != nil {
		return nil, err
	}
	list, err := r.elements(a.list[0])
	if err != nil {
		return nil, err
	}
	if err := r.spend(element * len(list)); err != nil {
		return nil, err
	}
	backwards := false
	if v, ok := a.keyword("reverse"); ok {
		backwards = truth(v)
	}
	out := slices.Clone(list)
	if backwards { // equal elements keep their order
		slices.Reverse(out)
		defer slices.Reverse(out)
	}
	slices.SortStableFunc(out, func(x, y any) int {
		if err != nil {
			return 0
		}
		var c int
		c, err = r.before(x, y)
		return c
	})
	return out, err
}

// before is how x and y are sorted.
func (r *run) before(x, y any) (int, error) {
	if err := r.spend(1); err != nil {
		return 0, err
	}
	if ok, err := r.relate(less, x, y); ok || err != nil {
		return -1, err
	}
	if ok, err := r.relate(less, y, x); ok || err != nil {
		return 1, err
	}
	return 0, nil
}

func reversed(r *run, v any) (any, error) {
	if _, ok := v.(string); !ok {
		if _, ok := length(v); !ok {
			return nil, typeError("'%s' object is not reversible", typeName(v))
		}
	}
	list, err := r.elements(v)
	if err != nil {
		return nil, err
	}
	if err := r.spend(element * len(list)); err != nil {
		return nil, err
	}
	out := slices.Clone(list)
	slices.Reverse(out)
	return out, nil
}

// rangeOf is the list of what range goes through.
func rangeOf(r *run, a *args) (any, error) {
	if err := a.between(1, 3); err != nil {
		return nil, err
	}
	b := [3]int64{0, 0, 1}
	for i, v := range a.list {
		n, ok := integer(v)
		if !ok {
			return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(v))
		}
		b[i] = n
	}
	if len(a.list) == 1 {
		b[0], b[1] = 0, b[0]
	}
	from, to, step := b[0], b[1], b[2]
	if step == 0 {
		return nil, valueError("range() arg 3 must not be zero")
	}
	var out []any
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		if err := r.spend(2 * element); err != nil {
			return nil, err
		}
		out = append(out, i)
		if step > 0 && i > math.MaxInt64-step || step < 0 && i < math.MinInt64-step {
			break
		}
	}
	if out == nil {
		out = []any{}
	}
	return out, nil
}

func enumerate(r *run, a *args) (any, error) {
	if err := a.between(1, 2); err != nil {
		return nil, err
	}
	list, err := r.elements(a.list[0])
	if err != nil {
		return nil, err
	}
	n := int64(0)
	if start, ok := a.optional(1, "start"); ok {
		if n, ok = integer(start); !ok {
			return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(start))
		}
	}
	if err := r.spend(5 * element * len(list)); err != nil {
		return nil, err
	}
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = tuple{n + int64(i), v}
	}
	return out, nil
}

func zip(r *run, a *args) (any, error) {
	shortest := math.MaxInt
	lists := make([][]any, len(a.list))
	for i, v := range a.list {
		list, err := r.elements(v)
		if err != nil {
			return nil, err
		}
		lists[i] = list
		shortest = min(shortest, len(list))
	}
	if len(lists) == 0 {
		shortest = 0
	}
	if err := r.spend(element * shortest * (2 + len(lists))); err != nil {
		return nil, err
	}
	out := make([]any, shortest)
	for i := range out {
		row := make(tuple, len(lists))
		for j := range lists {
			row[j] = lists[j][i]
		}
		out[i] = row
	}
	return out, nil
}
