package graph

import (
	"errors"
	"strings"

	"github.com/leat-ml/leat/schema"
)

// isExpression says whether text that names a function is an expression.
func isExpression(text string) bool {
	return strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")")
}

// texts are the names of functions in class_args, under the keys that the
// functions have in Args.Values.
func texts(s *StepSpec) map[string]string {
	var out map[string]string
	for key, v := range s.Args {
		text, ok := v.(string)
		if !ok || len(key) < 2 || key[0] != '_' {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[key[1:]] = text
	}
	return out
}

// Infer passes everything on.
func (passOn) Infer(in schema.Type) (schema.Type, error) { return in, nil }

// Infer is what an expression makes of the body.
func (s *function) Infer(in schema.Type) (schema.Type, error) {
	if s.about == nil {
		return schema.Any, nil
	}
	return s.about(in)
}

// Infer is that of the router.
func (s routed) Infer(in schema.Type) (schema.Type, error) { return infer(s.Step, in) }

// A single is a step that may not be able to answer an event once: AnswersOnce is
// why it fails with all events that it is asked to or, as a [*schema.Problem] that
// says so, with some.
type single interface {
	AnswersOnce() error
}

func answersOnce(step any) error {
	switch s := step.(type) {
	case routed:
		return answersOnce(s.Step)
	case paths:
		return answersOnce(s.Step)
	case linkedPaths:
		return answersOnce(s.Step)
	case single:
		return s.AnswersOnce()
	}
	return nil
}

// once reports a step that cannot answer once, where what follows needs it.
func (c *inference) once(p *plan, n *node) {
	if err := answersOnce(n.step); err != nil {
		c.report(p, n, feed{}, err)
	}
}

// infer is what a step makes of a part of the body. of is what is known of the
// step within.
func (p paths) infer(in schema.Type, of func(step any, in schema.Type) (schema.Type, error)) (schema.Type, error) {
	part, err := schema.Select(in, p.input)
	if err != nil {
		return schema.Never, err
	}
	out, err := of(p.Step, part)
	if err != nil && !doubt(err) {
		return schema.Never, err
	}
	placed, misplaced := schema.Place(in, p.result, out)
	if misplaced != nil && (err == nil || !doubt(misplaced)) {
		return placed, misplaced
	}
	return placed, err
}

// doubt says whether an error is about some of the bodies only.
func doubt(err error) bool {
	var p *schema.Problem
	return errors.As(err, &p) && p.Some
}
