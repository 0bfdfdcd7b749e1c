package expr

import (
	"math"
	"slices"
	"unicode/utf8"
)

// A function is one of the language, or a method. It never changes its
// arguments.
type function func(r *run, a *args) (any, error)

// args are the arguments of a call.
type args struct {
	name string
	self any // of a method
	list []any
	keys []string // the names of the last of list
}

// positional are the arguments without names.
func (a *args) positional() []any { return a.list[:len(a.list)-len(a.keys)] }

// keyword is the argument of that name.
func (a *args) keyword(name string) (any, bool) {
	i := slices.Index(a.keys, name)
	if i < 0 {
		return nil, false
	}
	return a.list[len(a.list)-len(a.keys)+i], true
}

// between checks the number of arguments without names.
func (a *args) between(least, most int) error {
	n := len(a.positional())
	switch {
	case n < least:
		return typeError("%s() takes at least %d argument(s) (%d given)", a.name, least, n)
	case n > most:
		return typeError("%s() takes at most %d argument(s) (%d given)", a.name, most, n)
	}
	return nil
}

// optional is argument i, which may have been given by name.
func (a *args) optional(i int, name string) (any, bool) {
	if p := a.positional(); i < len(p) {
		return p[i], true
	}
	return a.keyword(name)
}

// one makes a function of one argument.
func one(f func(r *run, v any) (any, error)) function {
	return func(r *run, a *args) (any, error) {
		if err := a.between(1, 1); err != nil {
			return nil, err
		}
		return f(r, a.list[0])
	}
}

// keywordArguments are those that functions and methods take by name.
var keywordArguments = map[string][]string{
	"min": {"default"}, "max": {"default"}, "sum": {"start"}, "round": {"ndigits"}, "sorted": {"reverse"},
	"enumerate": {"start"}, "split": {"sep", "maxsplit"}, "rsplit": {"sep", "maxsplit"},
}

// functions are what can be called by name.
var functions map[string]function

func init() { //nolint:gochecknoinits // the functions refer to each other through the table
	functions = map[string]function{
		"len": one(lengthOf), "str": toStr, "repr": one(func(r *run, v any) (any, error) { return r.repr(v) }),
		"int": toInt, "float": toFloat, "bool": toBool, "abs": one(absolute), "round": round,
		"min": extreme, "max": extreme, "sum": sum, "any": one(anyOf), "all": one(allOf),
		"sorted": sorted, "reversed": one(reversed), "list": toList, "tuple": toTuple, "dict": toDict,
		"range": rangeOf, "enumerate": enumerate, "zip": zip, "isinstance": isInstance, "pow": pow, "divmod": divmod,
		"ord": one(ord), "chr": one(chr),
	}
}

func lengthOf(_ *run, v any) (any, error) {
	if s, ok := v.(string); ok {
		return int64(utf8.RuneCountInString(s)), nil
	}
	n, ok := length(v)
	if !ok {
		return nil, typeError("object of type '%s' has no len()", typeName(v))
	}
	return int64(n), nil
}

func absolute(_ *run, v any) (any, error) {
	if !isNumber(v) {
		return nil, typeError("bad operand type for abs(): '%s'", typeName(v))
	}
	x, err := narrow(v)
	if err != nil {
		return nil, err
	}
	if f, ok := x.(float64); ok {
		return math.Abs(f), nil
	}
	if i := x.(int64); i < 0 {
		return negate('-', i)
	}
	return x, nil
}

// extreme is min and max: of the arguments, or of the elements of the only one.
func extreme(r *run, a *args) (any, error) {
	list := a.positional()
	if len(list) == 0 {
		return nil, typeError("%s expected at least 1 argument, got 0", a.name)
	}
	fallback, hasDefault := a.keyword("default")
	if len(list) == 1 {
		var err error
		if list, err = r.elements(list[0]); err != nil {
			return nil, err
		}
	} else if hasDefault {
		return nil, typeError("Cannot specify a default for %s() with multiple positional arguments", a.name)
	}
	if len(list) == 0 {
		if hasDefault {
			return fallback, nil
		}
		return nil, valueError("%s() arg is an empty sequence", a.name)
	}
	op, best := less, list[0]
	if a.name == "max" {
		op = greater
	}
	for _, v := range list[1:] {
		better, err := r.relate(op, v, best)
		if err != nil {
			return nil, err
		}
		if better {
			best = v
		}
	}
	return best, nil
}

func sum(r *run, a *args) (any, error) {
	if err := a.between(1, 2); err != nil {
		return nil, err
	}
	list, err := r.elements(a.list[0])
	if err != nil {
		return nil, err
	}
	total := any(int64(0))
	if start, ok := a.optional(1, "start"); ok {
		if total = start; typeName(start) == "str" {
			return nil, typeError("sum() can't sum strings [use ''.join(seq) instead]")
		}
	}
	for _, v := range list {
		if total, err = r.operate(add, total, v); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func anyOf(r *run, v any) (any, error) {
	list, err := r.elements(v)
	return slices.ContainsFunc(list, truth), err
}

func allOf(r *run, v any) (any, error) {
	list, err := r.elements(v)
	return !slices.ContainsFunc(list, func(v any) bool { return !truth(v) }), err
}

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
