package file

import (
	"context"
	"errors"
	"os"
	"sync"
)

// commits is the group commit: those who publish while the disk is at work wait
// for the next time together.
type commits struct {
	mu     sync.Mutex
	safe   int64         // the disk has everything in front of this place
	at     chan struct{} // closed when the disk is done; nil while it is idle
	failed error
}

// reached says that the disk has everything in front of a place.
func (c *commits) reached(end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.safe = max(c.safe, end)
}

// settled waits until the disk has everything in front of a place.
func (l *log) settled(ctx context.Context, end int64) error {
	c := &l.behind
	for {
		c.mu.Lock()
		if c.safe >= end || c.failed != nil {
			defer c.mu.Unlock()
			if c.safe >= end {
				return nil
			}
			return c.failed
		}
		at := c.at
		if at == nil {
			c.at = make(chan struct{})
			c.mu.Unlock()
			l.flush()
			continue
		}
		c.mu.Unlock()
		select {
		case <-at:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// flush has the disk take what has been written. One that has failed once
// cannot be trusted with what came before: nothing more is written then.
func (l *log) flush() {
	l.mu.Lock()
	w, end := l.w, l.end()
	l.mu.Unlock()
	err := w.Sync()
	if errors.Is(err, os.ErrClosed) {
		err = nil // it was rotated meanwhile, for which the disk had to have it
	}
	if err != nil {
		l.mu.Lock()
		l.broken = err
		l.mu.Unlock()
	}
	c := &l.behind
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = err
	} else {
		c.safe = max(c.safe, end)
	}
	close(c.at)
	c.at = nil
}
