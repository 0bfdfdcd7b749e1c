package graph

import (
	"context"
	"errors"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// passOn is a step that does nothing.
type passOn struct{}

func (passOn) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }

// function is a step that is a function of the body, or of the whole event.
type function struct {
	f     catalog.Func
	whole bool
	about catalog.Inference // nil where nothing is known of it
}

func (s *function) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	var x any = ev
	if !s.whole {
		var err error
		if x, err = oip.Value(ev.Body); err != nil {
			return serve.Pass, serve.Errorf(oip.Unreadable(err), "ValueError", "failed to json decode event, %w", err)
		}
	}
	v, err := s.f(ctx, x)
	if err != nil {
		return serve.Pass, err
	}
	if out, ok := v.(*serve.Event); ok {
		if out != ev && out != nil {
			ev.Body, ev.Reply = out.Body, out.Reply
		}
		return serve.Pass, nil
	}
	ev.Body, ev.Reply = serve.ValueBody(v), nil
	return serve.Pass, nil
}

// routed is a router within a flow. It leaves the target as it was: the next
// router has an URL to read too.
type routed struct{ serve.Step }

func (s routed) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	target := ev.Target
	fate, err := s.Step.Do(ctx, ev)
	if fate != serve.Keep {
		ev.Target = target
	}
	return fate, err
}

// Waits implements serve.Waiter.
func (s routed) Waits() bool { return waits(s.Step) }

// nested is a flow as a step: what answers within is its result.
type nested struct{ plan *plan }

func (s *nested) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	out, err := s.plan.serve(ctx, ev.Detach())
	if err != nil {
		return serve.Pass, err
	}
	if out == nil {
		return serve.Drop, nil
	}
	ev.Body, ev.Reply, ev.Header = out.Body, out.Reply, out.Header
	return serve.Pass, nil
}

// Waits implements serve.Waiter.
func (s *nested) Waits() bool {
	for _, n := range s.plan.nodes {
		if n.waits {
			return true
		}
	}
	return false
}

// paths gives a step a part of the body and writes its result to another.
type paths struct {
	serve.Step
	input, result string
}

// withPaths is the step with the paths of its spec, unless it has its own ways
// with them: models and routers do.
func withPaths(s *StepSpec, step serve.Step) serve.Step {
	if step == nil || s.InputPath == "" && s.ResultPath == "" {
		return step
	}
	if own, ok := step.(interface{ OwnPaths() bool }); ok && own.OwnPaths() {
		return step
	}
	p := paths{Step: step, input: s.InputPath, result: s.ResultPath}
	if _, ok := step.(serve.Linker); ok {
		return linkedPaths{p}
	}
	return p
}

func (p paths) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	whole := ev.Body
	part, err := oip.Select(whole, p.input)
	if err != nil {
		return serve.Pass, err
	}
	ev.Body = part
	fate, err := p.Step.Do(ctx, ev)
	if err != nil {
		if fate != serve.Keep {
			ev.Body = whole // what a handler gets
		}
		return fate, err
	}
	if fate == serve.Keep || fate == serve.Drop {
		return fate, nil
	}
	ev.Body, err = oip.Place(whole, p.result, ev.Body)
	return fate, err
}

// Waits implements serve.Waiter.
func (p paths) Waits() bool { return waits(p.Step) }

// linkedPaths are the paths of a step that is told its place.
type linkedPaths struct{ paths }

// Link implements serve.Linker.
func (p linkedPaths) Link(l serve.Links) error {
	s, ok := p.Step.(serve.Linker)
	if !ok {
		return errors.New("it takes no links")
	}
	return s.Link(l)
}
