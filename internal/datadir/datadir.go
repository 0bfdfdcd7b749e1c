// Package datadir owns the folder in which a server keeps what is its own: the
// streams of its specs that name no place, later a database. A [Dir] is made at
// the first write and not before, and one server at a time has it.
package datadir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// Default is the folder of a server that is told no other, in its working folder.
const Default = ".leat"

// lockName is the file whose lock says that a server has the folder. It stays
// when the server ends: who removes it cannot know that nobody waits for it.
const lockName = "lock"

// ErrLocked says that another server has the folder.
var ErrLocked = errors.New("another server has the data folder")

// A Dir is the data folder of one server. It is safe for concurrent use.
type Dir struct {
	path      string
	temporary bool

	mu     sync.Mutex
	lock   *os.File // held from Claim to Close
	closed bool
}

// New returns the data folder of a server and makes nothing. A relative path is
// taken from the working folder as it is now.
func New(path string) (*Dir, error) {
	if path == "" {
		return nil, errors.New("the data folder needs a path")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	return &Dir{path: path}, nil
}

// Temporary returns a folder of no other's that Close removes: for what runs
// without leaving anything.
func Temporary() *Dir {
	return &Dir{path: filepath.Join(os.TempDir(), "leat-"+rand.Text()), temporary: true}
}

// Path is the folder's absolute path. The folder need not be there.
func (d *Dir) Path() string { return d.path }

// Claim makes the folder where it is missing and takes it for this server, until
// Close or the end of the process. It may be called again. The error is an
// [ErrLocked] that names the process when another server has it.
func (d *Dir) Claim() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return fmt.Errorf("data folder %s: %w", d.path, os.ErrClosed)
	case d.lock != nil:
		return nil
	}
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	f, err := lockFile(filepath.Join(d.path, lockName))
	if err != nil {
		return fmt.Errorf("data folder %s: %w", d.path, err)
	}
	d.lock = f
	return nil
}

// lockFile locks a file for this process until it is closed, and writes who has
// it for people who ask; the lock itself is the kernel's.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%w%s: give each server its own with --data", ErrLocked, holder(f))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	return f, nil
}

// holder names the process that a lock file names.
func holder(f *os.File) string {
	var pid [20]byte
	n, _ := f.ReadAt(pid[:], 0)
	if n == 0 {
		return ""
	}
	return " (process " + strings.TrimSpace(string(pid[:n])) + ")"
}

// Close lets go of the folder, and removes one that is temporary. What is in the
// folder has been closed before. It may be called twice.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.lock == nil {
		return nil
	}
	// A program that is being started has the file open, too, until it runs: closing
	// alone would leave the lock to it.
	err := errors.Join(syscall.Flock(int(d.lock.Fd()), syscall.LOCK_UN), d.lock.Close())
	d.lock = nil
	if d.temporary {
		err = errors.Join(err, os.RemoveAll(d.path))
	}
	return err
}

// A Sub is a folder within a data folder, of one kind of things. Whoever writes
// there claims it before, and makes the folder.
type Sub struct {
	dir  *Dir
	name string
}

// Sub is the folder of that name within the data folder.
func (d *Dir) Sub(name string) Sub { return Sub{d, name} }

// Path is the folder's absolute path.
func (s Sub) Path() string { return filepath.Join(s.dir.path, s.name) }

// Claim is [Dir.Claim] of the data folder that it is in.
func (s Sub) Claim() error { return s.dir.Claim() }
