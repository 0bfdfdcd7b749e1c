package file

import (
	"context"
	"fmt"
	"os"

	"github.com/leat-ml/leat/stream/driver"
)

// makeRoom makes room for n bytes in the current file: when that is full it becomes
// path.1, once no group needs the one that is. Others may do so while it waits.
func (l *log) makeRoom(ctx context.Context, n int64) error {
	for l.size > 0 && l.size+n > l.config.size {
		if group, needed := l.needed(l.base); l.older > 0 && needed {
			if err := l.await(ctx, group); err != nil {
				return err
			}
			continue
		}
		if err := l.rotate(); err != nil {
			return fmt.Errorf("rotate %s: %w", l.path, err)
		}
	}
	return nil
}

// await waits until a group has moved on. The lock mu is held, but not meanwhile.
func (l *log) await(ctx context.Context, group string) error {
	if l.room == nil {
		l.room = make(chan struct{})
	}
	room := l.room
	l.mu.Unlock()
	var err error
	select {
	case <-room:
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.mu.Lock()
	switch {
	case err != nil:
		return fmt.Errorf("two files of %d bytes are full, and group %s has not acknowledged the older one: %w", l.config.size, group, err)
	case l.closed:
		return driver.ErrClosed
	}
	return nil
}

// needed names a group that is not done with what is in front of a place.
func (l *log) needed(place int64) (group string, ok bool) {
	for name, g := range l.groups {
		if g.low() < place {
			return name, true
		}
	}
	for name, offset := range l.saved {
		if l.groups[name] == nil && offset < place {
			return name, true
		}
	}
	return "", false
}

// rotate makes the current file path.1 and begins a new one. The state says
// that this goes on, so that a crash in between does not move the groups.
func (l *log) rotate() error {
	if err := l.w.Sync(); err != nil {
		l.broken = err
		return err
	}
	l.behind.reached(l.end())
	queue := len(l.groups)+len(l.saved) > 0
	if queue {
		if err := l.saveState(l.size); err != nil {
			return err
		}
	}
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return err
	}
	old := l.w
	l.base, l.older, l.size = l.end(), l.size, 0
	if err := l.openCurrent(); err != nil {
		l.broken = err
		return err
	}
	if err := old.Close(); err != nil || !queue {
		return err
	}
	return l.saveState(0)
}
