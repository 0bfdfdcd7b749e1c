package expr

import (
	"strings"

	"github.com/leat-ml/leat/schema"
)

// numeric are the kinds that take part in arithmetic.
const numeric = schema.Number | schema.Bool

func (g *guess) two(a, b node) (x, y schema.Type, err error) {
	if x, err = g.of(a); err == nil {
		y, err = g.of(b)
	}
	return x, y, err
}

func (g *guess) binary(n *binary) (schema.Type, error) {
	x, y, err := g.two(n.l, n.r)
	if err != nil || x.IsNever() || y.IsNever() {
		return schema.Never, err
	}
	if x.Can(schema.Other) || y.Can(schema.Other) {
		return schema.Any, nil
	}
	out := schema.Never
	if x.Can(numeric) && y.Can(numeric) {
		out = arithmetic(n.op, x, y)
	}
	out = schema.Join(out, joined(n.op, x, y))
	switch {
	case !out.IsNever():
	case n.op == modulo && x.Is(schema.Text):
		err = placed(n.pos, noFormat())
	default:
		err = placed(n.pos, typeError("unsupported operand type(s) for %s: '%s' and '%s'", symbols[n.op], nameOf(x), nameOf(y)))
	}
	return out, err
}

// arithmetic is the type of an operation on numbers.
func arithmetic(op operator, x, y schema.Type) schema.Type {
	x, y = x.Narrow(numeric), y.Narrow(numeric)
	whole := schema.Int | schema.Bool
	switch {
	case op == divide:
		return schema.Of(schema.Float)
	case op == power:
		return schema.Of(schema.Number)
	case op >= bitOr && op <= bitXor || op == bitAnd:
		return schema.Of(whole)
	case op > power || x.Is(whole) && y.Is(whole):
		return schema.Of(schema.Int)
	case x.Is(schema.Float) || y.Is(schema.Float):
		return schema.Of(schema.Float)
	}
	return schema.Of(schema.Number)
}

// joined is the type of an operation on texts, lists and dicts.
func joined(op operator, x, y schema.Type) schema.Type {
	both := func(k schema.Kind) bool { return x.Can(k) && y.Can(k) }
	out := schema.Never
	switch op {
	case add:
		if both(schema.Text) {
			out = schema.Of(schema.Text)
		}
		if both(schema.List) {
			out = schema.Join(out, concatenated(x, y))
		}
	case multiply:
		for _, p := range [][2]schema.Type{{x, y}, {y, x}} {
			if !p[1].Can(schema.Int | schema.Bool) {
				continue
			}
			if p[0].Can(schema.Text) {
				out = schema.Join(out, schema.Of(schema.Text))
			}
			if p[0].Can(schema.List) {
				out = schema.Join(out, schema.ListOf(p[0].Elem(), -1))
			}
		}
	case bitOr:
		if both(schema.Object) {
			out = schema.Of(schema.Object)
		}
	}
	return out
}

func concatenated(x, y schema.Type) schema.Type {
	a, known := x.Items()
	b, too := y.Items()
	if known && too {
		return schema.Tuple(append(append([]schema.Type{}, a...), b...)...)
	}
	n := -1
	if x.Len() >= 0 && y.Len() >= 0 {
		n = x.Len() + y.Len()
	}
	return schema.ListOf(schema.Join(x.Elem(), y.Elem()), n)
}

func (g *guess) unary(n *unary) (schema.Type, error) {
	t, err := g.of(n.x)
	if err != nil || t.IsNever() {
		return schema.Never, err
	}
	can := t.Kinds() & numeric
	if n.op == '~' {
		can &^= schema.Float
	}
	if can == 0 && !t.Can(schema.Other) {
		return schema.Never, placed(n.pos, typeError("bad operand type for unary %c: '%s'", n.op, nameOf(t)))
	}
	return schema.Of(schema.Number), nil
}

// compare fails surely where its first two operands cannot be compared: the
// others may not be looked at.
func (g *guess) compare(n *compare) (schema.Type, error) {
	left, err := g.of(n.first)
	if err != nil {
		return schema.Never, err
	}
	for i := range n.rest {
		c := &n.rest[i]
		right, err := g.of(c.x)
		if err == nil {
			err = placed(c.pos, incomparables(c.op, left, right))
		}
		if err != nil && i == 0 {
			return schema.Never, err
		}
		left = right
	}
	return schema.Of(schema.Bool), nil
}

// incomparables is the error of a comparison that holds for no values of two types;
// nil where there may be some.
func incomparables(op relation, x, y schema.Type) error {
	if x.IsNever() || y.IsNever() || x.Can(schema.Other) || y.Can(schema.Other) {
		return nil
	}
	switch op {
	case less, lessEqual, greater, greaterEqual:
		both := func(k schema.Kind) bool { return x.Can(k) && y.Can(k) }
		if both(numeric) || both(schema.Text) || both(schema.List) {
			return nil
		}
		return typeError("'%s' not supported between instances of '%s' and '%s'", symbolOf(op), nameOf(x), nameOf(y))
	case in, notIn:
		if !y.Can(schema.Text | schema.List | schema.Object) {
			return typeError("argument of type '%s' is not iterable", nameOf(y))
		}
	}
	return nil
}

func symbolOf(op relation) string {
	for symbol, r := range relations {
		if r == op {
			return symbol
		}
	}
	return ""
}

func (g *guess) index(n *index) (schema.Type, error) {
	if g.isEvent(n.x) {
		return schema.Never, placed(n.pos, typeError("'Event' object is not subscriptable"))
	}
	x, key, err := g.two(n.x, n.key)
	if err != nil || x.IsNever() || key.IsNever() {
		return schema.Never, err
	}
	if x.Can(schema.Other) {
		return schema.Any, nil
	}
	out, why := item(x, key)
	if out.IsNever() && why != nil {
		return out, placed(n.pos, why)
	}
	return out, nil
}

// item is the type of x[key], and why there is none. A value of x is of one of
// its kinds: where each of them fails, it fails.
func item(x, key schema.Type) (out schema.Type, why error) {
	out = schema.Never
	if x.Can(schema.Object) {
		out, why = memberOf(x, key)
	}
	whole := schema.Int | schema.Bool | schema.Other
	if x.Can(schema.Text) {
		if key.Can(whole) {
			out = schema.Join(out, schema.Of(schema.Text))
		} else {
			why = typeError("string indices must be integers, not '%s'", nameOf(key))
		}
	}
	if x.Can(schema.List) {
		elem, err := elementOf(x, key)
		if out = schema.Join(out, elem); err != nil {
			why = err
		}
	}
	if !x.Can(schema.Object | schema.Text | schema.List) {
		why = typeError("'%s' object is not subscriptable", nameOf(x))
	}
	return out, why
}

func memberOf(x, key schema.Type) (schema.Type, error) {
	name, known := key.Const()
	text, isText := name.(string)
	fields, open := x.Fields()
	switch {
	case !known && !open && !key.Can(schema.Text|schema.Other):
		return schema.Never, raise("KeyError", "a key that is '%s', %s", nameOf(key), there(x))
	case !known || !isText && open:
		return anyField(fields, open), nil
	case !isText:
		return schema.Never, raise("KeyError", "%s, %s", keyRepr(name), there(x))
	}
	t, may, _ := x.Field(text)
	if !may {
		return schema.Never, raise("KeyError", "%s, %s", keyRepr(text), there(x))
	}
	return t, nil
}

func anyField(fields []schema.Field, open bool) schema.Type {
	if open {
		return schema.Any
	}
	out := schema.Never
	for _, f := range fields {
		out = schema.Join(out, f.Type)
	}
	return out
}

// there says which fields an object has.
func there(x schema.Type) string {
	const few = 20
	fields, _ := x.Fields()
	var names []string
	for _, f := range fields {
		if !f.Type.IsNever() {
			names = append(names, f.Name)
		}
	}
	switch {
	case len(names) == 0:
		return "which there is not"
	case len(names) > few:
		names = append(names[:few], "…")
	}
	return "where there are only " + strings.Join(names, ", ")
}

func elementOf(x, key schema.Type) (schema.Type, error) {
	if !key.Can(schema.Int | schema.Bool | schema.Other) {
		return schema.Never, typeError("list indices must be integers or slices, not %s", nameOf(key))
	}
	v, _ := key.Const()
	i, ok := integer(v)
	n := x.Len()
	if n == 0 {
		return schema.Never, raise("IndexError", "list index out of range: the list is empty")
	}
	if !ok || n < 0 {
		return x.Elem(), nil
	}
	if i < 0 {
		i += int64(n)
	}
	if i < 0 || i >= int64(n) {
		return schema.Never, raise("IndexError", "list index out of range: the list has %d items", n)
	}
	if items, ok := x.Items(); ok {
		return items[i], nil
	}
	return x.Elem(), nil
}

func (g *guess) slice(n *slice) (schema.Type, error) {
	x, err := g.of(n.x)
	for _, b := range [...]node{n.from, n.to, n.step} {
		if b != nil && err == nil {
			_, err = g.of(b)
		}
	}
	switch {
	case err != nil || x.IsNever():
		return schema.Never, err
	case x.Can(schema.Other):
		return schema.Any, nil
	case x.Is(schema.Object):
		return schema.Never, placed(n.pos, typeError("unhashable type: 'slice'"))
	case !x.Can(schema.Text | schema.List):
		return schema.Never, placed(n.pos, typeError("'%s' object is not subscriptable", nameOf(x)))
	}
	out := schema.Never
	if x.Can(schema.Text) {
		out = schema.Of(schema.Text)
	}
	if x.Can(schema.List) {
		out = schema.Join(out, g.part(n, x))
	}
	return out, nil
}

// part is a slice of a list: of known items where the bounds are known too.
func (g *guess) part(n *slice, x schema.Type) schema.Type {
	some := list(x.Elem(), -1)
	items, ok := x.Items()
	var bounds [3]any
	for i, b := range [...]node{n.from, n.to, n.step} {
		if b == nil {
			continue
		}
		k, literal := b.(constant)
		if ok = ok && literal; ok {
			bounds[i] = k.v
		}
	}
	if !ok {
		return some
	}
	from, step, count, err := span(bounds, len(items))
	if err != nil {
		return some
	}
	out := make([]schema.Type, count)
	for i := range out {
		out[i] = items[from+i*step]
	}
	return schema.Tuple(out...)
}
