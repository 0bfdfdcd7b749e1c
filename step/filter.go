package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// filter passes the events for which a function is true, as Python has it.
type filter struct{ unary }

func newFilter(a catalog.Args) (serve.Step, error) {
	u, err := newUnary(a)
	if err != nil {
		return nil, err
	}
	return &filter{u}, nil
}

func (s *filter) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.call(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	if truthy(v) {
		return serve.Pass, nil
	}
	return serve.Drop, nil
}
