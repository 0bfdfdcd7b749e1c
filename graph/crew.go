package graph

import (
	"context"
	"sync"

	"github.com/leat-ml/leat/serve"
)

// A crew runs parts of flights beside the goroutines that sent them on their
// way. Whenever a part is waiting, a goroutine is about to look for it: so none
// waits for another one that blocks, and yet, since each goroutine goes on until
// nothing is left, many short parts need few of them. Starting one for each took
// longer than most parts do.
type crew struct {
	mu      sync.Mutex
	waiting []part // from next on
	next    int
	coming  bool // a goroutine was started and has not looked yet
}

// A part is an event on its way to a node, or to some followers of one.
type part struct {
	p   *plan
	ctx context.Context
	n   *node
	to  followers
	ev  *serve.Event
}

func (t *part) run() {
	defer t.p.g.flights.rest()
	if t.n != nil {
		t.p.walk(t.ctx, t.n, t.ev)
		return
	}
	t.p.follow(t.ctx, t.to, t.ev)
}

// run has a part run soon.
func (c *crew) run(t part) {
	c.mu.Lock()
	c.room()
	c.waiting = append(c.waiting, t)
	start := !c.coming
	c.coming = true
	c.mu.Unlock()
	if start {
		go c.work()
	}
}

// work runs parts until none waits.
func (c *crew) work() {
	for first := true; ; first = false {
		t, ok := c.take(first)
		if !ok {
			return
		}
		t.run()
	}
}

// take takes the part that has waited longest. It sees to it that somebody
// looks for the next one.
func (c *crew) take(arrived bool) (t part, ok bool) {
	c.mu.Lock()
	if arrived {
		c.coming = false
	}
	if c.next == len(c.waiting) {
		c.mu.Unlock()
		return part{}, false
	}
	t, c.waiting[c.next] = c.waiting[c.next], part{}
	c.next++
	more := c.next < len(c.waiting)
	if !more {
		c.shrink()
	}
	start := more && !c.coming
	c.coming = c.coming || start
	c.mu.Unlock()
	if start {
		go c.work()
	}
	return t, true
}

// room moves the parts to the front of a full list, rather than have it grow,
// when half of it is behind them.
func (c *crew) room() {
	if len(c.waiting) < cap(c.waiting) || c.next <= len(c.waiting)/2 {
		return
	}
	n := copy(c.waiting, c.waiting[c.next:])
	clear(c.waiting[n:])
	c.waiting, c.next = c.waiting[:n], 0
}

// mostKept is how many places for parts are kept when none waits.
const mostKept = 1024

// shrink empties the list, and keeps what is not much.
func (c *crew) shrink() {
	c.next = 0
	if cap(c.waiting) > mostKept {
		c.waiting = nil
		return
	}
	c.waiting = c.waiting[:0]
}
