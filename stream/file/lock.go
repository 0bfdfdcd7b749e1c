package file

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ErrLocked says that another process has the file open.
var ErrLocked = errors.New("another process has this stream open")

// lockFile makes this process the one that has a stream open, until the file
// that it returns is unlocked. It ends with the process, however that ends.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
		var pid [20]byte
		if n, _ := f.ReadAt(pid[:], 0); n > 0 {
			err = fmt.Errorf("%w (process %s)", err, strings.TrimSpace(string(pid[:n])))
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	// For people who ask who it is; the lock itself is the kernel's.
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintln(f, os.Getpid())
	}
	return f, nil
}

// unlock lets go of the lock. A program that is being started has copies of all
// open files until it runs: closing alone would leave the lock to it.
func unlock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
