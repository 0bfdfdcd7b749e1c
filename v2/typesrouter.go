package v2

import (
	"errors"
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// An inferer is a route that knows what it makes of bodies of a type.
type inferer interface {
	Infer(in schema.Type) (out schema.Type, err error)
}

func inferRoute(step serve.Step, in schema.Type) (schema.Type, error) {
	if s, ok := step.(inferer); ok {
		return s.Infer(in)
	}
	return schema.Any, nil
}

// Infer tells what requests of a type are answered with, whichever route they are
// for. Where one route refuses them and others do not, that is a doubt.
func (r *Router) Infer(in schema.Type) (schema.Type, error) {
	routes, ok := r.models.(*Routes)
	if !ok {
		return schema.Any, nil
	}
	return r.inferWithin(in, func(body schema.Type) (schema.Type, error) {
		out, errs := schema.Never, []error{}
		for _, key := range routes.keys {
			t, err := inferRoute(routes.byKey[key], body)
			if out = schema.Join(out, t); err != nil {
				errs = append(errs, atRoute(err, key, false))
			}
		}
		return out, allOrSome(errs, len(errs) == len(routes.keys))
	})
}

// inferWithin is within for types.
func (r *Router) inferWithin(in schema.Type, route func(schema.Type) (schema.Type, error)) (schema.Type, error) {
	body, err := schema.Select(in, r.InputPath)
	if err != nil {
		return schema.Never, err
	}
	out, err := route(r.enriched(body))
	if err != nil && !isDoubt(err) {
		return schema.Never, err
	}
	placed, misplaced := schema.Place(in, r.ResultPath, out)
	if err == nil {
		err = misplaced
	}
	return placed, err
}

// enriched is the type of requests with features in the place of keys.
func (r *Router) enriched(body schema.Type) schema.Type {
	if r.Enrichment == nil || !body.Is(schema.Object) {
		return body
	}
	return body.With(schema.Field{Name: "inputs", Type: schema.Any, Optional: true})
}

// atRoute names the route in an error.
func atRoute(err error, key string, some bool) error {
	p := schema.Problem{Msg: err.Error()}
	var what *schema.Problem
	if errors.As(err, &what) {
		p = *what
	}
	p.Some = p.Some || some
	if p.Route == "" {
		p.Route = key
	}
	return &p
}

// allOrSome joins the errors of routes: as they are where all routes have one,
// else as doubts, since some requests may be for other routes.
func allOrSome(errs []error, all bool) error {
	if len(errs) == 0 {
		return nil
	}
	out := make([]error, len(errs))
	for i, err := range errs {
		var p *schema.Problem
		errors.As(err, &p)
		c := *p
		c.Some = c.Some || !all
		out[i] = &c
	}
	return errors.Join(out...)
}

// Infer tells what requests of a type that are for the ensemble are answered with.
// All of its models get them.
func (v *Voting) Infer(in schema.Type) (schema.Type, error) {
	return v.router.inferWithin(in, func(body schema.Type) (schema.Type, error) {
		errs := []error{v.disagreement()}
		if errs[0] == nil {
			errs = nil
		}
		for _, r := range v.routes {
			if _, err := inferRoute(r.Step, body); err != nil {
				errs = append(errs, atRoute(err, r.Key, v.budget > 0))
			}
			if err := answersOnce(r.Step); err != nil {
				errs = append(errs, atRoute(err, r.Key, v.budget > 0))
			}
		}
		return response(schema.Any), allOrSome(errs, true)
	})
}

// disagreement is about models that do not take the same inputs, so that there
// are no requests for all of them. Rows that are dictionaries with the columns of
// both are taken where both name their columns.
func (v *Voting) disagreement() error {
	first := -1
	for i, s := range v.servers {
		if s == nil || !fixed(s) {
			continue
		}
		if first < 0 {
			first = i
			continue
		}
		a, b := v.servers[first].desc.Load(), s.desc.Load()
		x, y := takes(a), takes(b)
		if x == y {
			continue
		}
		p := schema.Fails("the models disagree on their inputs: %s takes %s, and %s takes %s", v.routes[first].Key, x, v.routes[i].Key, y)
		p.Route, p.Some = v.routes[i].Key, v.budget > 0
		if len(a.Features) > 0 && len(b.Features) > 0 {
			p.Some = true
			p.Msg += "; only rows that are dictionaries with the columns of both are answered"
		}
		return p
	}
	return nil
}

// fixed says whether it is known which matrix a model takes.
func fixed(s *Server) bool {
	if _, changes := s.Model.(serve.Preprocessor); changes {
		return false
	}
	d := s.desc.Load()
	return s.InputPath == "" && len(d.Inputs) == 1 && len(d.Inputs[0].Shape) == 2 && d.Inputs[0].Shape[1] > 0 && d.Inputs[0].Datatype != serve.Invalid
}

// takes is the matrix that a model takes, for people.
func takes(d *serve.Description) string {
	s := &d.Inputs[0]
	kind := ""
	switch {
	case s.Datatype == serve.Bytes:
		kind = " of text"
	case !s.Datatype.Numeric():
		kind = " of " + s.Datatype.String()
	}
	return columnsText(s.Shape[1]) + kind
}

// Infer tells what the routes' results are together. All routes get the body.
func (p *Parallel) Infer(in schema.Type) (schema.Type, error) {
	return p.router.inferWithin(in, func(body schema.Type) (schema.Type, error) {
		out, errs := schema.Record(false), []error{}
		if p.Extend {
			if !body.Can(schema.Object | schema.Null | schema.Other) {
				return schema.Never, schema.Fails("extend_event needs a body that is an object, and it is %s", body)
			}
			out = known(body)
		}
		for _, r := range p.routes {
			t, err := inferRoute(r.Step, body)
			if err == nil {
				err = mergeable(r, t)
			}
			if err == nil {
				err = answersOnce(r.Step)
			}
			if err != nil {
				errs = append(errs, atRoute(err, r.Key, false))
				continue
			}
			out = merge(out, t)
		}
		return out, allOrSome(errs, true)
	})
}

func mergeable(r catalog.Route, t schema.Type) error {
	if t.IsNever() || t.Can(schema.Object|schema.Null|schema.Other) {
		return nil
	}
	return fmt.Errorf("route %s: the result is %s, and cannot be merged", r.Key, t)
}

// known is a type of objects; with nothing known of what may be something else.
func known(t schema.Type) schema.Type {
	if t.Is(schema.Object) {
		return t
	}
	return schema.Of(schema.Object)
}

// merge is the type of objects with the fields of others over theirs. A route may
// filter its event, and then has none.
func merge(out, t schema.Type) schema.Type {
	more, open := t.Fields()
	if open || !t.Is(schema.Object) {
		return schema.Of(schema.Object)
	}
	for _, f := range more {
		if f.Type.IsNever() {
			continue
		}
		f.Optional = true
		out = out.With(f)
	}
	return out
}
