// Package buckets opens buckets and web servers for package artifact: whatever
// package gocloud.dev/blob has drivers for in the program, and files at http:// and
// https://. [Dial] is the entry point.
package buckets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/leat-ml/leat/artifact"
	_ "github.com/leat-ml/leat/artifact/buckets/httpblob"
)

// Dial opens the bucket at a URL; it is an [artifact.Dialer]. The query is the
// driver's. Credentials are found as the programs of each cloud find them: in the
// environment, in files, from the machine. Further variables name another S3
// server than Amazon's: S3_ENDPOINT_URL, as MLRun has it, AWS_ENDPOINT_URL_S3 and
// AWS_ENDPOINT_URL.
func Dial(ctx context.Context, address string) (artifact.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the URL cannot be read")
	}
	if !blob.DefaultURLMux().ValidBucketScheme(u.Scheme) {
		return nil, fmt.Errorf("this program has no driver for %s://", u.Scheme)
	}
	if u.Scheme == "s3" {
		otherS3(u)
	}
	b, err := blob.OpenBucket(ctx, u.String())
	if err != nil {
		return nil, withoutURL(err)
	}
	return &bucket{b}, nil
}

// s3Endpoints are the variables that name an S3 server other than Amazon's.
var s3Endpoints = []string{"S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}

// otherS3 gives the URL of an S3 server that is not Amazon's what it always needs:
// the bucket in the path, and any region.
func otherS3(u *url.URL) {
	q := u.Query()
	for _, name := range s3Endpoints {
		if q.Get("endpoint") == "" && os.Getenv(name) != "" {
			q.Set("endpoint", os.Getenv(name))
		}
	}
	if q.Get("endpoint") == "" {
		return
	}
	if q.Get("use_path_style") == "" && q.Get("s3ForcePathStyle") == "" {
		q.Set("use_path_style", "true")
	}
	if q.Get("region") == "" {
		q.Set("region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"))
	}
	u.RawQuery = q.Encode()
}

// withoutURL drops the URL from an error that repeats it, with what is secret.
func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

// A bucket is one of gocloud's.
type bucket struct{ b *blob.Bucket }

// meaning is an error as package artifact knows it.
func meaning(err error) error {
	if err == nil {
		return nil
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return &known{fs.ErrNotExist, err}
	case gcerrors.PermissionDenied:
		return &known{fs.ErrPermission, err}
	}
	return withoutURL(err)
}

// A known error is one of package fs, with what the driver says.
type known struct{ kind, cause error }

// Error implements error.
func (e *known) Error() string { return withoutURL(e.cause).Error() }

// Unwrap is both.
func (e *known) Unwrap() []error { return []error{e.kind, e.cause} }

// Stat implements [artifact.Bucket].
func (b *bucket) Stat(ctx context.Context, key string) (artifact.Info, error) {
	a, err := b.b.Attributes(ctx, key)
	if err != nil {
		return artifact.Info{}, meaning(err)
	}
	return artifact.Info{Size: a.Size, ETag: a.ETag, Modified: a.ModTime}, nil
}

// Read implements [artifact.Bucket].
func (b *bucket) Read(ctx context.Context, key string) (io.ReadCloser, error) {
	r, err := b.b.NewReader(ctx, key, nil)
	if err != nil {
		return nil, meaning(err)
	}
	return r, nil
}

// List implements [artifact.Bucket].
func (b *bucket) List(ctx context.Context, prefix string, tell func(key string) bool) error {
	for it := b.b.List(&blob.ListOptions{Prefix: prefix, Delimiter: "/"}); ; {
		o, err := it.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return meaning(err)
		case !tell(o.Key):
			return nil
		}
	}
}

// Write implements [artifact.Bucket]. It gives the driver a reader: the writers of
// gocloud's driver for Azure panic when an upload fails.
func (b *bucket) Write(ctx context.Context, key, contentType string, r io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := &source{ctx: ctx, cancel: cancel, r: r}
	err := b.b.Upload(ctx, key, in, &blob.WriterOptions{ContentType: cmp.Or(contentType, "application/octet-stream")})
	if in.err != nil {
		return in.err
	}
	return meaning(err)
}

// A source is what is uploaded. When it fails, or the context ends, the upload is
// given up, and nothing is kept of it.
type source struct {
	ctx    context.Context //nolint:containedctx // of one upload
	cancel context.CancelFunc
	r      io.Reader
	err    error // why it failed
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	err := s.ctx.Err()
	n := 0
	if err == nil {
		n, err = s.r.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
		s.cancel()
	}
	return n, err
}

// Delete implements [artifact.Bucket].
func (b *bucket) Delete(ctx context.Context, key string) error {
	if err := meaning(b.b.Delete(ctx, key)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Close implements [artifact.Bucket].
func (b *bucket) Close() error { return b.b.Close() }
