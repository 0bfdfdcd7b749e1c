package python

import (
	"context"
	"errors"
	"time"
)

// abandon tells the worker that nobody waits for a call any more.
func (c *conn) abandon(ctx context.Context, w *call, f *frame) {
	c.mu.Lock()
	_, open := c.calls[f.call]
	if w.left = open; open && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.late, w.seen = time.Now(), c.answers
		c.late++
	}
	c.mu.Unlock()
	if !open { // the answer came at the same time
		c.shared.give(w.lease)
		return
	}
	cancel := &frame{kind: kindCancel, object: f.object, call: f.call}
	select {
	case c.turn <- struct{}{}:
		_ = c.send(cancel) // one that cannot be sent has nobody to get it
		<-c.turn
	default: // somebody writes just now: a coroutine that is not told goes on, and counts as one that hangs
		c.mu.Lock()
		defer c.mu.Unlock()
		c.aside(cancel)
	}
}

// aside sends a frame that nobody waits for. The lock is held.
func (c *conn) aside(f *frame) {
	if c.err == nil { // else close may be waiting for all that runs
		c.asks.Go(func() { _ = c.write(context.Background(), f) }) // one that cannot be sent has nobody to get it
	}
}

// hangs says whether the worker hangs: grace after the deadline of a call it has
// neither answered that nor any other, or has not even read it.
func (c *conn) hangs(now time.Time, grace time.Duration) bool {
	if until := c.writing.Load(); until != 0 && now.UnixNano()-until > int64(grace) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late == 0 {
		return false
	}
	for _, w := range c.calls {
		if !w.late.IsZero() && now.Sub(w.late) > grace && w.seen == c.answers {
			return true
		}
	}
	return false
}
