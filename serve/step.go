package serve

import "context"

// A Fate is what becomes of an event after a step.
type Fate int

// The fates of an event.
const (
	Pass   Fate = iota // on to every follower; from the last step, to the caller
	Drop               // filtered: no error, and the caller is told so at once
	Finish             // the answer is the event as it is now; nothing follows
	Keep               // the step has taken the event over, and will Emit or End it (see Links)

	firstTo // and above: on to one follower
)

// To is the fate of an event that goes on to follower i of Links.Out alone.
func To(i int) Fate { return firstTo + Fate(i) }

// Follower is the i of a fate made by To.
func (f Fate) Follower() (i int, ok bool) { return int(f - firstTo), f >= firstTo }

// A Step is a node in a graph. Do changes ev in place and says what becomes of
// it. When it returns an error, or anything but Keep, it no longer refers to ev.
// It must be safe for concurrent use. ctx ends with the request, or, behind the
// answer, with the graph.
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
	// A Linker is told its place in the graph: steps that choose, join, split or
	// wait.
	Linker interface{ Link(l Links) error }
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
	// A Drainer holds events back until there are more: Drain lets go of them,
	// since no more will come. It is called when the graph begins to close, before
	// what is inside is waited for, and Do may be called after it.
	Drainer interface{ Drain() }
	// A Waiter says whether Do waits for something that is not this CPU, such as
	// a network, so that it is better run beside its siblings than before them.
	Waiter interface{ Waits() bool }
)

// Links is what a step may know of its neighbours, and how it passes events on
// from outside Do.
type Links struct {
	In, Out []string // the steps before and behind it, in the order of the spec
	// Emit passes an event on to the followers and returns when its way, as far
	// as it needs no waiting, is over. The event is one that the step kept, or a
	// Clone of an event it has. Emit takes it over; what fails behind is not this
	// step's business. Events emitted after the request has ended go on all the
	// same, as after an answer.
	Emit func(ctx context.Context, ev *Event)
	// Process passes an event that is in no request on to the followers, which it
	// takes over, and returns when nothing of it is left, side branches included.
	// The error is the first one that nothing behind has handled: what reads a
	// stream acknowledges a record when there is none.
	Process func(ctx context.Context, ev *Event) error
	// End ends an event that the step kept: with an error, which is the step's,
	// or without one, which filters it.
	End func(ctx context.Context, ev *Event, err error)
}

// A Handler serves one event and returns at the answer, which is the event it
// was given or another; a nil event and a nil error mean that it was filtered.
// Transports call it and nothing else.
type Handler interface {
	Serve(ctx context.Context, ev *Event) (*Event, error)
}

// A Processor serves one event and returns when nothing of it is left, side
// branches included: what reads a stream calls it, so that acknowledging means
// done. The error is that of the request.
type Processor interface {
	Process(ctx context.Context, ev *Event) error
}
