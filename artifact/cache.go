package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A Cache keeps files of buckets and other servers on this machine, by what is in
// them:
//
//	blobs/sha256-…   what was brought, under its checksum
//	blobs/sha1-…     the name of the blob that has this checksum
//	sources/….json   what was at a URL when it was brought
//	views/…/         the files of one artifact, as links to blobs
//
// Files appear under their names when they are whole, so that several processes can
// have one cache. A blob is compared with its checksum whenever it is used. The
// folder is made at the first use. The zero value but for Dir is ready to use, by
// many goroutines, until Close.
type Cache struct {
	Dir string
	// MaxBytes bounds the blobs: those that were not used for longest go first. What
	// an open Cache has given out stays. 0 is [DefaultCacheBytes].
	MaxBytes int64

	mu      sync.Mutex
	made    bool
	closed  bool
	held    map[string]*os.File // locks of views, by id
	patient time.Duration       // how long a download may stand still; 0 is stalled
}

// DefaultCacheBytes is how much a cache keeps unless it is told otherwise.
const DefaultCacheBytes = 10 << 30

// stale is the age at which a temporary file belongs to a process that has ended.
const stale = 24 * time.Hour

func (c *Cache) path(parts ...string) string {
	return filepath.Join(append([]string{c.Dir}, parts...)...)
}

// ready makes the folders, once, and takes away what others that ended have left.
func (c *Cache) ready() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return fmt.Errorf("cache %s: %w", c.Dir, fs.ErrClosed)
	case c.made:
		return nil
	}
	for _, name := range []string{"blobs", "sources", "views", "tmp"} {
		if err := os.MkdirAll(c.path(name), 0o700); err != nil {
			return fmt.Errorf("make the cache: %w", err)
		}
	}
	left, _ := os.ReadDir(c.path("tmp")) // what cannot be listed cannot be written to either
	for _, e := range left {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > stale {
			_ = os.RemoveAll(c.path("tmp", e.Name())) // another may have been faster
		}
	}
	c.made = true
	return nil
}

// Close lets others remove what this cache has given out.
func (c *Cache) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var errs []error
	for id, f := range c.held {
		errs = append(errs, f.Close())
		delete(c.held, id)
	}
	return errors.Join(errs...)
}

// A source is what was at a URL when it was brought.
type source struct {
	ETag     string    `json:"etag,omitempty"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified,omitzero"`
	Digest   digest    `json:"digest"`
}

// same says for sure whether what is at the URL is what it was.
func (s source) same(now source) bool {
	if s.Digest == "" || s.Size != now.Size {
		return false
	}
	if s.ETag != "" || now.ETag != "" {
		return s.ETag == now.ETag
	}
	return !s.Modified.IsZero() && s.Modified.Equal(now.Modified)
}

// sourceFile is where the cache keeps what was at a location. Its name does not
// tell the URL, in which there may be a signature.
func (c *Cache) sourceFile(l location) string {
	sum := sha256.Sum256([]byte(l.url()))
	return c.path("sources", hex.EncodeToString(sum[:])+".json")
}

// known is what was at a location; the zero source if that is not known.
func (c *Cache) known(l location) (s source) {
	text, err := os.ReadFile(c.sourceFile(l))
	if err != nil || json.Unmarshal(text, &s) != nil {
		return source{}
	}
	if d, err := parseDigest(string(s.Digest)); err != nil || d.algorithm() != sha256Prefix {
		return source{}
	}
	return s
}

// blob finds a blob by its checksum, and compares it: one that was changed is
// removed, and none. It returns the blob's own digest.
func (c *Cache) blob(ctx context.Context, want digest) (path string, sum digest, ok bool) {
	sum = want
	if want.algorithm() == sha1Prefix {
		text, err := os.ReadFile(c.path("blobs", want.fileName()))
		if err != nil {
			return "", "", false
		}
		if sum, err = parseDigest(string(text)); err != nil || sum.algorithm() != sha256Prefix {
			return "", "", false
		}
	}
	path = c.path("blobs", sum.fileName())
	err := verify(ctx, path, sum)
	if err == nil && want != sum {
		err = verify(ctx, path, want)
	}
	var wrong *mismatch
	if errors.As(err, &wrong) {
		_ = os.Remove(path) // it is brought again
	}
	return path, sum, err == nil
}

// write makes a file under its name, whole or not at all.
func (c *Cache) write(path string, text []byte) error {
	f, err := os.CreateTemp(c.path("tmp"), "write-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return c.settle(f, path, err)
}

// settle gives a temporary file its name, or removes it after an error.
func (c *Cache) settle(f *os.File, path string, err error) error {
	if err == nil {
		err = f.Chmod(0o400) // links lead to it
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // err says more
	}
	return err
}

// lockPause is the time between two looks at a lock that another has.
const lockPause = 20 * time.Millisecond

// lock takes a lock that the processes which share the cache know by a file.
// Locks are waited for as long as ctx allows, since another process may be
// bringing what they are about.
func (c *Cache) lock(ctx context.Context, path string, how int) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil && leadsTo(path, f) {
			return f, nil
		}
		_ = f.Close() // nothing was written
		switch {
		case err == nil: // the file was removed with what it is about
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPause):
		}
	}
}

// leadsTo says whether a path is that of an open file.
func leadsTo(path string, f *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	here, err := f.Stat()
	return err == nil && os.SameFile(there, here)
}

// note keeps what was at a location.
func (c *Cache) note(l location, s source) error {
	text, err := json.Marshal(s)
	if err == nil {
		err = c.write(c.sourceFile(l), text)
	}
	if err != nil {
		return inCache(err)
	}
	return nil
}
