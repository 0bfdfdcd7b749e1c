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
	for {
		at, mine, err := l.behind.wait(end)
		switch {
		case err != nil || at == nil:
			return err
		case mine:
			l.flush()
			continue
		}
		select {
		case <-at:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wait returns what to wait for: nil when the disk has everything in front of a
// place. mine says that the disk was idle, so that the caller has to flush.
func (c *commits) wait(end int64) (at chan struct{}, mine bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.safe >= end:
		return nil, false, nil
	case c.failed != nil:
		return nil, false, c.failed
	case c.at != nil:
		return c.at, false, nil
	}
	c.at = make(chan struct{})
	return c.at, true, nil
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
