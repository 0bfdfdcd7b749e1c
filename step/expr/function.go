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
var functions = map[string]function{
	"len": one(lengthOf), "str": toStr, "repr": one(func(r *run, v any) (any, error) { return r.repr(v) }),
	"int": toInt, "float": toFloat, "bool": toBool, "abs": one(absolute), "round": round,
	"min": extreme, "max": extreme, "sum": sum, "any": one(anyOf), "all": one(allOf),
	"sorted": sorted, "reversed": one(reversed), "list": toList, "tuple": toTuple, "dict": toDict,
	"range": rangeOf, "enumerate": enumerate, "zip": zip, "isinstance": isInstance, "pow": pow, "divmod": divmod,
	"ord": one(ord), "chr": one(chr),
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
