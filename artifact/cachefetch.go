package artifact

import (
	"context"
	"crypto/sha1" //nolint:gosec // see digest.go
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// stalled is how long a download may stand still.
const stalled = time.Minute

// A fetched file is in the cache.
type fetched struct {
	path string // of the blob
	sum  digest // of the blob, or the one that it was asked for by
}

// fetch brings a file into the cache unless it is there. With a checksum nothing is
// asked when the cache has it; without one the bucket is asked what it has. What
// has another checksum than want is not kept.
func (c *Cache) fetch(ctx context.Context, open func(context.Context) (Bucket, error), l location, want digest) (fetched, error) {
	if err := c.ready(); err != nil {
		return fetched{}, err
	}
	if want != "" {
		if path, _, ok := c.blob(ctx, want); ok {
			return fetched{path, want}, nil
		}
	}
	held, err := c.lock(ctx, c.sourceFile(l)+".lock", syscall.LOCK_EX)
	if err != nil {
		return fetched{}, inCache(err)
	}
	defer held.Close()
	if want != "" { // another may have brought it meanwhile
		if path, _, ok := c.blob(ctx, want); ok {
			return fetched{path, want}, nil
		}
	}
	b, err := open(ctx)
	if err != nil {
		return fetched{}, err
	}
	return c.bring(ctx, b, l, want)
}

// bring is fetch of what is not there under a known checksum.
func (c *Cache) bring(ctx context.Context, b Bucket, l location, want digest) (fetched, error) {
	info, err := b.Stat(ctx, l.key)
	if err != nil {
		return fetched{}, remoteError(l, err)
	}
	now := source{ETag: info.ETag, Size: info.Size, Modified: info.Modified}
	if was := c.known(l); want == "" && was.same(now) {
		if path, sum, ok := c.blob(ctx, was.Digest); ok {
			return fetched{path, sum}, nil
		}
	}
	sum, err := c.download(ctx, b, l, &now, want)
	if err != nil {
		return fetched{}, err
	}
	path := c.path("blobs", sum.fileName())
	if want != "" {
		sum = want
	}
	return fetched{path, sum}, nil
}

// download copies a file into the cache and notes where it was.
func (c *Cache) download(ctx context.Context, b Bucket, l location, now *source, want digest) (sum digest, err error) {
	f, err := os.CreateTemp(c.path("tmp"), "download-")
	if err != nil {
		return "", inCache(err)
	}
	var short digest
	if now.Digest, short, err = c.copy(ctx, f, b, l, now.Size); err == nil {
		err = compare(want, now.Digest, short)
	}
	if err != nil {
		return "", c.settle(f, "", err)
	}
	if err := c.settle(f, c.path("blobs", now.Digest.fileName()), nil); err != nil {
		return "", inCache(err)
	}
	if want != "" && want == short {
		if err := c.write(c.path("blobs", short.fileName()), []byte(now.Digest)); err != nil {
			return "", inCache(err)
		}
	}
	return now.Digest, c.note(l, *now)
}

// copy writes what is at a location into a file and returns its checksums. A
// download that stands still is given up.
func (c *Cache) copy(ctx context.Context, f *os.File, b Bucket, l location, size int64) (long, short digest, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	wait := c.patient
	if wait == 0 {
		wait = stalled
	}
	watch := time.AfterFunc(wait, func() { cancel(fmt.Errorf("nothing has come for %v", wait)) })
	defer watch.Stop()
	r, err := b.Read(ctx, l.key)
	if err != nil {
		return "", "", remoteError(l, because(ctx, err))
	}
	defer r.Close()
	sum, old := sha256.New(), sha1.New() //nolint:gosec // see digest.go
	n, err := io.Copy(io.MultiWriter(&disk{f}, sum, old), &moving{r, watch, wait})
	var full *diskError
	switch {
	case errors.As(err, &full):
		return "", "", inCache(full.err)
	case err != nil:
		return "", "", remoteError(l, because(ctx, err))
	case size >= 0 && n != size:
		return "", "", remoteError(l, fmt.Errorf("%d bytes came of %d", n, size))
	}
	return digest(sha256Prefix).of(sum), digest(sha1Prefix).of(old), nil
}

// compare says whether a file has the checksum that it should have.
func compare(want, long, short digest) error {
	switch {
	case want == "", want == long, want == short:
		return nil
	case want.algorithm() == sha1Prefix:
		return &mismatch{want, short}
	}
	return &mismatch{want, long}
}

// because is why a context ended, where that is what an error is about.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func inCache(err error) error { return fmt.Errorf("write to the cache: %w", err) }

// A moving reader puts off the moment at which it counts as standing still.
type moving struct {
	r     io.Reader
	watch *time.Timer
	wait  time.Duration
}

// Read implements io.Reader.
func (m *moving) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if n > 0 {
		m.watch.Reset(m.wait)
	}
	return n, err
}

// A disk marks errors of writing, so that they are not taken for those of reading.
type disk struct{ f *os.File }

// Write implements io.Writer.
func (d *disk) Write(p []byte) (int, error) {
	n, err := d.f.Write(p)
	if err != nil {
		return n, &diskError{err}
	}
	return n, nil
}

type diskError struct{ err error }

// Error implements error.
func (e *diskError) Error() string { return e.err.Error() }
