package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// forEach calls a function for what it does, and passes the event on as it is.
type forEach struct{ unary }

func newForEach(a catalog.Args) (serve.Step, error) {
	u, err := newUnary(a)
	if err != nil {
		return nil, err
	}
	return &forEach{u}, nil
}

func (s *forEach) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	_, err := s.call(ctx, ev)
	return serve.Pass, err
}
