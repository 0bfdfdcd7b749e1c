package rest

import (
	"net/http"
	"sync"
	"time"
)

// slack is what a handler that minds the deadline itself has to say so: its
// answer names the model, and of Python code the line, which the worker is asked for;
// the watchdog's does not.
const slack = 100 * time.Millisecond

// A watchdog answers in place of handlers that are late. It watches calls with
// the same timeout, which therefore are late in the order in which they came: a
// list and one timer do, and a request costs it two short locks.
type watchdog struct {
	timeout time.Duration

	mu          sync.Mutex
	first, last *call
	timer       *time.Timer
	ticking     bool
}

// watched is a call's place with its watchdog.
type watched struct {
	dog        *watchdog
	prev, next *call     // guarded by dog.mu
	in         bool      // likewise: it is on the list
	due        time.Time // when it is late
	armed      bool      // touched by the handler's goroutine only
	caught     bool      // likewise: it was late, so the call is not used again

	mu      sync.Mutex
	settled bool // whoever sets it answers
}

// arm has the watchdog watch the call. From here on its ResponseWriter is the
// watchdog's until disarm takes it back. The request's body must have been read:
// nobody may write while somebody reads.
func (c *call) arm() {
	d := c.dog
	if d.timeout <= 0 {
		return
	}
	c.armed = true
	c.due = c.ev.Time.Add(d.timeout + slack)
	d.mu.Lock()
	defer d.mu.Unlock()
	c.in, c.prev, c.next = true, d.last, nil
	if d.last == nil {
		d.first = c
	} else {
		d.last.next = c
	}
	d.last = c
	if !d.ticking {
		d.wakeIn(d.timeout + slack)
	}
}

// disarm ends the watch and says whether the watchdog has answered.
func (c *call) disarm() (answered bool) {
	if !c.armed {
		return c.caught && c.settled
	}
	c.armed = false
	if c.dog.forget(c) {
		return false
	}
	c.caught = true
	c.watched.mu.Lock()
	defer c.watched.mu.Unlock()
	answered, c.settled = c.settled, true
	return answered
}

// forget takes a call off the list and says whether it was on it.
func (d *watchdog) forget(c *call) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !c.in {
		return false
	}
	if c.prev == nil {
		d.first = c.next
	} else {
		c.prev.next = c.next
	}
	if c.next == nil {
		d.last = c.prev
	} else {
		c.next.prev = c.prev
	}
	c.in, c.prev, c.next = false, nil, nil
	return true
}

// wakeIn sets the timer. It is called with the lock.
func (d *watchdog) wakeIn(t time.Duration) {
	d.ticking = true
	if d.timer == nil {
		d.timer = time.AfterFunc(t, d.tick)
	} else {
		d.timer.Reset(t)
	}
}

// tick answers the calls that are late, and sleeps until the next one is.
func (d *watchdog) tick() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for d.first != nil && !d.first.due.After(now) {
		c := d.first
		d.first = c.next
		c.in, c.next = false, nil
		go c.expire() // disarm waits for it
	}
	d.ticking = false
	if d.first == nil {
		d.last = nil
		return
	}
	d.first.prev = nil
	d.wakeIn(d.first.due.Sub(now))
}

// expire answers a call that is late, unless its handler does so just now.
func (c *call) expire() {
	c.watched.mu.Lock()
	defer c.watched.mu.Unlock()
	if c.settled {
		return
	}
	c.settled = true
	rep := c.h.failure(nil, c.r, errLate)
	rep.early = true
	rep.closes = true // it is not free for another request until the handler returns
	c.write(rep)
	_ = http.NewResponseController(c.w).Flush() // fails when the client has gone
}
