package step

import (
	"context"
	"sync"
)

// A crew is the goroutines of a step: none outlives its Close. The zero value
// is ready to use.
type crew struct {
	mu     sync.Mutex
	ctx    context.Context //nolint:containedctx // of the goroutines, which nobody's call bounds
	cancel context.CancelFunc
	n      int
	closed bool
	idle   chan struct{} // closed when n is zero; made by who waits
}

// run runs f beside the caller. Its context ends when the crew is closed and
// could not wait any longer. It reports false, and f does not run, once the
// crew is closed.
func (c *crew) run(f func(ctx context.Context)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancel(context.Background())
	}
	c.n++
	go func(ctx context.Context) {
		defer c.leave()
		f(ctx)
	}(c.ctx)
	return true
}

func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.n == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
}

// close lets nobody in any more and waits for those at work, or for ctx: then
// their context ends, and it returns without them.
func (c *crew) close(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	cancel, idle := c.cancel, c.idle
	if c.n > 0 && idle == nil {
		idle = make(chan struct{})
		c.idle = idle
	}
	if c.n == 0 {
		idle = nil
	}
	c.mu.Unlock()
	if cancel != nil {
		defer cancel()
	}
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// A turn lets one at a time through, and those who wait give up with their
// context.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	default:
	}
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) give() { <-t }
