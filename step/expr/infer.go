package expr

import (
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/schema"
)

// Infer makes a function that tells the type of what an expression results in
// from the types of its variables. Its error says that the expression fails with
// all values of those types, in the words that it fails with then. event says
// that the first variable is an event, whose body is of the given type. The error
// of Infer itself is a *[SyntaxError].
func Infer(text string, event bool, names ...string) (catalog.Inference, error) {
	p, err := compile(text, names...)
	if err != nil {
		return nil, err
	}
	return func(vars ...schema.Type) (schema.Type, error) {
		g := &guess{vars: make([]schema.Type, max(p.slots, len(vars))), event: event}
		copy(g.vars, vars)
		return g.result(p)
	}, nil
}

// A guess is one inference. Where an expression may fail in one of several ways,
// or not at all, what it results in otherwise is all that counts: only what is
// sure to fail is an error.
type guess struct {
	vars  []schema.Type // by slot
	event bool          // the first one is the body of an event
}

func (g *guess) result(p *program) (schema.Type, error) {
	if g.isEvent(p.root) { // which goes on as it is
		return g.vars[0], nil
	}
	t, err := g.of(p.root)
	if err != nil {
		return schema.Never, p.wrap(err)
	}
	if g.event && t.Can(schema.Other) { // perhaps the event itself
		return schema.Any, nil
	}
	return t, nil
}

func (g *guess) isEvent(n node) bool {
	v, ok := n.(*variable)
	return ok && g.event && v.slot == 0
}

// of is the type of what a node evaluates to.
func (g *guess) of(n node) (schema.Type, error) {
	switch n := n.(type) {
	case constant:
		return schema.Const(n.v), nil
	case *variable:
		return g.variable(n), nil
	case not:
		_, err := g.of(n.x)
		return schema.Of(schema.Bool), err
	case *junction:
		return g.junction(n)
	case *choice:
		return g.choice(n)
	case *compare:
		return g.compare(n)
	case *binary:
		return g.binary(n)
	case *unary:
		return g.unary(n)
	case *index:
		return g.index(n)
	case *slice:
		return g.slice(n)
	case *attribute:
		return g.attribute(n)
	case *call:
		return g.call(n)
	case *sequence:
		return g.sequence(n)
	case *mapping:
		return g.mapping(n)
	case *comprehension:
		return g.comprehension(n)
	case *formatted:
		return g.formatted(n)
	}
	return schema.Any, nil
}

func (g *guess) variable(n *variable) schema.Type {
	if n.slot < 0 || g.isEvent(n) {
		return schema.Of(schema.Other)
	}
	return g.vars[n.slot]
}

// junction evaluates its first operand in any case, and the others perhaps.
func (g *guess) junction(n *junction) (schema.Type, error) {
	out := schema.Never
	for i, x := range n.list {
		t, err := g.of(x)
		if err != nil {
			if i == 0 {
				return schema.Never, err
			}
			return out, nil // where it gets here it fails
		}
		out = schema.Join(out, t)
	}
	return out, nil
}

func (g *guess) choice(n *choice) (schema.Type, error) {
	if _, err := g.of(n.cond); err != nil {
		return schema.Never, err
	}
	yes, errYes := g.of(n.yes)
	no, errNo := g.of(n.no)
	switch {
	case errYes != nil && errNo != nil:
		return schema.Never, errYes
	case errYes != nil:
		return no, nil //nolint:nilerr // the other way need not be taken
	case errNo != nil:
		return yes, nil //nolint:nilerr // likewise
	}
	return schema.Join(yes, no), nil
}

func (g *guess) attribute(n *attribute) (schema.Type, error) {
	if !g.isEvent(n.x) {
		t, err := g.of(n.x)
		if err == nil && !t.IsNever() && !t.Can(schema.Other) {
			err = placed(n.pos, raise("AttributeError", "'%s' object has no attribute '%s'", nameOf(t), n.name))
		}
		return schema.Any, err
	}
	switch n.name {
	case "body":
		return g.vars[0], nil
	case "id", "path", "method", "content_type", "timestamp", "trigger_kind":
		return schema.Of(schema.Text), nil
	case "error", "origin_state":
		return schema.Of(schema.Text | schema.Null), nil
	}
	return schema.Any, nil
}

func (g *guess) formatted(n *formatted) (schema.Type, error) {
	for i := range n.parts {
		if x := n.parts[i].x; x != nil {
			if _, err := g.of(x); err != nil {
				return schema.Never, err
			}
		}
	}
	return schema.Of(schema.Text), nil
}

// nameOf is what Python calls the values of a type; more than one name where
// they are of several kinds.
func nameOf(t schema.Type) string {
	out := ""
	for _, k := range []struct {
		kind schema.Kind
		name string
	}{
		{schema.Null, "NoneType"}, {schema.Bool, "bool"}, {schema.Int, "int"}, {schema.Float, "float"},
		{schema.Text, "str"}, {schema.List, "list"}, {schema.Object, "dict"},
	} {
		if !t.Can(k.kind) {
			continue
		}
		if out != "" {
			out += " or "
		}
		out += k.name
	}
	return out
}
