package step

import (
	"fmt"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/schema"
)

// about is what is known of the function that the spec names under one of the
// keys, or as the handler.
func about(a catalog.Args, keys ...string) catalog.Inference {
	for _, key := range keys {
		text, ok := a.Texts[key]
		if !ok {
			text, ok = a.Values[key].(string)
		}
		if ok {
			return inference(a, text)
		}
	}
	if len(a.Values) == 0 {
		return inference(a, a.Handler)
	}
	return nil
}

// inference is what is known of a function with that name: of expressions, what
// they make of bodies.
func inference(a catalog.Args, text string) catalog.Inference {
	if a.Infer == nil || !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") {
		return nil
	}
	f, err := a.Infer(text, a.FullEvent, "event")
	if err != nil {
		return nil // which making the function has told
	}
	return f
}

func identity(vars ...schema.Type) (schema.Type, error) { return vars[0], nil }

// inferred is the type of what the function returns.
func (u *unary) inferred(in schema.Type) (schema.Type, error) {
	if u.about == nil {
		return schema.Any, nil
	}
	if u.whole {
		return u.about(in)
	}
	part, err := schema.Select(in, u.input)
	if err != nil {
		return schema.Never, err
	}
	return u.about(part)
}

// placed is the type of the body with a result of the function put into it.
func (u *unary) placed(in, result schema.Type) (schema.Type, error) {
	return schema.Place(in, u.result, result)
}

// Infer is what the function makes of the body.
func (s *Map) Infer(in schema.Type) (schema.Type, error) {
	out, err := s.inferred(in)
	if err != nil {
		return schema.Never, err
	}
	return s.placed(in, out)
}

// passes is for steps that pass bodies on as they are, if the function does not
// fail.
func (u *unary) passes(in schema.Type) (schema.Type, error) {
	if _, err := u.inferred(in); err != nil {
		return schema.Never, err
	}
	return in, nil
}

// Infer passes the body on.
func (s *filter) Infer(in schema.Type) (schema.Type, error) { return s.passes(in) }

// Infer passes the body on.
func (s *forEach) Infer(in schema.Type) (schema.Type, error) { return s.passes(in) }

// Infer is the body with what the function returns.
func (s *extend) Infer(in schema.Type) (schema.Type, error) {
	more, err := s.inferred(in)
	if err != nil {
		return schema.Never, err
	}
	if !more.Can(schema.Object | schema.Other) {
		return schema.Never, schema.Fails("the function must return an object of fields to add, and returns %s", more)
	}
	body, err := objects(in)
	if err != nil {
		return schema.Never, err
	}
	fields, open := more.Fields()
	if open || !more.Is(schema.Object) {
		return schema.Of(schema.Object), nil
	}
	for _, f := range fields {
		if !f.Type.IsNever() {
			body = body.With(f)
		}
	}
	return body, nil
}

// objects are the objects of a type, for steps that take nothing else.
func objects(in schema.Type) (schema.Type, error) {
	if !in.Can(schema.Object | schema.Other) {
		return schema.Never, schema.Fails("the body must be an object, and is %s", in)
	}
	if in.Can(schema.Other) {
		return schema.Of(schema.Object), nil
	}
	return in.Narrow(schema.Object), nil
}

// Infer is an item of the list.
func (s *flatMap) Infer(in schema.Type) (schema.Type, error) {
	list, err := s.inferred(in)
	switch {
	case err != nil:
		return schema.Never, err
	case !list.Can(schema.List | schema.Other):
		return schema.Never, schema.Fails("a list of items is needed to make events of, and this is %s", list)
	case list.Can(schema.Other):
		return schema.Any, nil
	}
	return s.placed(in, list.Elem())
}

// Infer passes the body on. It fails where the first condition does, which is
// looked at in any case.
func (s *choice) Infer(in schema.Type) (schema.Type, error) {
	if s.f != nil || len(s.chosen) == 0 || s.chosen[0].about == nil {
		return s.passes(in)
	}
	first := s.unary
	first.about = s.chosen[0].about
	if _, err := first.inferred(in); err != nil {
		return schema.Never, fmt.Errorf("condition of %s: %w", s.chosen[0].outlet, err)
	}
	return in, nil
}

// Infer is the body with other names.
func (s *rename) Infer(in schema.Type) (schema.Type, error) {
	body, err := objects(in)
	if err != nil {
		return schema.Never, err
	}
	out := body.Without(sortedKeys(s.names)...)
	for _, old := range sortedKeys(s.names) {
		if t, may, sure := body.Field(old); may {
			out = out.With(schema.Field{Name: s.names[old], Type: t, Optional: !sure})
		}
	}
	return out, nil
}

// Infer is the body without the fields.
func (s *dropColumns) Infer(in schema.Type) (schema.Type, error) {
	body, err := objects(in)
	if err != nil {
		return schema.Never, err
	}
	return body.Without(s.columns...), nil
}

// Infer is one side or the other.
func (s *partition) Infer(in schema.Type) (schema.Type, error) {
	if _, err := s.inferred(in); err != nil || s.routed {
		return in, err
	}
	body, err := schema.Select(in, s.input)
	if err != nil {
		return schema.Never, err
	}
	null := schema.Const(nil)
	side := func(left, right schema.Type) schema.Type {
		return schema.Record(false, schema.Field{Name: "left", Type: left}, schema.Field{Name: "right", Type: right})
	}
	return s.placed(in, schema.Join(side(body, null), side(null, body)))
}

// Infer is a list of bodies.
func (s *batch) Infer(in schema.Type) (schema.Type, error) {
	body, err := schema.Select(in, s.input)
	if err != nil {
		return schema.Never, err
	}
	if len(s.Key.fields) > 0 {
		o, err := objects(body)
		if err != nil {
			return schema.Never, err
		}
		for _, field := range s.Key.fields {
			if _, may, _ := o.Field(field); !may {
				return schema.Never, schema.Fails("there is no field %q to group by: the body is %s", field, body)
			}
		}
		if s.DropKey {
			body = schema.Any
		}
	}
	return schema.ListOf(body, -1), nil
}

// Infer is a list of the parts, whose order is not known.
func (s *merge) Infer(in schema.Type) (schema.Type, error) {
	if s.Expected == 0 {
		return schema.Of(schema.List), nil
	}
	return schema.ListOf(in, s.Expected), nil
}

// Infer passes the body on. What answers the request is a part of it.
func (s *complete) Infer(in schema.Type) (schema.Type, error) {
	_, err := schema.Select(in, s.input)
	return in, err
}

// Infer is the body with the attributes.
func (s *reify) Infer(in schema.Type) (schema.Type, error) {
	body, err := objects(in)
	if err != nil {
		return schema.Never, err
	}
	for _, f := range s.fields {
		body = body.With(schema.Field{Name: f.field, Type: schema.Any})
	}
	return body, nil
}

// Infer passes the body on.
func (s *sample) Infer(in schema.Type) (schema.Type, error) { return in, nil }
