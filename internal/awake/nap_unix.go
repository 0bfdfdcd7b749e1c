//go:build unix

package awake

import (
	"sync"
	"sync/atomic"
	"time"
)

// A nap is the sleep of a reader while its last request is being answered. What comes
// wakes it as ever, and so does the answer: by a deadline on the socket, which is taken
// away again before anybody sees it.
type nap struct {
	asleep atomic.Bool

	mu       sync.Mutex
	woken    bool      // a deadline in the past was set
	deadline time.Time // that is to be there otherwise
}

// A limited is a connection underneath.
type limited interface{ SetReadDeadline(t time.Time) error }

// past is a deadline that ends a read at once.
var past = time.Unix(1, 0)

func (n *nap) begin() { n.asleep.Store(true) }

func (n *nap) end() {
	if n.asleep.Load() {
		n.asleep.Store(false)
	}
}

// disturb wakes the reader, if it sleeps.
func (n *nap) disturb(c limited) {
	if !n.asleep.Load() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.asleep.Swap(false) && c.SetReadDeadline(past) == nil {
		n.woken = true
	}
}

// over says whether it was an answer that ended the read, and not its deadline.
func (n *nap) over(c limited) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.woken {
		return false
	}
	n.woken = false
	return c.SetReadDeadline(n.deadline) == nil
}

// limit sets the deadline.
func (n *nap) limit(c limited, t time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deadline, n.woken = t, false
	return c.SetReadDeadline(t)
}
