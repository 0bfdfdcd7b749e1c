package steptest

import (
	"context"
	"runtime"
	"sync"
	"testing" //nolint:depguard // a suite for tests
	"time"

	"github.com/leat-ml/leat/serve"
)

// A Contract is what [Run] needs of a step.
type Contract struct {
	New   func() serve.Step            // a new step, not linked, not started
	Event func(i int) *serve.Event     // an event that it takes, a new one each time
	In    []string                     // the steps before it; nil means one
	Out   []string                     // the steps behind it; nil means one
	Inlet func(i int) (inlet int)      // where event i comes from; nil means the only one
	Check func(r *Rig, sent []Outcome) // looks at the outcomes of all events after Close; may be nil
}

// failsafe is how long the suite waits for what must happen.
var failsafe = 2 * time.Minute

// Run checks what every step must keep to. It is best run with the race
// detector:
//
//   - Close may be called twice, and without Start;
//   - Do is safe for concurrent use, and once the step is closed every request
//     has an outcome;
//   - the step does not touch an event that it has given back;
//   - Do, where it waits, gives up with its context;
//   - no goroutine is left behind Close.
func Run(t *testing.T, c Contract) {
	t.Run("close", func(t *testing.T) { closes(t, c) })
	t.Run("concurrent", func(t *testing.T) { concurrent(t, c) })
	t.Run("gives up", func(t *testing.T) { givesUp(t, c) })
}

func (c Contract) event(i int) *serve.Event {
	ev := c.Event(i)
	if c.Inlet != nil {
		ev.Enter(c.Inlet(i))
	}
	return ev
}

func (c Contract) options() Options { return Options{In: c.In, Out: c.Out} }

// closes closes a step that was never started, one that was and one that has
// seen events, each twice.
func closes(t *testing.T, c Contract) {
	if s, ok := c.New().(serve.Closer); ok {
		for range 2 {
			if err := s.Close(t.Context()); err != nil {
				t.Errorf("close without start: %v", err)
			}
		}
	}
	for _, events := range []int{0, 5} {
		r := New(t, c.New(), c.options())
		_, wait := send(t.Context(), r, c, events)
		r.Close(t.Context())
		r.Close(t.Context())
		wait(t)
	}
}

// concurrent sends events from many goroutines.
func concurrent(t *testing.T, c Contract) {
	before := runtime.NumGoroutine()
	const events = 200
	r := New(t, c.New(), c.options())
	outcomes, wait := send(t.Context(), r, c, events)
	within(t, "Do returns", func() {
		for r.given.Load() < events {
			time.Sleep(time.Millisecond)
		}
	})
	r.Close(t.Context())
	wait(t)
	r.untouched(t)
	if c.Check != nil {
		c.Check(r, outcomes)
	}
	gone(t, before)
}

// givesUp fills a step whose followers take nothing, and takes its callers away.
func givesUp(t *testing.T, c Contract) {
	before := runtime.NumGoroutine()
	open := make(chan struct{})
	o := c.options()
	o.Reach = func(ctx context.Context, _ Output) {
		select {
		case <-open:
		case <-ctx.Done():
		}
	}
	r := New(t, c.New(), o)
	ctx, cancel := context.WithCancel(t.Context())
	_, wait := send(ctx, r, c, 300)
	time.Sleep(20 * time.Millisecond) // for the step to fill; too short only tests less
	cancel()
	wait(t)
	close(open)
	r.Close(t.Context())
	r.untouched(t)
	gone(t, before)
}

// send sends events side by side. wait returns when all have an outcome.
func send(ctx context.Context, r *Rig, c Contract, events int) (outcomes []Outcome, wait func(*testing.T)) {
	var done sync.WaitGroup
	outcomes = make([]Outcome, events)
	for i := range events {
		ev := c.event(i)
		done.Go(func() { outcomes[i] = r.Send(ctx, ev) })
	}
	return outcomes, func(t *testing.T) {
		t.Helper()
		within(t, "every request has an outcome", done.Wait)
	}
}

// untouched wants the events that the step has given back as the rig left them.
func (r *Rig) untouched(t *testing.T) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ev := range r.back {
		if got := JSON(ev.Body); got != spoiled || ev.ID != "" || ev.Key != "" || ev.Header != nil {
			t.Errorf("the step changed an event that it had given back: body %s, id %q, key %q", got, ev.ID, ev.Key)
			return
		}
	}
}

// within fails the test when f does not return.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { f(); close(done) }()
	select {
	case <-done:
	case <-time.After(failsafe):
		buf := make([]byte, 1<<16)
		t.Fatalf("%s: waited in vain\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// gone waits until there are no more goroutines than before.
func gone(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(failsafe); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}
