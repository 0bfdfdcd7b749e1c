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
	first   *wait
	timer   *time.Timer
	ticking bool
}

// A wait is one of them.
type wait struct {
	of statusWriter // the call, which a wait that is too long ends

	// guarded by the lock of waits
	prev, next *wait
	in         bool
	left       int  // seconds
	late       bool // it has been too long
}

// enter begins a wait.
func (s *waits) enter(w *wait) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.in, w.left, w.prev, w.next = true, tolerance, nil, s.first
	if s.first != nil {
		s.first.prev = w
	}
	s.first = w
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
	w.left += n / slowest
}

// leave ends a wait, and says whether it has been too long.
func (s *waits) leave(w *wait) (late bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(w)
	return w.late
}

// drop takes a wait off the list, if it is on it.
func (s *waits) drop(w *wait) {
	if !w.in {
		return
	}
	if w.prev == nil {
		s.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.in, w.prev, w.next = false, nil, nil
}

// tick ends the calls that have kept waiting for too long.
func (s *waits) tick() {
	for _, w := range s.late() {
		_ = w.WriteStatus(statusOf(errSlow)) // fails when the client has gone
	}
}

// late takes off the list what has been too long on it.
func (s *waits) late() (calls []statusWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := s.first; w != nil; {
		next := w.next
		if w.left--; w.left < 0 {
			w.late = true
			s.drop(w)
			calls = append(calls, w.of)
		}
		w = next
	}
	if s.ticking = s.first != nil; s.ticking {
		s.wind()
	}
	return calls
}
