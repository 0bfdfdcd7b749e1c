package step

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// choice sends an event to the first follower whose condition is true, else to
// the default one, else nowhere.
type choice struct {
	unary  // the function that names the follower, where there are no conditions
	links  serve.Links
	chosen []option
	other  option
}

// An option is a follower, and when it is chosen.
type option struct {
	outlet string
	when   catalog.Func
	to     serve.Fate
	text   string            // of the condition, where it has one
	about  catalog.Inference // of the condition; nil where nothing is known of it
}

type choiceConfig struct {
	common
	Array   []option     `arg:"choice_array,choices"`
	Fn      catalog.Func `arg:"fn,select_outlets"`
	Default string       `arg:"default"`
}

// DecodeArg implements [args.Value]: [outlet, condition], or an object of the
// two.
func (o *option) DecodeArg(d args.Decoder, v any) error {
	items, ok := args.List(v)
	if m, isMap := args.Mapping(v); isMap {
		items, ok = []any{m["outlet"], m["condition"]}, len(m) == 2
	}
	if !ok || len(items) != 2 {
		return fmt.Errorf("must be a follower and its condition, [name, function], found %s", args.Describe(v))
	}
	if o.outlet, ok = items[0].(string); !ok || o.outlet == "" {
		return fmt.Errorf("must begin with the name of a follower, found %s", args.Describe(items[0]))
	}
	var err error
	o.text, _ = items[1].(string)
	o.when, err = d.Function(items[1])
	return err
}

func newChoice(a catalog.Args) (serve.Step, error) {
	var c choiceConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if (len(c.Array) > 0) == (c.Fn != nil) {
		return nil, configError("choice_array", "or fn is needed, one of them: pairs of a follower and a condition, or a function that names the follower")
	}
	for i := range c.Array {
		c.Array[i].about = inference(a, c.Array[i].text)
	}
	u := unaryOf(a, c.Fn)
	u.about = about(a, "fn", "select_outlets")
	return &choice{unary: u, chosen: c.Array, other: option{outlet: c.Default, to: serve.Drop}}, nil
}

// Link implements [serve.Linker]: it finds the followers that were named.
func (s *choice) Link(l serve.Links) error {
	s.links = l
	var errs []error
	for i := range s.chosen {
		errs = append(errs, s.chosen[i].find(l.Out))
	}
	if s.other.outlet != "" {
		errs = append(errs, s.other.find(l.Out))
	}
	return errors.Join(errs...)
}

func (o *option) find(followers []string) error {
	i := slices.Index(followers, o.outlet)
	if i < 0 {
		return fmt.Errorf("%q is not a step behind this one; there are: %s", o.outlet, strings.Join(followers, ", "))
	}
	o.to = serve.To(i)
	return nil
}

func (s *choice) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	if s.f != nil {
		return s.ask(ctx, ev)
	}
	var x any = ev
	if !s.whole {
		var err error
		if x, err = view(ev.Body, s.input); err != nil {
			return serve.Pass, err
		}
	}
	for i := range s.chosen {
		v, err := s.chosen[i].when(ctx, x)
		if err != nil {
			return serve.Pass, fmt.Errorf("condition of %s: %w", s.chosen[i].outlet, err)
		}
		if truthy(v) {
			return s.chosen[i].to, nil
		}
	}
	return s.other.to, nil
}

// ask lets the function name the follower: as text, or as a list of one. null
// and an empty list choose the default.
func (s *choice) ask(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.call(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	if items, ok := elements(v); ok {
		switch len(items) {
		case 0:
			v = nil
		case 1:
			v = items[0]
		default:
			return serve.Pass, serve.Errorf(serve.Internal, "ValueError", "the function named %d followers; an event goes to one", len(items))
		}
	}
	if v == nil {
		return s.other.to, nil
	}
	name, _ := v.(string)
	i := slices.Index(s.links.Out, name)
	if i < 0 {
		return serve.Pass, serve.Errorf(serve.Internal, "ValueError",
			"the function named %s, which is not a step behind this one; there are: %s", args.Describe(v), strings.Join(s.links.Out, ", "))
	}
	return serve.To(i), nil
}
