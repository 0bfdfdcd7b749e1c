package v2

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/serve"
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

type stopperKey struct{}

// Value implements [context.Context].
func (s *stopper) Value(key any) any {
	if key == (stopperKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// stopped says whether err is that others of an ensemble have failed, so that nobody
// wants an answer any more: no failure of who was asked.
func stopped(ctx context.Context, err error) bool {
	if serve.CodeOf(err) != serve.Canceled {
		return false
	}
	for {
		s, ok := ctx.Value(stopperKey{}).(*stopper)
		if !ok {
			return false
		}
		if ctx = s.Context; s.ended.Load() && ctx.Err() == nil {
			return true
		}
	}
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
