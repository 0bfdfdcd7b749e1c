// Package httpread has what the drivers of buckets share that read files over HTTP.
package httpread

import (
	"net/http"
	"strconv"
	"time"

	"gocloud.dev/blob/driver"
)

// Part is the Range header of a part of a file; "" for the whole of it. A length below
// 0 is up to the end.
func Part(offset, length int64) string {
	switch {
	case length > 0:
		return "bytes=" + strconv.FormatInt(offset, 10) + "-" + strconv.FormatInt(offset+length-1, 10)
	case offset > 0:
		return "bytes=" + strconv.FormatInt(offset, 10) + "-"
	}
	return ""
}

// Modified is when a file was changed, as far as the answer says it: many do not.
func Modified(resp *http.Response) time.Time {
	at, err := http.ParseTime(resp.Header.Get("Last-Modified"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// A Reader reads the body of an answer. It is a driver.Reader.
type Reader struct{ Response *http.Response }

// Read implements driver.Reader.
func (r *Reader) Read(p []byte) (int, error) { return r.Response.Body.Read(p) }

// Close implements driver.Reader.
func (r *Reader) Close() error { return r.Response.Body.Close() }

// Attributes implements driver.Reader.
func (r *Reader) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{
		ContentType: r.Response.Header.Get("Content-Type"), ModTime: Modified(r.Response), Size: r.Response.ContentLength,
	}
}

// As implements driver.Reader.
func (*Reader) As(any) bool { return false }

var _ driver.Reader = (*Reader)(nil)
