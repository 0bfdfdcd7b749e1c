package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/leat-ml/leat/stream/driver"
)

// A log is a file and the one before it. Places in it are counted in bytes from
// the beginning of time: what is in front of the current file counts too.
type log struct {
	config
	logger *slog.Logger
	users  int // guarded by Files.mu

	mu     sync.Mutex
	opened bool
	closed bool
	broken error    // why nothing is written any more
	lock   *os.File // held as long as the log is open
	w      *os.File // the current file
	base   int64    // the place of its beginning
	size   int64    // of the current file
	older  int64    // of path.1; 0 if there is none
	groups map[string]*group
	saved  map[string]int64 // offsets of groups that are not open
	room   chan struct{}    // closed when a group has moved on; made by who waits
	behind commits
	saver  saver
}

func newLog(c config, logger *slog.Logger) *log {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &log{config: c, logger: logger, groups: map[string]*group{}}
}

// open locks the file and makes it ready, once. The lock mu is held.
func (l *log) open() (err error) {
	switch {
	case l.closed:
		return driver.ErrClosed
	case l.opened:
		return l.broken
	}
	if l.folder != nil {
		if err := l.folder.Claim(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
		return err
	}
	if l.lock, err = lockFile(l.path + ".lock"); err != nil {
		return fmt.Errorf("%s: %w", l.path, err)
	}
	if err := errors.Join(l.recover(), l.openCurrent()); err != nil {
		return fmt.Errorf("open %s: %w", l.path, errors.Join(err, unlock(l.lock)))
	}
	l.opened = true
	l.saver.start(l)
	return nil
}

// recover finds out what a crash has left.
func (l *log) recover() error {
	s, err := readState(l.path + ".offsets")
	if err != nil {
		return err
	}
	if l.older, err = sizeOf(l.path + ".1"); err != nil {
		return err
	}
	if l.saved = s.Groups; l.saved == nil {
		l.saved = map[string]int64{}
		s.Base = l.older
	}
	l.base = s.Base
	if s.Rotating == 0 {
		return nil
	}
	size, err := sizeOf(l.path)
	if err != nil {
		return err
	}
	if size < s.Rotating { // the crash came behind the renaming
		l.base += s.Rotating
	}
	return l.saveState(0)
}

// syncFolder makes new names durable.
func (l *log) syncFolder() error {
	if !l.commit {
		return nil
	}
	return syncFolder(filepath.Dir(l.path))
}

// sizeOf is the size of a file, and 0 if it is not there.
func sizeOf(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errors.New("it is not a regular file")
	}
	return info.Size(), nil
}

// openCurrent opens the current file to append to it. A last line without an
// end is what a crash tore off, or somebody else's: it gets its end, and
// whoever reads it sees whether it is a record.
func (l *log) openCurrent() (err error) {
	if l.w, err = os.OpenFile(l.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return err
	}
	info, err := l.w.Stat()
	if err != nil {
		return err
	}
	if l.size = info.Size(); l.size == 0 {
		return l.syncFolder()
	}
	return l.endLine()
}

// endLine gives the last line its end if it has none.
func (l *log) endLine() error {
	var last [1]byte
	if _, err := l.w.ReadAt(last[:], l.size-1); err != nil {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	l.logger.Warn("the last line of a stream has no end; it counts as it is", "path", l.path, "bytes", l.size)
	if _, err := l.w.Write([]byte{'\n'}); err != nil {
		return err
	}
	l.size++
	return nil
}

// end is the place behind the last record. The lock mu is held.
func (l *log) end() int64 { return l.base + l.size }

// start is the place of the oldest record there is.
func (l *log) start() int64 { return l.base - l.older }

// append writes lines and returns the place behind them.
func (l *log) append(ctx context.Context, lines []byte) (end int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil {
		return 0, err
	}
	if err := l.makeRoom(ctx, int64(len(lines))); err != nil {
		return 0, err
	}
	if err := l.write(lines); err != nil {
		var told *fs.PathError
		if errors.As(err, &told) && told.Path == l.path {
			return 0, err // which says so already
		}
		return 0, fmt.Errorf("write %s: %w", l.path, err)
	}
	for _, g := range l.groups {
		g.notify()
	}
	return l.end(), nil
}

// write writes lines behind all there is: somebody else may have written too,
// who does not ask for locks.
func (l *log) write(lines []byte) error {
	info, err := l.w.Stat()
	if err != nil {
		return err
	}
	if info.Size() > l.size {
		l.size = info.Size()
		if err := l.endLine(); err != nil {
			return err
		}
	}
	n, err := l.w.Write(lines)
	if err == nil {
		l.size += int64(n)
		return nil
	}
	if n > 0 { // half a record would be read as one that is broken
		if half := l.w.Truncate(l.size); half != nil {
			l.broken = half
		}
	}
	return err
}

// close lets go of the file. Nobody uses the log any more.
func (l *log) close() error {
	l.mu.Lock()
	if l.closed || !l.opened {
		l.closed = true
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
	l.mu.Unlock()
	l.saver.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	err := errors.Join(l.save(), l.w.Sync(), l.w.Close())
	for _, g := range l.groups {
		g.closeFile()
	}
	return errors.Join(err, unlock(l.lock))
}
