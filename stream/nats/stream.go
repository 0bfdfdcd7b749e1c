package nats

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A stream is a user of a log.
type stream struct {
	hub  *NATS
	log  *log
	over atomic.Bool
}

// Subscribe implements [driver.Stream].
func (s *stream) Subscribe(ctx context.Context, name string, o driver.ReadOptions) (driver.Reader, error) {
	if s.over.Load() {
		return nil, driver.ErrClosed
	}
	if err := checkGroup(name); err != nil {
		return nil, driver.Permanent(err)
	}
	return s.log.join(ctx, name, o.Latest)
}

// Lag implements [driver.Stream].
func (s *stream) Lag(ctx context.Context, name string) (int64, error) {
	if s.over.Load() {
		return 0, driver.ErrClosed
	}
	if err := checkGroup(name); err != nil {
		return 0, driver.Permanent(err)
	}
	return s.log.lag(ctx, name)
}

// Close implements [driver.Stream].
func (s *stream) Close(context.Context) error {
	if !s.over.Swap(true) {
		s.hub.release(s.log)
	}
	return nil
}

// wait waits until somebody wakes it, or for a time.
func wait(ctx context.Context, woken <-chan struct{}, at time.Time) error {
	var due <-chan time.Time
	if !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-woken:
	case <-due:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
