package serve

import (
	"context"
	"sync/atomic"
	"time"
)

// A Deadline is a context that ends at a time. Unlike one of the context
// package it starts a timer only once somebody waits for it, since most events
// are over long before and never look. Engines get one from [Event.Until].
type Deadline struct {
	context.Context
	at time.Time

	timed atomic.Pointer[timed] // set by the first Done, or by Stop to stopped
}

// timed is a deadline that somebody waits for.
type timed struct {
	context.Context
	cancel context.CancelFunc
}

// stopped is what Done leaves to those who come after Stop.
var stopped = func() *timed {
	t := &timed{}
	t.Context, t.cancel = context.WithCancel(context.Background())
	t.cancel()
	return t
}()

// Until returns the context under which the event is served until at, which the
// caller stops in the end. The first one is a part of the event.
func (e *Event) Until(parent context.Context, at time.Time) *Deadline {
	if e.room == nil || e.room.until.Context != nil { // somebody serves the event already
		return &Deadline{Context: parent, at: at}
	}
	d := &e.room.until
	d.Context, d.at = parent, at
	return d
}

// Deadline is the earlier of its own and its parent's.
func (d *Deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

// Done starts the timer.
func (d *Deadline) Done() <-chan struct{} {
	t := d.timed.Load()
	if t == nil {
		t = &timed{}
		t.Context, t.cancel = context.WithDeadline(d.Context, d.at)
		if !d.timed.CompareAndSwap(nil, t) { // stopped meanwhile, or somebody else was faster
			t.cancel()
			t = d.timed.Load()
		}
	}
	return t.Done()
}

// Err looks at the clock while no timer runs.
func (d *Deadline) Err() error {
	if t := d.timed.Load(); t != nil && t != stopped {
		return t.Err()
	}
	if err := d.Context.Err(); err != nil {
		return err
	}
	if time.Until(d.at) <= 0 {
		return context.DeadlineExceeded
	}
	if d.timed.Load() == stopped {
		return context.Canceled
	}
	return nil
}

// Canceled is Err without a look at the clock: what an engine asks between steps,
// since the clock takes longer than a step does.
func (d *Deadline) Canceled() error { return d.Context.Err() }

// Await waits for c to be closed, or for the end of ctx, whose error it returns.
// For a Deadline it starts no context of the standard library.
func Await(ctx context.Context, c <-chan struct{}) error {
	d, ok := ctx.(*Deadline)
	if !ok || d.timed.Load() != nil {
		select {
		case <-c:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t := time.NewTimer(time.Until(d.at)) // not from a pool: it belongs to the caller's synctest bubble
	defer t.Stop()
	select {
	case <-c:
		return nil
	case <-d.Context.Done():
		return d.Context.Err()
	case <-t.C:
		return context.DeadlineExceeded
	}
}

// Stop releases the timer, if one was started.
func (d *Deadline) Stop() {
	if t := d.timed.Swap(stopped); t != nil {
		t.cancel()
	}
}
