package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

const (
	maxHead     = 1 << 16 // bytes of a status line and headers
	maxResponse = 1 << 28 // bytes of a body
)

var (
	errHead    = errors.New("malformed head")
	errChunk   = errors.New("malformed chunk")
	errTooLong = errors.New("larger than the generator takes")
)

// Response is one answer. Body is valid until the next call of Next.
type Response struct {
	Status int
	Body   []byte
	Close  bool // the server will close the connection
}

// Reader reads HTTP/1.1 responses (RFC 9112) to GET and POST from one
// connection: bodies with Content-Length or chunked, trailers dropped. A body
// that ends with the connection is refused, since keep-alive is what is
// measured.
type Reader struct {
	src  io.Reader
	buf  []byte // buf[r:w] is what has arrived and is not used yet
	r, w int
	body []byte // a chunked body, joined
}

// NewReader returns a Reader of the responses that arrive on src.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, buf: make([]byte, 4096)}
}

// Next reads one response; interim ones (1xx) are passed over. io.EOF means
// that the connection ended between two responses.
func (rd *Reader) Next() (Response, error) {
	for {
		resp, err := rd.next()
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("read response: %w", err)
		}
		if err != nil || resp.Status >= 200 {
			return resp, err
		}
	}
}

func (rd *Reader) next() (Response, error) {
	if rd.r == rd.w {
		if err := rd.fill(); err != nil {
			return Response{}, err
		}
	}
	h, err := rd.head()
	if err != nil {
		return Response{}, noEOF(err)
	}
	resp := Response{Status: h.status, Close: h.close}
	switch {
	case h.status < 200 || h.status == 204 || h.status == 304:
	case h.chunked:
		resp.Body, err = rd.chunks()
	case h.length >= 0:
		resp.Body, err = rd.take(h.length)
	default:
		err = errors.New("neither Content-Length nor chunked")
	}
	return resp, noEOF(err)
}

type head struct {
	status, length int
	chunked, close bool
}

func (rd *Reader) head() (head, error) {
	h := head{length: -1}
	line, err := rd.line()
	if err != nil {
		return h, err
	}
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return h, errHead
	}
	if h.status, err = number(line[9:12], 10); err != nil || h.status < 100 {
		return h, errHead
	}
	for size := len(line); ; size += len(line) {
		if line, err = rd.line(); err != nil || len(line) == 0 {
			return h, err
		}
		if size > maxHead {
			return h, errTooLong
		}
		if err = h.field(line); err != nil {
			return h, err
		}
	}
}

// field notes the header fields that frame a message.
func (h *head) field(line []byte) (err error) {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok {
		return errHead
	}
	switch len(name) { // cheaper than comparing every name
	case len("Connection"):
		if bytes.EqualFold(name, []byte("Connection")) {
			h.close = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	case len("Content-Length"):
		if bytes.EqualFold(name, []byte("Content-Length")) {
			h.length, err = number(bytes.TrimSpace(value), 10)
		}
	case len("Transfer-Encoding"):
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			h.chunked = bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked"))
		}
	}
	return err
}

func (rd *Reader) chunks() ([]byte, error) {
	rd.body = rd.body[:0]
	for {
		line, err := rd.line()
		if err != nil {
			return nil, err
		}
		digits, _, _ := bytes.Cut(line, []byte{';'})
		n, err := number(bytes.TrimSpace(digits), 16)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return rd.body, rd.trailers()
		}
		if len(rd.body)+n > maxResponse {
			return nil, errTooLong
		}
		data, err := rd.take(n)
		if err != nil {
			return nil, err
		}
		rd.body = append(rd.body, data...)
		if line, err = rd.line(); err == nil && len(line) > 0 {
			err = errChunk
		}
		if err != nil {
			return nil, err
		}
	}
}

func (rd *Reader) trailers() error {
	for size := 0; size < maxHead; {
		line, err := rd.line()
		if err != nil || len(line) == 0 {
			return err
		}
		size += len(line)
	}
	return errTooLong
}

// line returns the next line without its end, valid until the next read.
func (rd *Reader) line() ([]byte, error) {
	for from := 0; ; {
		if i := bytes.IndexByte(rd.buf[rd.r+from:rd.w], '\n'); i >= 0 {
			line := rd.buf[rd.r : rd.r+from+i]
			rd.r += from + i + 1
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		if from = rd.w - rd.r; from > maxHead {
			return nil, errTooLong
		}
		if err := rd.fill(); err != nil {
			return nil, err
		}
	}
}

// take returns the next n bytes, valid until the next read.
func (rd *Reader) take(n int) ([]byte, error) {
	if n > maxResponse {
		return nil, errTooLong
	}
	for rd.w-rd.r < n {
		if err := rd.fill(); err != nil {
			return nil, err
		}
	}
	rd.r += n
	return rd.buf[rd.r-n : rd.r], nil
}

// fill reads once, making room as it is needed.
func (rd *Reader) fill() error {
	if rd.r == rd.w {
		rd.r, rd.w = 0, 0
	}
	if rd.w == len(rd.buf) {
		if rd.r == 0 {
			rd.buf = append(rd.buf, make([]byte, len(rd.buf))...)
		} else {
			rd.w = copy(rd.buf, rd.buf[rd.r:rd.w])
			rd.r = 0
		}
	}
	n, err := rd.src.Read(rd.buf[rd.w:])
	rd.w += n
	if n > 0 {
		return nil
	}
	return err
}

func number(digits []byte, base int) (int, error) {
	n, err := strconv.ParseUint(string(digits), base, 31)
	if err != nil {
		return -1, errHead
	}
	return int(n), nil
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
