package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// partition tells the events for which a predicate is true from the others: the
// body becomes {"left": body, "right": null} for the ones and {"left": null,
// "right": body} for the others. Where followers are named for the two sides,
// the event goes to one of them as it is instead.
type partition struct {
	unary
	left, right option
	routed      bool
}

type partitionConfig struct {
	Predicate catalog.Func `arg:"predicate,fn,required"`
	Left      string       `arg:"left"`
	Right     string       `arg:"right"`
}

func newPartition(a catalog.Args) (serve.Step, error) {
	var c partitionConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	u := unaryOf(a, c.Predicate)
	u.about = about(a, "predicate", "fn")
	p := &partition{
		unary: u, routed: c.Left != "" || c.Right != "",
		left: option{outlet: c.Left, to: serve.Drop}, right: option{outlet: c.Right, to: serve.Drop},
	}
	return p, nil
}

// Link implements [serve.Linker]: it finds the followers that were named. A side
// without a name is dropped when the other one has a name.
func (s *partition) Link(l serve.Links) error {
	for _, side := range []*option{&s.left, &s.right} {
		if side.outlet == "" {
			continue
		}
		if err := side.find(l.Out); err != nil {
			return err
		}
	}
	return nil
}

func (s *partition) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.call(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	left := truthy(v)
	switch {
	case s.routed && left:
		return s.left.to, nil
	case s.routed:
		return s.right.to, nil
	}
	body, err := view(ev.Body, s.input)
	if err != nil {
		return serve.Pass, err
	}
	sides := []serve.Field{{Key: "left"}, {Key: "right"}}
	if left {
		sides[0].Value = body
	} else {
		sides[1].Value = body
	}
	return serve.Pass, place(ev, s.result, serve.NewObject(sides...))
}
