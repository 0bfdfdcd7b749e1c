package steptest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing" //nolint:depguard // a suite for tests

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Event is an event accepted now with a JSON body.
func Event(body string) *serve.Event {
	return serve.NewEvent(serve.Target{Method: "POST", Path: "/"}, []byte(body))
}

// JSON is what a body holds, as text.
func JSON(b serve.Body) string {
	text, err := oip.AppendBody(nil, b)
	if err != nil {
		return "cannot be written: " + err.Error()
	}
	return string(text)
}

// An Output is an event that reached a follower of the step.
type Output struct {
	To   string // the follower; "" where the step has none
	Body string // as JSON
	Key  string
	ID   string
}

// An Outcome is what became of a request: an answer, an error, or neither when
// it was filtered.
type Outcome struct {
	Answer *serve.Event
	Err    error
}

// Body is the body of the answer as JSON; "" where there is none.
func (o Outcome) Body() string {
	if o.Answer == nil {
		return ""
	}
	return JSON(o.Answer.Body)
}

// Filtered says that there was neither answer nor error.
func (o Outcome) Filtered() bool { return o.Answer == nil && o.Err == nil }

// Options are the place of a step.
type Options struct {
	In, Out []string // nil means one of each, "before" and "behind"
	// Reach is called for every event that reaches a follower, and returns when
	// its way is over; nil does nothing.
	Reach func(ctx context.Context, o Output)
}

// A Rig plays the engine for one step. Every follower answers the request with
// what reaches it. It is safe for concurrent use.
type Rig struct {
	tb   testing.TB
	step serve.Step
	o    Options

	given   atomic.Int64 // calls of Do that have returned
	mu      sync.Mutex
	outputs []Output
	back    []*serve.Event // that the step has given back
}

// New links and starts a step. The step is closed when the test ends, if not
// before.
func New(tb testing.TB, step serve.Step, o Options) *Rig {
	tb.Helper()
	if o.In == nil {
		o.In = []string{"before"}
	}
	if o.Out == nil {
		o.Out = []string{"behind"}
	}
	r := &Rig{tb: tb, step: step, o: o}
	if s, ok := step.(serve.Validator); ok {
		if err := s.Validate(); err != nil {
			tb.Fatal(err)
		}
	}
	if s, ok := step.(serve.Linker); ok {
		if err := s.Link(serve.Links{In: o.In, Out: o.Out, Emit: r.emit, Process: r.process, End: r.end}); err != nil {
			tb.Fatal(err)
		}
	}
	if s, ok := step.(serve.Starter); ok {
		if err := s.Start(context.Background()); err != nil {
			tb.Fatal(err)
		}
	}
	tb.Cleanup(func() { r.Close(context.Background()) })
	return r
}

// Send gives the step an event and returns the outcome of its request: at once,
// or, when the step keeps the event, once it has let it go. When ctx ends before
// that, the outcome is its error.
func (r *Rig) Send(ctx context.Context, ev *serve.Event) Outcome {
	f := serve.NewFlight(nil)
	f.Begin(ev, false)
	fate, err := r.step.Do(ctx, ev)
	r.given.Add(1)
	switch {
	case err != nil:
		f.Fail(ev, err)
		r.takeBack(ev)
	case fate == serve.Drop:
		f.End(ev)
		r.takeBack(ev)
	case fate == serve.Finish:
		answer := ev.Clone()
		r.takeBack(ev)
		f.Answer(answer)
		f.End(ev)
	case fate != serve.Keep:
		r.pass(ctx, ev, fate)
	}
	answer, err := f.Wait(ctx)
	return Outcome{Answer: answer, Err: err}
}

// pass sends an event on from the step and answers its request.
func (r *Rig) pass(ctx context.Context, ev *serve.Event, fate serve.Fate) {
	out := r.o.Out
	if i, one := fate.Follower(); one {
		out = out[i : i+1]
	}
	if len(out) == 0 {
		out = []string{""}
	}
	answer := ev.Clone()
	for _, name := range out {
		o := Output{To: name, Body: JSON(ev.Body), Key: ev.Key, ID: answer.ID}
		r.mu.Lock()
		r.outputs = append(r.outputs, o)
		r.mu.Unlock()
		if r.o.Reach != nil {
			r.o.Reach(ctx, o)
		}
	}
	f := ev.Flight()
	if ev.Main() { // what goes on behind an answer is no answer, even where it is faster
		f.Begin(answer, true)
		f.Answer(answer)
	}
	f.End(ev)
	r.takeBack(ev)
}

func (r *Rig) emit(ctx context.Context, ev *serve.Event) {
	if f := ev.Flight(); f == nil || !f.Join(ev, false) {
		serve.NewFlight(nil).Begin(ev, true)
	}
	r.pass(ctx, ev, serve.Pass)
}

func (r *Rig) process(ctx context.Context, ev *serve.Event) error {
	f := serve.NewErrand()
	f.Begin(ev, true)
	r.pass(ctx, ev, serve.Pass)
	if err := f.WaitAll(ctx); err != nil {
		return err
	}
	return f.Lost()
}

func (r *Rig) end(_ context.Context, ev *serve.Event, err error) {
	f := ev.Flight()
	if err == nil || !ev.Main() { // what fails behind the answer fails nobody's request
		f.End(ev)
	} else {
		f.Fail(ev, err)
	}
	r.takeBack(ev)
}

// spoiled is the body of an event that the step has no business with any more.
const spoiled = `"given back"`

// takeBack spoils an event that the step has given back. A step that reads it
// later finds nonsense, and the race detector finds the step.
func (r *Rig) takeBack(ev *serve.Event) {
	ev.ID, ev.Key, ev.Header, ev.Body = "", "", nil, serve.RawBody([]byte(spoiled))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.back = append(r.back, ev)
}

// Given is how many events the step has taken: calls of Do that have returned.
func (r *Rig) Given() int { return int(r.given.Load()) }

// Outputs are the events that have reached followers so far, in their order.
func (r *Rig) Outputs() []Output {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Output(nil), r.outputs...)
}

// Bodies are the bodies of the outputs.
func (r *Rig) Bodies() []string {
	var out []string
	for _, o := range r.Outputs() {
		out = append(out, o.Body)
	}
	return out
}

// Close closes the step. It may be called twice.
func (r *Rig) Close(ctx context.Context) {
	r.tb.Helper()
	if s, ok := r.step.(serve.Closer); ok {
		if err := s.Close(ctx); err != nil {
			r.tb.Errorf("close: %v", err)
		}
	}
}
