package v2

import (
	"context"
	"sync"
	"sync/atomic"
)

// A stopper is a context that can be ended. Unlike one of the context package it
// costs nothing as long as nobody waits for its end: local models never do.
type stopper struct {
	context.Context // the parent

	ended  atomic.Bool
	mu     sync.Mutex
	waited context.Context // made for the first who waits
	cancel context.CancelFunc
}

// Done implements [context.Context].
func (s *stopper) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waited == nil {
		s.waited, s.cancel = context.WithCancel(s.Context)
		if s.ended.Load() {
			s.cancel()
		}
	}
	return s.waited.Done()
}

// Err implements [context.Context].
func (s *stopper) Err() error {
	if err := s.Context.Err(); err != nil {
		return err
	}
	if s.ended.Load() {
		return context.Canceled
	}
	return nil
}

// stop ends the context.
func (s *stopper) stop() {
	s.ended.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}
