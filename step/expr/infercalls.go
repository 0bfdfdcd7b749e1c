package expr

import (
	"github.com/leat-ml/leat/schema"
)

func (g *guess) call(n *call) (schema.Type, error) {
	var self schema.Type
	var err error
	if n.self != nil {
		if self, err = g.of(n.self); err != nil || self.IsNever() {
			return schema.Never, err
		}
	}
	args := make([]schema.Type, len(n.args))
	for i, x := range n.args {
		if args[i], err = g.of(x); err != nil || args[i].IsNever() {
			return schema.Never, err
		}
	}
	var out schema.Type
	if n.self != nil {
		out, err = method(n, self, args)
	} else {
		out, err = applied(n, args)
	}
	return out, placed(n.pos, err)
}

// applied is the type of what a function returns.
func applied(n *call, args []schema.Type) (schema.Type, error) {
	if k, ok := returns[n.name]; ok {
		return schema.Of(k), refused(n.name, args)
	}
	if len(args) == 0 || len(n.keys) > 0 && n.name != "sorted" {
		return schema.Any, nil
	}
	switch n.name {
	case "sorted", "reversed", "list", "tuple":
		return listed(args[0])
	case "enumerate":
		elem, length, err := iterated(args[0])
		return list(schema.Tuple(schema.Of(schema.Int), elem), length), err
	case "min", "max":
		return extremeOf(args)
	case "abs", "sum":
		return schema.Any, refused(n.name, args)
	case "dict":
		if args[0].Is(schema.Object) {
			return args[0], nil
		}
		return schema.Of(schema.Object), nil
	case "zip":
		return zipped(args)
	}
	return schema.Any, nil
}

// returns are the kinds of what functions return, whatever they get.
var returns = map[string]schema.Kind{
	"len": schema.Int, "str": schema.Text, "repr": schema.Text, "int": schema.Int, "float": schema.Float, "bool": schema.Bool,
	"any": schema.Bool, "all": schema.Bool, "isinstance": schema.Bool, "ord": schema.Int, "chr": schema.Text,
}

// takes are the kinds of the first argument of functions that have no use for
// others, and what they say of those.
var takes = map[string]struct {
	kinds schema.Kind
	says  string
}{
	"len":   {schema.Text | schema.List | schema.Object, "object of type '%s' has no len()"},
	"float": {schema.Text | numeric, "float() argument must be a string or a real number, not '%s'"},
	"int":   {schema.Text | numeric, "int() argument must be a string, a bytes-like object or a real number, not '%s'"},
	"abs":   {numeric, "bad operand type for abs(): '%s'"},
	"any":   {schema.Text | schema.List | schema.Object, "'%s' object is not iterable"},
	"all":   {schema.Text | schema.List | schema.Object, "'%s' object is not iterable"},
	"sum":   {schema.Text | schema.List | schema.Object, "'%s' object is not iterable"},
}

func refused(name string, args []schema.Type) error {
	t, ok := takes[name]
	if !ok || len(args) == 0 || args[0].Can(t.kinds|schema.Other) {
		return nil
	}
	return typeError(t.says, nameOf(args[0]))
}

func list(elem schema.Type, n int) schema.Type {
	if n < 0 && elem.IsNever() {
		return schema.Of(schema.List)
	}
	return schema.ListOf(elem, n)
}

func listed(x schema.Type) (schema.Type, error) {
	elem, n, err := iterated(x)
	return list(elem, n), err
}

func extremeOf(args []schema.Type) (schema.Type, error) {
	if len(args) == 1 {
		elem, _, err := iterated(args[0])
		if err == nil && elem.IsNever() {
			return schema.Any, nil
		}
		return elem, err
	}
	out := schema.Never
	for _, t := range args {
		out = schema.Join(out, t)
	}
	return out, nil
}

func zipped(args []schema.Type) (schema.Type, error) {
	items, n := make([]schema.Type, len(args)), -1
	for i, x := range args {
		elem, length, err := iterated(x)
		if err != nil {
			return schema.Never, err
		}
		items[i] = elem
		if i == 0 || length < n {
			n = length // unknown where one is
		}
		if length < 0 || n < 0 {
			n = -1
		}
	}
	for _, t := range items {
		if t.IsNever() {
			return schema.Of(schema.List), nil
		}
	}
	if n < 0 {
		return schema.ListOf(schema.Tuple(items...), -1), nil
	}
	return schema.ListOf(schema.Tuple(items...), n), nil
}

// ofText are the kinds of what methods of texts return.
var ofText = map[string]schema.Kind{
	"upper": schema.Text, "lower": schema.Text, "capitalize": schema.Text, "title": schema.Text, "strip": schema.Text,
	"lstrip": schema.Text, "rstrip": schema.Text, "removeprefix": schema.Text, "removesuffix": schema.Text, "join": schema.Text,
	"replace": schema.Text, "zfill": schema.Text, "startswith": schema.Bool, "endswith": schema.Bool, "find": schema.Int,
	"rfind": schema.Int, "isdigit": schema.Bool, "isalpha": schema.Bool, "isalnum": schema.Bool, "isspace": schema.Bool,
	"isupper": schema.Bool, "islower": schema.Bool, "split": schema.List, "rsplit": schema.List,
}

// method is the type of what a method returns.
func method(n *call, self schema.Type, args []schema.Type) (schema.Type, error) {
	lacks := func(k schema.Kind) error {
		if self.Can(k | schema.Other) {
			return nil
		}
		return raise("AttributeError", "'%s' object has no attribute '%s'", nameOf(self), n.name)
	}
	if k, ok := ofText[n.name]; ok {
		if k == schema.List {
			return schema.ListOf(schema.Of(schema.Text), -1), lacks(schema.Text)
		}
		return schema.Of(k), lacks(schema.Text)
	}
	switch n.name {
	case "index", "count":
		return schema.Of(schema.Int), lacks(schema.Text | schema.List)
	case "get":
		return got(self, args), lacks(schema.Object)
	case "keys", "values", "items":
		return schema.Of(schema.List), lacks(schema.Object)
	}
	return schema.Any, nil
}

// got is x.get(key, default).
func got(self schema.Type, args []schema.Type) schema.Type {
	if self.Can(schema.Other) || len(args) == 0 {
		return schema.Any
	}
	other := schema.Const(nil)
	if len(args) == 2 {
		other = args[1]
	}
	key, _ := args[0].Const()
	name, ok := key.(string)
	if !ok {
		fields, open := self.Fields()
		return schema.Join(anyField(fields, open), other)
	}
	t, may, sure := self.Field(name)
	switch {
	case !may:
		return other
	case sure:
		return t
	}
	return schema.Join(t, other)
}
