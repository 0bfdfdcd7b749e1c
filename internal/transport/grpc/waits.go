package grpc

import (
	"sync"
	"time"
)

const (
	// A client has tolerance plus a second for every slowest bytes to send a message, or to
	// take an answer, as over HTTP.
	tolerance = 30
	slowest   = 64 << 10

	second = time.Second
)

// waits are what is waited for, and not for ever. They are looked at once a second, so that
// what comes at once, as almost everything does, costs two short locks and not a look at
// the clock.
type waits struct {
	unit time.Duration // that is called a second here; 0 is one

	mu      sync.Mutex
	all     chain[waiting]
	timer   *time.Timer
	ticking bool
}

// A wait is one of them.
type wait = link[waiting]

type waiting struct {
	call statusWriter // which a wait that is too long ends

	// guarded by the lock of waits
	left int  // seconds
	late bool // it has been too long
}

// enter begins a wait.
func (s *waits) enter(w *wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.is.left = tolerance
	s.all.push(w)
	if !s.ticking {
		s.ticking = true
		s.wind()
	}
}

// wind has the waits be looked at in a second. It is called with the lock.
func (s *waits) wind() {
	if s.timer != nil {
		s.timer.Reset(s.unit)
		return
	}
	if s.unit == 0 {
		s.unit = second
	}
	s.timer = time.AfterFunc(s.unit, s.tick)
}

// extend gives a wait the time that n bytes more may take.
func (s *waits) extend(w *wait, n int) {
	if n < slowest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.is.left += n / slowest
}

// leave ends a wait, and says whether it has been too long.
func (s *waits) leave(w *wait) (late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.drop(w)
	return w.is.late
}

// tick ends the calls that have kept waiting for too long.
func (s *waits) tick() {
	for _, call := range s.late() {
		_ = call.WriteStatus(statusOf(errSlow)) // fails when the client has gone
	}
}

// late takes off the list what has been too long on it.
func (s *waits) late() (calls []statusWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.all.all() {
		if w.is.left--; w.is.left < 0 {
			w.is.late = true
			s.all.drop(w)
			calls = append(calls, w.is.call)
		}
	}
	if s.ticking = s.all.first != nil; s.ticking {
		s.wind()
	}
	return calls
}
