package step

import (
	"context"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// reduce makes one value of all events. Each is filtered; the value goes on as
// an event of its own when the step is closed.
type reduce struct {
	unary
	out
	turn    turn
	value   any
	started bool
	closed  bool
}

type reduceConfig struct {
	common
	Initial any `arg:"initial_value"`
	stateFunc
}

func newReduce(a catalog.Args) (serve.Step, error) {
	var c reduceConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	initial, err := document(c.Initial)
	if err != nil {
		return nil, configError("initial_value", "cannot be read: %v", err)
	}
	f, err := c.chosen()
	if err != nil {
		return nil, err
	}
	return &reduce{unary: unaryOf(a, f), turn: newTurn(), value: initial}, nil
}

// Start implements [serve.Starter]: only a step that was started has a value to
// pass on.
func (s *reduce) Start(ctx context.Context) error {
	if err := s.turn.take(ctx); err != nil {
		return err
	}
	defer s.turn.give()
	s.started = true
	return nil
}

func (s *reduce) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	var x any = ev
	if !s.whole {
		var err error
		if x, err = view(ev.Body, s.input); err != nil {
			return serve.Pass, err
		}
	}
	if err := s.turn.take(ctx); err != nil {
		return serve.Pass, err
	}
	defer s.turn.give()
	if s.closed {
		return serve.Pass, errClosed()
	}
	v, err := s.f(ctx, valueWith(x, s.value))
	if err != nil {
		return serve.Pass, err
	}
	s.value = v
	return serve.Drop, nil
}

// Close implements [serve.Closer].
func (s *reduce) Close(ctx context.Context) error {
	if err := s.turn.take(ctx); err != nil {
		return err
	}
	emit := s.started && !s.closed && len(s.links.Out) > 0
	s.closed = true
	value := s.value
	s.turn.give()
	if emit {
		s.links.Emit(ctx, &serve.Event{Time: time.Now(), Body: serve.ValueBody(value)})
	}
	return nil
}
