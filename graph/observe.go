package graph

import (
	"context"
	"time"

	"github.com/leat-ml/leat/serve"
)

// An Observer is told of the steps of a graph when it is built, and gives each
// what counts its events.
type Observer interface {
	// Step returns the metrics of a step; nil for none.
	Step(name string) StepMetrics
}

// StepMetrics count the events of one step. They are safe for concurrent use.
type StepMetrics interface {
	// Done is called when the step was done with an event after d.
	Done(d time.Duration, err error)
}

// A Tracer follows events from step to step. It is safe for concurrent use.
type Tracer interface {
	// Enter is called before a step gets the event, and leave after: with the
	// event as the step left it, which is not to be looked at when the step kept
	// it. The step works under the context that Enter returns.
	Enter(ctx context.Context, step string, ev *serve.Event) (in context.Context, leave func(ev *serve.Event, fate serve.Fate, err error))
}
