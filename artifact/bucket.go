package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// A Bucket is a place elsewhere that has files under keys, with slashes in them. An
// error is fs.ErrNotExist where there is no such file, and fs.ErrPermission where
// the credentials do not do; none repeats a password. Package artifact/buckets has
// those of clouds and web servers. It is safe for concurrent use.
type Bucket interface {
	Stat(ctx context.Context, key string) (Info, error)
	// Read reads a file; whoever calls it closes what it returns.
	Read(ctx context.Context, key string) (io.ReadCloser, error)
	// List tells the keys that begin with prefix and have no further slash, and, with
	// a slash at the end, the folders there, until tell returns false.
	List(ctx context.Context, prefix string, tell func(key string) bool) error
	// Write writes a file, whole or not at all.
	Write(ctx context.Context, key, contentType string, r io.Reader) error
	// Delete removes a file. One that is not there is none to remove.
	Delete(ctx context.Context, key string) error
	Close() error
}

// Info says which version of a file there is: by its tag, or else by its time. Size
// is -1 where nobody knows it.
type Info struct {
	Size     int64
	ETag     string
	Modified time.Time
}

// A Dialer opens the bucket at a URL, which has the scheme, user and query of the
// location and no path.
type Dialer func(ctx context.Context, address string) (Bucket, error)

// opened are the buckets that are open, by URL.
type opened struct {
	mu      sync.Mutex
	buckets map[string]Bucket
}

// bucket opens the bucket of a location, once.
func (s *Store) bucket(ctx context.Context, l location) (Bucket, error) {
	s.opened.mu.Lock()
	defer s.opened.mu.Unlock()
	if open := s.opened.buckets[l.bucket]; open != nil {
		return open, nil
	}
	if s.Dial == nil {
		return nil, fmt.Errorf("this program has no driver for %s://", l.scheme)
	}
	b, err := s.Dial(ctx, l.bucket)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", l.host, err)
	}
	if s.opened.buckets == nil {
		s.opened.buckets = map[string]Bucket{}
	}
	s.opened.buckets[l.bucket] = b
	return b, nil
}

func (o *opened) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var errs []error
	for _, open := range o.buckets {
		errs = append(errs, open.Close())
	}
	o.buckets = nil
	return errors.Join(errs...)
}

// remoteError says what is wrong with a file that is not on this machine.
func remoteError(l location, err error) error {
	switch {
	case missing(err):
		return &remote{l, "it is not there", err}
	case errors.Is(err, fs.ErrPermission):
		return &remote{l, "it may not be read with these credentials", err}
	}
	return &remote{l, "", err}
}

// A remote error is about a file that is not on this machine.
type remote struct {
	l     location
	said  string // what it means; "" is what the cause says
	cause error
}

// Error implements error.
func (e *remote) Error() string { return e.l.String() + ": " + cmp.Or(e.said, oneLine(e.cause)) }

// Unwrap is what the driver said.
func (e *remote) Unwrap() error { return e.cause }

// missing says whether an error is that a file is not there.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
