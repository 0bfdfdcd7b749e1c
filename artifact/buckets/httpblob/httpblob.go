// Package httpblob lets package gocloud.dev/blob read files from web servers:
// http://host and https://host are buckets, whose keys are paths. Importing it
// registers both schemes. The user and the query of a bucket's URL go with every
// request. Such buckets cannot be listed or written.
package httpblob

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"

	"github.com/leat-ml/leat/artifact/buckets/httpread"
)

func init() {
	blob.DefaultURLMux().RegisterBucket("http", opener{})
	blob.DefaultURLMux().RegisterBucket("https", opener{})
}

type opener struct{}

// OpenBucketURL implements blob.BucketURLOpener.
func (opener) OpenBucketURL(_ context.Context, u *url.URL) (*blob.Bucket, error) {
	return blob.NewBucket(&bucket{base: u, client: newClient()}), nil
}

// How long a server may take. What it sends may take longer: who reads decides.
const (
	connecting = 10 * time.Second
	answering  = 30 * time.Second
)

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connecting}).DialContext,
		TLSHandshakeTimeout:   connecting,
		ResponseHeaderTimeout: answering,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // sizes are those of files
		IdleConnTimeout:       answering,
	}}
}

// A bucket is a web server.
type bucket struct {
	base   *url.URL
	client *http.Client
}

// A statusError is the answer of a server that has not what was asked for.
type statusError struct{ status int }

// Error implements error.
func (e *statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.status, http.StatusText(e.status))
}

var errReadOnly = errors.New("files on web servers can be read, and neither listed nor written")

// ask sends a request for a key, or a part of it. The caller closes the body.
func (b *bucket) ask(ctx context.Context, method, key, part string) (*http.Response, error) {
	u := *b.base
	u.User, u.Path = nil, "/"+key
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if part != "" {
		req.Header.Set("Range", part)
	}
	if user := b.base.User; user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) { // it repeats the URL, with its signature
			err = ue.Err
		}
		return nil, err
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		resp.Body.Close()
		return nil, &statusError{resp.StatusCode}
	}
	if strings.HasSuffix(resp.Request.URL.Path, "/") && !strings.HasSuffix(key, "/") {
		resp.Body.Close() // the page of a folder, which the server led to
		return nil, &statusError{http.StatusNotFound}
	}
	return resp, nil
}

// Attributes implements driver.Bucket. A server that does not answer HEAD is asked
// for the file and left.
func (b *bucket) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	resp, err := b.ask(ctx, http.MethodHead, key, "")
	var refused *statusError
	if errors.As(err, &refused) && (refused.status == http.StatusMethodNotAllowed || refused.status == http.StatusNotImplemented || refused.status == http.StatusForbidden) {
		resp, err = b.ask(ctx, http.MethodGet, key, "")
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return &driver.Attributes{
		ContentType: resp.Header.Get("Content-Type"), Size: resp.ContentLength, ModTime: httpread.Modified(resp), ETag: resp.Header.Get("ETag"),
		AsFunc: func(any) bool { return false },
	}, nil
}

// NewRangeReader implements driver.Bucket.
func (b *bucket) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	part := httpread.Part(offset, length)
	resp, err := b.ask(ctx, http.MethodGet, key, part)
	if err != nil {
		return nil, err
	}
	if part != "" && resp.StatusCode != http.StatusPartialContent {
		resp.Body.Close()
		return nil, errors.New("the server does not send parts of files")
	}
	return &httpread.Reader{Response: resp}, nil
}

// ErrorCode implements driver.Bucket.
func (b *bucket) ErrorCode(err error) gcerrors.ErrorCode {
	if errors.Is(err, errReadOnly) {
		return gcerrors.Unimplemented
	}
	var s *statusError
	if !errors.As(err, &s) {
		return gcerrors.Unknown
	}
	switch s.status {
	case http.StatusNotFound, http.StatusGone:
		return gcerrors.NotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return gcerrors.PermissionDenied
	}
	return gcerrors.Unknown
}

// As implements driver.Bucket.
func (b *bucket) As(any) bool { return false }

// ErrorAs implements driver.Bucket.
func (b *bucket) ErrorAs(error, any) bool { return false }

// ListPaged implements driver.Bucket.
func (b *bucket) ListPaged(context.Context, *driver.ListOptions) (*driver.ListPage, error) {
	return nil, errReadOnly
}

// NewTypedWriter implements driver.Bucket.
func (b *bucket) NewTypedWriter(context.Context, string, string, *driver.WriterOptions) (driver.Writer, error) {
	return nil, errReadOnly
}

// Copy implements driver.Bucket.
func (b *bucket) Copy(context.Context, string, string, *driver.CopyOptions) error { return errReadOnly }

// Delete implements driver.Bucket.
func (b *bucket) Delete(context.Context, string, *driver.DeleteOptions) error { return errReadOnly }

// SignedURL implements driver.Bucket.
func (b *bucket) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errReadOnly
}

// Close implements driver.Bucket.
func (b *bucket) Close() error {
	b.client.CloseIdleConnections()
	return nil
}
