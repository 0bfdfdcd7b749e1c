package step

import (
	"context"
	"errors"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// recovery is an error handler that tells errors apart by their class: some go
// to a follower, for some there is a value, and those that nothing is said about
// fail again. Events that nothing failed with pass.
type recovery struct {
	out
	outlets map[string]*option
	values  map[string]any
	any     *option
}

type recoverConfig struct {
	Outlets map[string]string `arg:"exception_to_downstream"`
	Values  map[string]any    `arg:"values"`
	Default string            `arg:"default"`
}

func newRecover(a catalog.Args) (serve.Step, error) {
	var c recoverConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if len(c.Outlets)+len(c.Values) == 0 && c.Default == "" {
		return nil, configError("exception_to_downstream", "or values is needed: what to do with the errors of a class")
	}
	s := &recovery{outlets: map[string]*option{}, values: map[string]any{}}
	for class, outlet := range c.Outlets {
		s.outlets[class] = &option{outlet: outlet}
	}
	for _, class := range sortedKeys(c.Values) {
		if s.outlets[class] != nil {
			return nil, configError("values", "has %s, which exception_to_downstream has too", class)
		}
		v, err := document(c.Values[class])
		if err != nil {
			return nil, configError("values", "has a value for %s that cannot be read: %v", class, err)
		}
		s.values[class] = v
	}
	if c.Default != "" {
		s.any = &option{outlet: c.Default}
	}
	return s, nil
}

// Link implements [serve.Linker]: it finds the followers that were named.
func (s *recovery) Link(l serve.Links) error {
	s.links = l
	var errs []error
	for _, class := range sortedKeys(s.outlets) {
		errs = append(errs, s.outlets[class].find(l.Out))
	}
	if s.any != nil {
		errs = append(errs, s.any.find(l.Out))
	}
	return errors.Join(errs...)
}

func (s *recovery) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	if ev.Fault == nil {
		return serve.Pass, nil
	}
	for _, class := range []string{classOf(ev.Fault.Err), "Exception"} {
		if o := s.outlets[class]; o != nil {
			return o.to, nil
		}
		if v, ok := s.values[class]; ok {
			return serve.Pass, place(ev, "", v)
		}
	}
	if s.any != nil {
		return s.any.to, nil
	}
	return serve.Pass, ev.Fault.Err
}

// classOf is the class that MLRun's contract gives an error: "ValueError".
func classOf(err error) string {
	class, _, _ := strings.Cut(serve.Classic(err), ": ")
	if strings.Contains(class, " ") { // no class, but the text of what has none
		return "Exception"
	}
	return class
}
