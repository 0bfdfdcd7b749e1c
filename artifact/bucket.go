package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// buckets are those that are open, by URL. Drivers register themselves with
// gocloud's default mux; which there are is the program's choice.
type buckets struct {
	mu   sync.Mutex
	open map[string]*blob.Bucket
}

// bucket opens the bucket of a location, once.
func (b *buckets) bucket(ctx context.Context, l location) (*blob.Bucket, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if open := b.open[l.bucket]; open != nil {
		return open, nil
	}
	if !blob.DefaultURLMux().ValidBucketScheme(l.scheme) {
		return nil, fmt.Errorf("this program has no driver for %s://", l.scheme)
	}
	opened, err := blob.OpenBucket(ctx, driverURL(l))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", l.host, withoutURL(err))
	}
	if b.open == nil {
		b.open = map[string]*blob.Bucket{}
	}
	b.open[l.bucket] = opened
	return opened, nil
}

func (b *buckets) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, open := range b.open {
		errs = append(errs, open.Close())
	}
	b.open = nil
	return errors.Join(errs...)
}

// s3Endpoints are the variables that name an S3 server other than Amazon's: MLRun's
// and those that Amazon's own programs know.
var s3Endpoints = []string{"S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}

// driverURL is the URL of a bucket as gocloud takes it. An S3 server that is not
// Amazon's gets what it always needs: the bucket in the path, and any region.
func driverURL(l location) string {
	u, err := url.Parse(l.bucket)
	if err != nil || l.scheme != "s3" {
		return l.bucket
	}
	q := u.Query()
	for _, name := range s3Endpoints {
		if q.Get("endpoint") == "" && os.Getenv(name) != "" {
			q.Set("endpoint", os.Getenv(name))
		}
	}
	if q.Get("endpoint") == "" {
		return l.bucket
	}
	if q.Get("use_path_style") == "" && q.Get("s3ForcePathStyle") == "" {
		q.Set("use_path_style", "true")
	}
	if q.Get("region") == "" {
		q.Set("region", cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1"))
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// remoteError says what is wrong with a file that is not on this machine.
func remoteError(l location, err error) error {
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return &remote{l, "it is not there", err}
	case gcerrors.PermissionDenied:
		return &remote{l, "it may not be read with these credentials", err}
	}
	return &remote{l, "", withoutURL(err)}
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
func missing(err error) bool { return gcerrors.Code(err) == gcerrors.NotFound }

// withoutURL drops the URL from an error that repeats it, with what is secret.
func withoutURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
