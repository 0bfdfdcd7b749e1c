package serve

import "context"

// A Fate is what becomes of an event after a step.
type Fate int

// The fates of an event.
const (
	Pass   Fate = iota // on to every follower; from the last step, to the caller
	Drop               // filtered: no error, and the caller is told so at once
	Finish             // the answer is the event as it is now; nothing follows
)

// A Step is a node in a graph. Do changes ev in place and says what becomes of
// it. When it returns it no longer refers to ev. It must be safe for concurrent
// use. ctx ends with the request.
type Step interface {
	Do(ctx context.Context, ev *Event) (Fate, error)
}

// A StepFunc is a function used as a [Step].
type StepFunc func(ctx context.Context, ev *Event) (Fate, error)

// Do calls f.
func (f StepFunc) Do(ctx context.Context, ev *Event) (Fate, error) { return f(ctx, ev) }

// What a step may be besides, found by type assertion and called in this order.
type (
	// A Validator reports a configuration error before anything starts.
	Validator interface{ Validate() error }
	// A Starter acquires what it needs. It is started after everything
	// downstream; ctx bounds only the starting.
	Starter interface {
		Start(ctx context.Context) error
	}
	// A Closer releases what it has, after everything upstream. Close may be
	// called twice and without Start.
	Closer interface {
		Close(ctx context.Context) error
	}
)

// A Handler serves one event and returns at the answer, which is the event it
// was given or another; a nil event and a nil error mean that it was filtered.
// Transports call it and nothing else.
type Handler interface {
	Serve(ctx context.Context, ev *Event) (*Event, error)
}
