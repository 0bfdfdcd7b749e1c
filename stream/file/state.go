package file

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// state is what path.offsets holds.
type state struct {
	Base     int64            `json:"base"`               // the place of the beginning of path
	Rotating int64            `json:"rotating,omitempty"` // the size that path has while it becomes path.1
	Groups   map[string]int64 `json:"groups"`             // where each group goes on
}

// readState reads path.offsets; a file that is not there is an empty state.
func readState(path string) (s state, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("read offsets from %s (without it every group begins at the oldest record): %w", path, err)
	}
	const most = 1 << 60 // so that sums stay in range
	if s.Base < 0 || s.Base > most || s.Rotating < 0 || s.Rotating > most {
		return s, fmt.Errorf("read offsets from %s: base %d or rotating %d is no place in a file", path, s.Base, s.Rotating)
	}
	return s, nil
}

// save writes the offsets if they have changed. The lock mu is held.
func (l *log) save() error {
	changed := false
	for name, g := range l.groups {
		if low := g.low(); l.saved[name] != low || !g.known {
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return l.saveState(0)
}

// saveState replaces path.offsets. The lock mu is held.
func (l *log) saveState(rotating int64) error {
	for name, g := range l.groups {
		l.saved[name] = g.low()
		g.known = true
	}
	text, err := json.Marshal(state{Base: l.base, Rotating: rotating, Groups: l.saved})
	if err != nil {
		return err
	}
	return replace(l.path+".offsets", append(text, '\n'), l.commit)
}

// saveNow is save for the saver, and what goes to the disk at intervals.
func (l *log) saveNow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.interval > 0 && l.broken == nil {
		if err := l.w.Sync(); err != nil {
			l.broken = err
		}
	}
	if err := l.save(); err != nil {
		l.logger.Error("the offsets of a stream cannot be saved", "path", l.path, "error", err)
	}
}

// replace writes a file as a whole: whoever reads it, after a crash too, finds
// the old text or the new one.
func replace(path string, text []byte, durable bool) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if durable {
		err = errors.Join(err, f.Sync())
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	if !durable {
		return nil
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes what was renamed in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
