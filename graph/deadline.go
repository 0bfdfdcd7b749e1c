package graph

import (
	"context"
	"sync"
	"time"
)

// A deadline is a context that ends at a time. Unlike one of the context
// package it starts a timer only once somebody waits for it, since most events
// are over long before and never look.
type deadline struct {
	context.Context
	at time.Time

	mu     sync.Mutex
	timed  context.Context // set by the first Done
	cancel context.CancelFunc
	over   bool
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
	if d.timed == nil {
		d.timed, d.cancel = context.WithDeadline(d.Context, d.at)
		if d.over {
			d.cancel()
		}
	}
	return d.timed.Done()
}

// Err looks at the clock while no timer runs.
func (d *deadline) Err() error {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil {
		return timed.Err()
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
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.cancel != nil {
		d.cancel()
	}
}
