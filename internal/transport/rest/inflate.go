package rest

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/leat-ml/leat/oip"
)

var errTrailing = errors.New("bytes after the end of the compressed data")

// An inflater holds what decompression needs. It is used for one request at a
// time and then again.
type inflater struct {
	in   *bufio.Reader
	gzip *gzip.Reader
	zlib io.ReadCloser // a zlib.Resetter
}

var inflaters = sync.Pool{New: func() any { return &inflater{in: bufio.NewReaderSize(nil, smallRoom)} }}

// inflate reads the body in the content coding named by encoding.
func (c *call) inflate(encoding string) ([]byte, error) {
	z := inflaters.Get().(*inflater)
	defer z.free()
	z.in.Reset(&c.src)
	open := z.openGzip
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "", "identity":
		return readAll(&c.src, c.r.ContentLength, c.src.limit, c.pad, c.h.opts.Room)
	case "gzip", "x-gzip":
	case "deflate": // is the zlib format: RFC 9110, section 8.4.1.2
		open = z.openZlib
	default:
		return nil, errEncoding
	}
	if _, err := z.in.Peek(1); err == io.EOF {
		return nil, nil // an empty body that was announced as compressed
	}
	return z.read(open, c.src.limit, c.pad, c.h.opts.Room)
}

func (z *inflater) read(open func() (io.Reader, error), limit int64, pad int, in *oip.Room) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	raw, err := readAll(r, -1, limit, pad, in)
	if err != nil {
		return nil, err
	}
	// Reading on to the end of the body is also what makes net/http look out for
	// a client that goes away.
	if _, err := z.in.Peek(1); err == nil {
		return nil, errTrailing
	} else if err != io.EOF {
		return nil, err
	}
	return raw, nil
}

func (z *inflater) openGzip() (io.Reader, error) {
	if z.gzip == nil {
		z.gzip = new(gzip.Reader)
	}
	return z.gzip, z.gzip.Reset(z.in)
}

func (z *inflater) openZlib() (_ io.Reader, err error) {
	if z.zlib == nil {
		z.zlib, err = zlib.NewReader(z.in)
		return z.zlib, err
	}
	return z.zlib, z.zlib.(zlib.Resetter).Reset(z.in, nil)
}

// free gives z back, without the request that it read.
func (z *inflater) free() {
	z.in.Reset(nil)
	inflaters.Put(z)
}
