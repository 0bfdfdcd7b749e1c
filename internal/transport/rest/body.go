package rest

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

const (
	firstRoom = 1 << 20 // bytes reserved before any of a body has arrived, at most
	smallRoom = 4 << 10 // bytes reserved for a body of unknown length

	// A client has patience plus a second for every slowest bytes to send its
	// body or take its answer.
	patience = 30 * time.Second
	slowest  = 64 << 10
)

// body reads the request's body, decompressed.
func (c *call) body() ([]byte, error) {
	r := c.r
	if r.ContentLength == 0 || r.Body == nil {
		return nil, nil
	}
	if r.ContentLength > c.h.opts.MaxBody {
		return nil, errTooLarge
	}
	c.src = source{r: r.Body, w: c.w, limit: c.h.opts.MaxBody}
	c.pad = padding(r.Header)
	raw, err := c.decoded()
	if err != nil {
		return nil, bodyError(err)
	}
	return raw, nil
}

func (c *call) decoded() ([]byte, error) {
	enc := c.r.Header["Content-Encoding"]
	if len(enc) == 0 {
		return readAll(&c.src, c.r.ContentLength, c.src.limit, c.pad, c.h.opts.Room)
	}
	if len(enc) > 1 {
		return nil, errEncoding
	}
	return c.inflate(enc[0])
}

// readAll reads to the end of src or for length bytes, where length is not
// negative. Room is made as bytes arrive, so that a lie about the length costs
// little. More than limit bytes are an error. The first byte is pad bytes into
// memory of its own, which in makes.
func readAll(src io.Reader, length, limit int64, pad int, in *oip.Room) ([]byte, error) {
	room, growth, most := length, int64(4), length
	if length < 0 {
		room, growth, most = min(smallRoom, limit+1), 2, limit+1
	}
	buf := in.Make(pad + int(min(room, firstRoom)))[pad:]
	for n := 0; ; {
		m, err := src.Read(buf[n:])
		n += m
		switch {
		case int64(n) > limit:
			return nil, errTooLarge
		case err == io.EOF || int64(n) == length:
			return buf[:n:n], nil // what is behind has not been written
		case err != nil:
			return nil, err
		case n == len(buf):
			grown := in.Make(pad + int(min(growth*int64(n), most)))[pad:]
			copy(grown, buf)
			buf = grown
		}
	}
}

// A source is a request's body as it arrives. It refuses more than limit bytes
// and a client that sends too slowly.
type source struct {
	r     io.Reader
	w     http.ResponseWriter
	limit int64
	got   int64
	since time.Time     // of the second read; most bodies are there at the first
	given time.Duration // that the client has from then on, which need not be set for every packet
	began bool
}

func (s *source) Read(p []byte) (int, error) {
	if s.began {
		s.hurry()
	}
	s.began = true
	n, err := s.r.Read(p)
	s.got += int64(n)
	if s.got > s.limit {
		return n, errTooLarge
	}
	return n, err
}

// hurry sets the time by which something more must have arrived.
func (s *source) hurry() {
	if s.since.IsZero() {
		s.since = time.Now()
	}
	if a := allowance(s.got); a != s.given {
		s.given = a
		// Not every ResponseWriter can; then there is no such time.
		_ = http.NewResponseController(s.w).SetReadDeadline(s.since.Add(a))
	}
}

func allowance(bytes int64) time.Duration {
	return patience + time.Duration(bytes/slowest)*time.Second
}

// bodyError says what a failure to read a body means to the client.
func bodyError(err error) error {
	var own *serve.Error
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errSlow
	}
	return serve.Errorf(serve.BadRequest, "", "read the request body: %w", err)
}
