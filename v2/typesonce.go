package v2

import (
	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// AnswersOnce is why the model cannot answer a request once, as a step of a flow and a
// model of an ensemble have to; nil where it can. Of a model that is loaded more is
// known. What else a model in Go answers, operations of its own and explanations, it
// answers once: then the problem is a doubt.
func (s *Server) AnswersOnce() error {
	if !s.desc.Load().StreamsOnly && !serve.StreamsOnly(s.Model) {
		return nil
	}
	p := schema.Fails("model %s only streams, and is asked for one answer here: give it a predict that answers once, or serve it by a router", s.label())
	_, operates := s.Model.(serve.Operator)
	_, explains := s.Model.(serve.Explainer)
	p.Some = serve.StreamsOnly(s.Model) && (operates || explains)
	return p
}

func answersOnce(step serve.Step) error {
	if s, ok := step.(interface{ AnswersOnce() error }); ok {
		return s.AnswersOnce()
	}
	return nil
}

// AnswersOnce is why the routes cannot answer once; as a doubt where others can.
func (r *Router) AnswersOnce() error {
	routes, ok := r.models.(*Routes)
	if !ok {
		return nil
	}
	var errs []error
	for _, key := range routes.keys {
		if err := answersOnce(routes.byKey[key]); err != nil {
			errs = append(errs, atRoute(err, key, false))
		}
	}
	return allOrSome(errs, len(errs) == len(routes.keys))
}
