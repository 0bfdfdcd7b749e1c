// Package gcs lets package gocloud.dev/blob speak to Google Cloud Storage, by its
// JSON interface over HTTP (https://cloud.google.com/storage/docs/json_api).
// Importing it registers gs://bucket. Credentials are Google's application default
// ones; anonymous=true in the query needs none, and neither does an emulator that
// STORAGE_EMULATOR_HOST names. It does what artifacts need of a bucket, and no
// copying nor signing.
package gcs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/leat-ml/leat/artifact/buckets/httpread"
)

func init() { blob.DefaultURLMux().RegisterBucket("gs", opener{}) }

type opener struct{}

const (
	host  = "https://storage.googleapis.com"
	scope = "https://www.googleapis.com/auth/devstorage.read_write"
)

// OpenBucketURL implements blob.BucketURLOpener.
func (opener) OpenBucketURL(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	anonymous := false
	for key, values := range u.Query() {
		yes, err := strconv.ParseBool(values[0])
		if key != "anonymous" || err != nil {
			return nil, fmt.Errorf("gs://%s: the query knows anonymous=true, and not %s", u.Host, key)
		}
		anonymous = yes
	}
	b := &bucket{name: u.Host, host: host, client: &http.Client{Transport: transport()}}
	if emulator := os.Getenv("STORAGE_EMULATOR_HOST"); emulator != "" {
		b.host = strings.TrimSuffix(emulator, "/")
		if !strings.Contains(emulator, "://") {
			b.host = "http://" + b.host
		}
		anonymous = true
	}
	if anonymous {
		return blob.NewBucket(b), nil
	}
	found, err := google.FindDefaultCredentials(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("google's credentials: %w", err)
	}
	b.client.Transport = &oauth2.Transport{Source: found.TokenSource, Base: b.client.Transport}
	return blob.NewBucket(b), nil
}

// How long the service may take. What it sends may take longer.
const answering = 30 * time.Second

func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = answering
	return t
}

// A bucket is one of Google's.
type bucket struct {
	name, host string
	client     *http.Client
}

// A failure is what the service says when it does not do what it was asked.
type failure struct {
	status int
	text   string
}

// Error implements error.
func (f *failure) Error() string {
	return fmt.Sprintf("the service answers %d: %s", f.status, cmp.Or(f.text, http.StatusText(f.status)))
}

// object is the path of an object; "" names the list of them.
func (b *bucket) object(before, key string) string {
	path := b.host + before + "/storage/v1/b/" + url.PathEscape(b.name) + "/o"
	if key != "" {
		path += "/" + url.PathEscape(key)
	}
	return path
}

// Requests that change nothing are made again when the service is busy.
const (
	tries = 4
	pause = 200 * time.Millisecond // doubled each time
)

// get asks until it is answered. The caller closes the body.
func (b *bucket) get(ctx context.Context, address, part string) (*http.Response, error) {
	for n := 0; ; n++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		if part != "" {
			req.Header.Set("Range", part)
		}
		resp, err := b.do(req)
		var f *failure
		if err == nil || n == tries-1 || errors.As(err, &f) && f.status < 500 && f.status != http.StatusTooManyRequests {
			return resp, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause << n):
		}
	}
}

// do sends a request. The caller closes the body of an answer that is no error.
func (b *bucket) do(req *http.Request) (*http.Response, error) {
	resp, err := b.client.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return nil, err
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	var said struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	const most = 64 << 10
	text, _ := io.ReadAll(io.LimitReader(resp.Body, most)) // the status will do
	_ = json.Unmarshal(text, &said)                        // as will it here
	return nil, &failure{resp.StatusCode, said.Error.Message}
}

// A resource is what the service says of an object.
type resource struct {
	Name        string    `json:"name"`
	Size        string    `json:"size"`
	Generation  string    `json:"generation"`
	ContentType string    `json:"contentType"`
	Updated     time.Time `json:"updated"`
}

func (r *resource) size() int64 {
	n, err := strconv.ParseInt(r.Size, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// read asks for a document.
func (b *bucket) read(ctx context.Context, address string, into any) error {
	resp, err := b.get(ctx, address, "")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	const most = 16 << 20 // a page of a list
	if err := json.NewDecoder(io.LimitReader(resp.Body, most)).Decode(into); err != nil {
		return fmt.Errorf("the service's answer: %w", err)
	}
	return nil
}

// Attributes implements driver.Bucket.
func (b *bucket) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	var r resource
	if err := b.read(ctx, b.object("", key), &r); err != nil {
		return nil, err
	}
	return &driver.Attributes{
		ContentType: r.ContentType, Size: r.size(), ModTime: r.Updated, ETag: r.Generation, AsFunc: func(any) bool { return false },
	}, nil
}

// NewRangeReader implements driver.Bucket.
func (b *bucket) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	resp, err := b.get(ctx, b.object("", key)+"?alt=media", httpread.Part(offset, length)) //nolint:bodyclose // the reader's Close does
	if err != nil {
		return nil, err
	}
	return &httpread.Reader{Response: resp}, nil
}

// ListPaged implements driver.Bucket.
func (b *bucket) ListPaged(ctx context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	q := url.Values{"prefix": {o.Prefix}, "delimiter": {o.Delimiter}, "pageToken": {string(o.PageToken)}}
	var said struct {
		Items         []resource `json:"items"`
		Prefixes      []string   `json:"prefixes"`
		NextPageToken string     `json:"nextPageToken"`
	}
	if err := b.read(ctx, b.object("", "")+"?"+q.Encode(), &said); err != nil {
		return nil, err
	}
	page := &driver.ListPage{NextPageToken: []byte(said.NextPageToken)}
	for _, r := range said.Items {
		page.Objects = append(page.Objects, &driver.ListObject{Key: r.Name, Size: r.size(), ModTime: r.Updated})
	}
	for _, p := range said.Prefixes {
		page.Objects = append(page.Objects, &driver.ListObject{Key: p, IsDir: true})
	}
	return page, nil
}

// NewTypedWriter implements driver.Bucket. What is written is sent at once; the
// service keeps it when it has come whole.
func (b *bucket) NewTypedWriter(ctx context.Context, key, contentType string, _ *driver.WriterOptions) (driver.Writer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in, out := io.Pipe()
	address := b.object("/upload", "") + "?uploadType=media&name=" + url.QueryEscape(key)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	w := &writer{ctx: ctx, out: out, done: make(chan error, 1)}
	go func() {
		resp, err := b.do(req)
		if err == nil {
			err = resp.Body.Close()
		}
		in.CloseWithError(cmp.Or(err, io.ErrClosedPipe)) // nobody reads any more
		w.done <- err
	}()
	return w, nil
}

type writer struct {
	ctx  context.Context //nolint:containedctx // that of the upload, which Close asks about
	out  *io.PipeWriter
	done chan error
}

// Write implements driver.Writer.
func (w *writer) Write(p []byte) (int, error) { return w.out.Write(p) }

// Close implements driver.Writer. A context that has ended gives the upload up.
func (w *writer) Close() error {
	if err := w.ctx.Err(); err != nil {
		w.out.CloseWithError(err)
		return cmp.Or(err, <-w.done)
	}
	_ = w.out.Close() // a pipe's does not fail
	return <-w.done
}

// Delete implements driver.Bucket.
func (b *bucket) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, b.object("", key), nil)
	if err != nil {
		return err
	}
	resp, err := b.do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

var errOther = errors.New("this driver neither copies nor signs")

// Copy implements driver.Bucket.
func (b *bucket) Copy(context.Context, string, string, *driver.CopyOptions) error { return errOther }

// SignedURL implements driver.Bucket.
func (b *bucket) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errOther
}

// ErrorCode implements driver.Bucket.
func (b *bucket) ErrorCode(err error) gcerrors.ErrorCode {
	var f *failure
	switch {
	case errors.Is(err, errOther):
		return gcerrors.Unimplemented
	case !errors.As(err, &f):
		return gcerrors.Unknown
	case f.status == http.StatusNotFound:
		return gcerrors.NotFound
	case f.status == http.StatusUnauthorized, f.status == http.StatusForbidden:
		return gcerrors.PermissionDenied
	}
	return gcerrors.Unknown
}

// As implements driver.Bucket.
func (b *bucket) As(any) bool { return false }

// ErrorAs implements driver.Bucket.
func (b *bucket) ErrorAs(error, any) bool { return false }

// Close implements driver.Bucket.
func (b *bucket) Close() error {
	b.client.CloseIdleConnections()
	return nil
}
