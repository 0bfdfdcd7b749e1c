package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// flatMap makes an event of every item of the list that a function returns.
// The first of them to reach the responder answers the request; an empty list
// filters it.
type flatMap struct {
	unary
	out
}

func newFlatMap(a catalog.Args) (serve.Step, error) {
	u, err := newUnary(a)
	if err != nil {
		return nil, err
	}
	return &flatMap{unary: u}, nil
}

// newFlatten makes a flatMap whose list is the body itself. As in storey it
// never looks at the event but at its body.
func newFlatten(a catalog.Args) (serve.Step, error) {
	if err := decode(a, &common{}); err != nil {
		return nil, err
	}
	a.FullEvent = false
	u := unaryOf(a, itself)
	u.about = identity
	return &flatMap{unary: u}, nil
}

func itself(_ context.Context, x any) (any, error) { return x, nil }

func (s *flatMap) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.call(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	items, ok := elements(v)
	if !ok {
		return serve.Pass, typeError("a list of items is needed to make events of, and this is %s", args.Describe(v))
	}
	if len(items) == 0 {
		return serve.Drop, nil
	}
	last := len(items) - 1
	for _, item := range items[:last] {
		if err := ctx.Err(); err != nil {
			return serve.Pass, err
		}
		part := ev.Clone()
		if err := s.put(part, item); err != nil {
			return serve.Pass, err
		}
		s.links.Emit(ctx, part)
	}
	return serve.Pass, s.put(ev, items[last])
}
