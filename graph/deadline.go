package graph

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A deadline is a context that ends at a time. Unlike one of the context
// package it starts a timer only once somebody waits for it, since most events
// are over long before and never look.
type deadline struct {
	context.Context
	at time.Time

	timed atomic.Pointer[timed] // set by the first Done
	mu    sync.Mutex            // guards its making
	over  atomic.Bool
}

// timed is a deadline that somebody waits for.
type timed struct {
	context.Context
	cancel context.CancelFunc
}

// Deadline is the earlier of its own and its parent's.
func (d *deadline) Deadline() (time.Time, bool) {
	if at, ok := d.Context.Deadline(); ok && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

// Done starts the timer.
func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.timed.Load()
	if t == nil {
		t = &timed{}
		t.Context, t.cancel = context.WithDeadline(d.Context, d.at)
		d.timed.Store(t)
		if d.over.Load() {
			t.cancel()
		}
	}
	return t.Done()
}

// Err looks at the clock while no timer runs.
func (d *deadline) Err() error {
	if t := d.timed.Load(); t != nil {
		return t.Err()
	}
	if err := d.Context.Err(); err != nil {
		return err
	}
	if time.Until(d.at) <= 0 {
		return context.DeadlineExceeded
	}
	return nil
}

// stop releases the timer, if one was started.
func (d *deadline) stop() {
	d.over.Store(true)
	if t := d.timed.Load(); t != nil {
		t.cancel()
	}
}
