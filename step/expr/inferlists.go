package expr

import (
	"github.com/leat-ml/leat/schema"
)

// iterated is the type of what iterating over values of a type gives, and how
// many there are of it; -1 is unknown.
func iterated(x schema.Type) (elem schema.Type, n int, err error) {
	if x.IsNever() {
		return schema.Never, -1, nil
	}
	if x.Can(schema.Other) {
		return schema.Any, -1, nil
	}
	if !x.Can(schema.Text | schema.List | schema.Object) {
		return schema.Never, -1, typeError("'%s' object is not iterable", nameOf(x))
	}
	elem, n = schema.Never, -1
	if x.Is(schema.List) {
		n = x.Len()
	}
	if x.Can(schema.List) {
		elem = x.Elem()
	}
	if x.Can(schema.Text | schema.Object) {
		elem = schema.Join(elem, schema.Of(schema.Text))
	}
	if x.Can(schema.Object) { // keys of dicts that are not of JSON may be anything
		if fields, open := x.Fields(); open || len(fields) == 0 {
			elem = schema.Any
		}
	}
	return elem, n, nil
}

func (g *guess) sequence(n *sequence) (schema.Type, error) {
	items, exact, elem := []schema.Type{}, true, schema.Never
	for i := range n.list {
		e := &n.list[i]
		t, err := g.of(e.x)
		if err != nil {
			return schema.Never, err
		}
		if !e.spread {
			items, elem = append(items, t), schema.Join(elem, t)
			continue
		}
		of, _, err := iterated(t)
		if err != nil {
			return schema.Never, placed(e.pos, typeError("Value after * must be an iterable, not %s", nameOf(t)))
		}
		elem = schema.Join(elem, of)
		more, known := t.Items()
		exact = exact && known && t.Is(schema.List)
		items = append(items, more...)
	}
	if exact {
		return schema.Tuple(items...), nil
	}
	return list(elem, -1), nil
}

func (g *guess) mapping(n *mapping) (schema.Type, error) {
	b := written{at: map[string]int{}}
	for i := range n.list {
		e := &n.list[i]
		t, err := g.of(e.x)
		if err != nil {
			return schema.Never, err
		}
		if e.spread {
			if !t.Can(schema.Object | schema.Other) {
				return schema.Never, placed(e.pos, typeError("'%s' object is not a mapping", nameOf(t)))
			}
			b.spread(t)
			continue
		}
		key, err := g.of(e.key)
		if err != nil {
			return schema.Never, err
		}
		name, _ := key.Const()
		if text, ok := name.(string); ok {
			b.set(schema.Field{Name: text, Type: t})
		} else {
			b.unknown()
		}
	}
	return schema.Record(b.open, b.list...), nil
}

// written are the fields of a dict that is written out.
type written struct {
	list []schema.Field
	at   map[string]int
	open bool
}

func (b *written) set(f schema.Field) {
	i, ok := b.at[f.Name]
	switch {
	case !ok && f.Optional && b.open:
		f.Type = schema.Any // or what it had been under a name that is not known
	case ok && f.Optional:
		old := b.list[i]
		f.Type, f.Optional = schema.Join(f.Type, old.Type), old.Optional
	}
	if ok {
		b.list[i] = f
		return
	}
	b.at[f.Name] = len(b.list)
	b.list = append(b.list, f)
}

// unknown is a key that is not known: any field may be replaced.
func (b *written) unknown() {
	b.open = true
	for i := range b.list {
		b.list[i].Type = schema.Any
	}
}

func (b *written) spread(t schema.Type) {
	list, open := t.Fields()
	if open || t.Can(schema.Other) {
		b.unknown()
	}
	for _, f := range list {
		if f.Type.IsNever() {
			continue
		}
		b.set(f)
	}
}

// comprehension goes through elements of a type. Where none of them can be done
// with, there must be none; that there are some is known of lists of a known
// length only.
func (g *guess) comprehension(n *comprehension) (schema.Type, error) {
	count, some := 1, true // how many there will be, and that there is one
	for i := range n.clauses {
		c := &n.clauses[i]
		x, err := g.of(c.x)
		if err == nil {
			var elem schema.Type
			var m int
			if elem, m, err = iterated(x); err == nil {
				err = g.take(c, elem)
				some, count = some && m > 0, times(count, m)
			}
			err = placed(c.pos, err)
		}
		for _, cond := range c.conds {
			if err == nil {
				_, err = g.of(cond)
			}
			count = -1
		}
		if err != nil && (i == 0 && !sourced(g, c) || some) {
			return schema.Never, err
		}
		if err != nil {
			return g.none(n), nil //nolint:nilerr // where there is nothing to fail with
		}
		some = some && len(c.conds) == 0
	}
	return g.collected(n, count, some)
}

// sourced says whether what a clause goes through can be gone through.
func sourced(g *guess, c *clause) bool {
	x, err := g.of(c.x)
	if err == nil {
		_, _, err = iterated(x)
	}
	return err == nil
}

func times(a, b int) int {
	if a < 0 || b < 0 || a > 1<<20 || b > 1<<20 {
		return -1
	}
	return a * b
}

// none is what a comprehension makes of nothing.
func (g *guess) none(n *comprehension) schema.Type {
	if n.key != nil {
		return schema.Record(false)
	}
	return schema.Tuple()
}

func (g *guess) collected(n *comprehension, count int, some bool) (schema.Type, error) {
	var err error
	if n.key != nil {
		if _, err = g.of(n.key); err == nil {
			_, err = g.of(n.x)
		}
		if err != nil && some {
			return schema.Never, err
		}
		return schema.Of(schema.Object), nil
	}
	t, err := g.of(n.x)
	switch {
	case err != nil && some:
		return schema.Never, err
	case err != nil:
		return schema.Tuple(), nil //nolint:nilerr // where there is nothing to fail with
	}
	return schema.ListOf(t, count), nil
}

// take gives the targets of a clause the type of an element.
func (g *guess) take(c *clause, elem schema.Type) error {
	if !c.unpack {
		g.vars[c.targets[0]] = elem
		return nil
	}
	of, n, err := iterated(elem)
	if err != nil {
		return typeError("cannot unpack non-iterable %s object", nameOf(elem))
	}
	if n > len(c.targets) {
		return valueError("too many values to unpack (expected %d)", len(c.targets))
	}
	if n >= 0 && n < len(c.targets) {
		return valueError("not enough values to unpack (expected %d, got %d)", len(c.targets), n)
	}
	items, known := elem.Items()
	for i, slot := range c.targets {
		g.vars[slot] = of
		if known && elem.Is(schema.List) {
			g.vars[slot] = items[i]
		}
	}
	return nil
}
