package rest

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"strconv"
	"strings"
	"sync"
)

// A deflater holds what compression needs, about a megabyte. It is used for one
// answer at a time and then again.
type deflater struct {
	gzip *gzip.Writer
	zlib *zlib.Writer
}

var deflaters = sync.Pool{New: func() any { return new(deflater) }}

// compress replaces the body by a compressed one if it is worth it and the
// client asks for it.
func (c *call) compress(rep *reply) {
	from := c.h.opts.CompressFrom
	size := rep.size()
	if from < 0 || size < from || !compressible(rep) {
		return
	}
	rep.vary = true
	coding := acceptedCoding(c.r.Header["Accept-Encoding"])
	if coding == nil {
		return
	}
	z := deflaters.Get().(*deflater)
	defer deflaters.Put(z)
	c.zip = z.deflate(c.zip[:0], coding, rep)
	if len(c.zip) < size {
		rep.body, rep.coding = c.zip, coding
		if rep.tail != nil {
			rep.tail = [][]byte{} // which is in the body now
		}
	}
}

// compressible says whether the body is text, or the elements of outputs, that
// nobody has encoded yet.
func compressible(rep *reply) bool {
	if len(rep.contentType) == 0 || !hasBody(rep.status) {
		return false
	}
	for name := range rep.header {
		if strings.EqualFold(name, "Content-Encoding") {
			return false
		}
	}
	media := rep.contentType[0]
	return isJSON(media) || rep.tail != nil || strings.HasPrefix(media, "text/")
}

// deflate appends the body to dst in the coding, at the fastest level: an answer is
// written once and read once.
func (z *deflater) deflate(dst []byte, coding []string, rep *reply) []byte {
	out := &appender{dst}
	w := z.writer(out, coding[0])
	// Neither fails: an appender does not.
	_, _ = w.Write(rep.body)
	for _, part := range rep.tail {
		_, _ = w.Write(part)
	}
	_ = w.Close()
	return out.buf
}

func (z *deflater) writer(out io.Writer, coding string) io.WriteCloser {
	if coding == "gzip" {
		if z.gzip == nil {
			z.gzip, _ = gzip.NewWriterLevel(nil, flate.BestSpeed) // the level exists
		}
		z.gzip.Reset(out)
		return z.gzip
	}
	if z.zlib == nil {
		z.zlib, _ = zlib.NewWriterLevel(nil, flate.BestSpeed)
	}
	z.zlib.Reset(out)
	return z.zlib
}

type appender struct{ buf []byte }

func (a *appender) Write(p []byte) (int, error) {
	a.buf = append(a.buf, p...)
	return len(p), nil
}

// acceptedCoding chooses the content coding that the client likes best of those
// that are offered, gzip before deflate; nil is none. See RFC 9110, section
// 12.5.3.
func acceptedCoding(fields []string) []string {
	gz, zl, other := -1.0, -1.0, -1.0 // qualities; less than 0 is not mentioned
	for _, field := range fields {
		for part := range strings.SplitSeq(field, ",") {
			name, q := codingQuality(part)
			switch {
			case strings.EqualFold(name, "gzip"), strings.EqualFold(name, "x-gzip"):
				gz = q
			case strings.EqualFold(name, "deflate"):
				zl = q
			case name == "*":
				other = q
			}
		}
	}
	if gz < 0 {
		gz = other
	}
	if zl < 0 {
		zl = other
	}
	switch {
	case gz > 0 && gz >= zl:
		return gzipCoding
	case zl > 0:
		return zlibCoding
	}
	return nil
}

// codingQuality reads one element of Accept-Encoding, "gzip;q=0.5" for example.
// A quality that cannot be read is 0.
func codingQuality(part string) (name string, q float64) {
	name, params, has := strings.Cut(part, ";")
	name = strings.TrimSpace(name)
	if !has {
		return name, 1
	}
	key, value, _ := strings.Cut(strings.TrimSpace(params), "=")
	if !strings.EqualFold(strings.TrimSpace(key), "q") {
		return name, 0
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || q < 0 || q > 1 || q != q {
		return name, 0
	}
	return name, q
}
