package step

import (
	"context"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// complete answers the request with the event as it is here, and goes on with
// it behind the answer.
type complete struct {
	out
	crew  crew
	input string
}

// OwnPaths tells the engine that input_path is what is answered of the body,
// all of which goes on.
func (s *complete) OwnPaths() bool { return true }

func newComplete(a catalog.Args) (serve.Step, error) {
	if err := decode(a, &common{}); err != nil {
		return nil, err
	}
	return &complete{input: a.InputPath}, nil
}

func (s *complete) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	answer, err := oip.Select(ev.Body, s.input)
	if err != nil {
		return serve.Pass, err
	}
	if len(s.links.Out) > 0 {
		rest := ev.Clone()
		if f := ev.Flight(); f != nil {
			f.Begin(rest, true) // before the answer, so that nobody takes the event for done
		}
		if !s.crew.run(func(ctx context.Context) { s.links.Emit(ctx, rest) }) {
			s.links.End(context.Background(), rest, errClosed())
		}
	}
	ev.Body = answer
	return serve.Finish, nil
}

// Close implements [serve.Closer]: it waits for what went on behind an answer.
func (s *complete) Close(ctx context.Context) error { return s.crew.close(ctx) }
