package python

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Who reads what a worker sends.
const (
	keeper int32 = iota // a goroutine of the connection's own
	caller              // whoever waits for the only answer, which saves the way through the keeper
	nobody
)

// A reading is the right to read, which one goroutine has at a time.
//
// With many calls under way the keeper has it. When calls come one after another
// it stands back: who calls reads the answer itself, and gives the right back if
// other calls have come meanwhile, or if it takes long, since who reads does not
// see the end of its context.
type reading struct {
	frames *frameReader
	limit  func(time.Time) error // sets a deadline; nil if there is none, and the keeper reads always

	who   atomic.Int32
	led   atomic.Uint32 // how often a caller has got the right
	hand  chan struct{} // the keeper gets the right
	alone int           // answers in a row that left no call; the reader's
	stood bool          // the keeper has given up the right; its own
	look  bool          // there may be an answer in the box that nobody has seen; its own too

	ended   chan struct{} // closed when the connection is
	endOnce sync.Once
}

const (
	aloneFor = 4                    // answers in a row after which the keeper stands back
	lookIn   = 5 * time.Millisecond // how often it looks whether somebody must read
)

var noDeadline, longAgo = time.Time{}, time.Unix(1, 0)

// keep reads until the end, whenever nobody else does.
func (c *conn) keep() {
	for {
		switch err := c.next(); {
		case errors.Is(err, os.ErrDeadlineExceeded): // meant for somebody else
			_ = c.limit(noDeadline)
		case err != nil:
			c.fail(err)
			return
		}
	}
}

// next reads a frame once nobody else reads.
func (c *conn) next() error {
	if c.stood {
		c.stood = false
		c.standBack()
		c.wake(false)
		c.look = true
	}
	if c.look {
		if err := c.unbox(); err != nil {
			return err
		}
		c.look = false
	}
	return c.readOne()
}

// readOne reads a frame and does with it what it is for.
func (c *conn) readOne() error {
	f, err := c.frames.read()
	if err != nil {
		return err
	}
	return c.take(f)
}

// standBack waits until the keeper has the right again: somebody gives it back, for
// some time nobody had it, or always the same caller, which is woken then.
func (c *conn) standBack() {
	t := time.NewTicker(lookIn)
	defer t.Stop()
	for seen := c.led.Load(); ; {
		select {
		case <-c.hand:
			return
		case <-c.ended:
			if !c.who.CompareAndSwap(nobody, keeper) {
				<-c.hand // from who reads, which is over now
			}
			return
		case <-t.C:
		}
		led := c.led.Load()
		switch {
		case led != seen:
			seen = led
		case c.who.CompareAndSwap(nobody, keeper):
			return
		default:
			_ = c.limit(longAgo)
		}
	}
}

// lead has the caller read until its answer is there, if nobody else reads, or
// until it is to wait like others.
func (c *conn) lead(ctx context.Context, w *call) {
	if c.who.Load() != nobody || !hasTime(ctx) || !c.who.CompareAndSwap(nobody, caller) {
		return
	}
	c.led.Add(1)
	var err error
	if len(w.back) == 0 { // else the keeper has read the answer, and stood back behind it
		err = c.watch()
	}
	for {
		if err == nil && len(w.back) == 0 {
			err = c.readOne()
		}
		switch {
		case err == nil && len(w.back) == 0:
			continue
		case err == nil:
			c.vigil.over = time.Now()
			c.leaveReading()
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			_ = c.limit(noDeadline)
		default:
			c.fail(err)
		}
		c.handOver()
		return
	}
}

// hasTime says whether a context lasts longer than who reads may notice its end
// too late.
func hasTime(ctx context.Context) bool {
	at, ok := ctx.Deadline()
	return !ok || time.Until(at) > 4*lookIn
}

// leaveReading gives up the right after an answer: to the keeper, if there are
// calls.
func (c *conn) leaveReading() {
	c.mu.Lock()
	left := len(c.calls)
	if left == 0 {
		c.who.Store(nobody) // who calls from now on finds it so
	}
	c.mu.Unlock()
	if left > 0 {
		c.handOver()
	}
}

func (c *conn) handOver() {
	c.alone = 0
	c.wake(false)
	c.who.Store(keeper)
	c.hand <- struct{}{} // has room for it
}

// count notes an answer, with c.mu held, and lets the keeper stand back before
// who waits for it can call again.
func (c *conn) count() {
	if len(c.calls) > 0 {
		c.alone = 0
		return
	}
	c.alone++
	if c.alone >= aloneFor && c.limit != nil && c.who.CompareAndSwap(keeper, nobody) {
		c.stood = true
	}
}
