package remote

import (
	"sync"
	"time"
)

// A breaker watches the attempts at one host. It opens when at least half of
// them, and so many, failed within the last seconds; then it lets none through
// until it has rested, and after that one at a time, until one succeeds.
type breaker struct {
	failures int           // that open it; 0 never does
	rest     time.Duration // how long it stays open

	mu       sync.Mutex
	now, old count     // of this period and of the one before
	turn     time.Time // when this period ends
	until    time.Time // when it has rested; zero while it is closed
	probing  bool      // an attempt is let through while it is open
}

type count struct{ ok, failed int }

// period is what attempts are counted over: at least one, at most two of them.
const period = 5 * time.Second

// outcome is how an attempt ended.
type outcome uint8

const (
	succeeded outcome = iota
	failed
	abandoned // by the caller: it says nothing about the host
)

// allow says whether an attempt may be made, and if not, when to ask again. An
// attempt that is allowed is reported to done. half says that the breaker is
// open and this is its probe.
func (b *breaker) allow() (half bool, wait time.Duration, ok bool) {
	if b.failures == 0 {
		return false, 0, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if b.until.IsZero() {
		return false, 0, true
	}
	if wait = b.until.Sub(now); wait > 0 {
		return false, wait, false
	}
	if b.probing {
		return false, b.rest, false
	}
	b.probing = true
	return true, 0, true
}

// done reports an attempt that was allowed, and whether it was a probe.
func (b *breaker) done(o outcome, half bool) {
	if b.failures == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	if half {
		b.probing = false
		switch o {
		case succeeded:
			b.until, b.now, b.old = time.Time{}, count{}, count{}
		case failed:
			b.until = now.Add(b.rest)
		}
		return
	}
	if !b.until.IsZero() || o == abandoned { // begun before it opened, or says nothing
		return
	}
	b.roll(now)
	if o == succeeded {
		b.now.ok++
		return
	}
	b.now.failed++
	bad := b.now.failed + b.old.failed
	if bad >= b.failures && bad >= b.now.ok+b.old.ok {
		b.until = now.Add(b.rest)
	}
}

// roll begins a new period when this one is over. The lock is held.
func (b *breaker) roll(now time.Time) {
	if now.Before(b.turn) {
		return
	}
	b.old = count{}
	if now.Sub(b.turn) < period {
		b.old = b.now
	}
	b.now, b.turn = count{}, now.Add(period)
}

// breakers are those of the hosts that a step calls.
type breakers struct {
	failures int
	rest     time.Duration

	mu   sync.Mutex
	host map[string]*breaker
}

// mostHosts bounds how many hosts are remembered where events choose them.
const mostHosts = 1024

// of is the breaker of a host.
func (bs *breakers) of(host string) *breaker {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if b := bs.host[host]; b != nil {
		return b
	}
	if bs.host == nil {
		bs.host = map[string]*breaker{}
	}
	if len(bs.host) >= mostHosts {
		bs.forget()
	}
	b := &breaker{failures: bs.failures, rest: bs.rest}
	bs.host[host] = b
	return b
}

// forget makes room: it drops half of the breakers, those that are closed if
// there are so many.
func (bs *breakers) forget() {
	for _, open := range []bool{false, true} {
		for host, b := range bs.host {
			if len(bs.host) <= mostHosts/2 {
				return
			}
			b.mu.Lock()
			idle := b.until.IsZero() && !b.probing
			b.mu.Unlock()
			if idle || open {
				delete(bs.host, host)
			}
		}
	}
}
