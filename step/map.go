package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Map puts what a function makes of the body in its place.
type Map struct{ unary }

// FuncOptions say what a function of a [Map] is given and where its result goes.
type FuncOptions struct {
	FullEvent             bool   // it gets the *serve.Event, and may return one
	InputPath, ResultPath string // the part of the body that it gets, and where its result is written
}

// Func is the step that calls f for every event.
func Func(f catalog.Func, o FuncOptions) *Map {
	return &Map{unary{f: f, whole: o.FullEvent, input: o.InputPath, result: o.ResultPath}}
}

func newMap(a catalog.Args) (serve.Step, error) {
	u, err := newUnary(a)
	if err != nil {
		return nil, err
	}
	return &Map{u}, nil
}

// Do implements [serve.Step].
func (s *Map) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.call(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	return serve.Pass, s.put(ev, v)
}
