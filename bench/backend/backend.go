// Package backend is the service behind the servers that call others: it answers
// every POST with its own body, at as little cost as can be, so that what is
// measured is who calls it. It counts the connections that were opened to it.
// It speaks as much HTTP/1.1 as clients of Go send with a body of known length,
// on loopback, and trusts them.
package backend

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// CountPath is where GET tells how many connections there were so far.
const CountPath = "/connections"

// SlowPath and FastPath are where GET makes the answers to all POSTs take Slow, and
// no time again: so many callers at a time open as many connections.
const (
	SlowPath = "/slow"
	FastPath = "/fast"
	Slow     = 100 * time.Millisecond
)

const largest = 8 << 20 // bytes of a body

// A Server answers what it is sent. The zero value is ready; it is safe for
// concurrent use.
type Server struct {
	opened atomic.Int64
	slow   atomic.Bool
}

// Opened is how many connections were accepted so far.
func (s *Server) Opened() int64 { return s.opened.Load() }

// Serve serves connections of l until it is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		s.opened.Add(1)
		go func() {
			defer c.Close()
			_ = s.talk(c) // the client sees that the connection ends
		}()
	}
}

// talk answers requests until the client is done.
func (s *Server) talk(c io.ReadWriter) error {
	in := bufio.NewReaderSize(c, 16<<10)
	var out []byte
	for {
		asked, length, err := s.head(in)
		if err != nil {
			return err
		}
		out = append(out[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "...)
		if asked {
			count := strconv.FormatInt(s.Opened(), 10)
			out = append(strconv.AppendInt(out, int64(len(count)), 10), "\r\n\r\n"+count...)
		} else {
			out = append(strconv.AppendInt(out, int64(length), 10), "\r\n\r\n"...)
			n := len(out)
			out = append(out, make([]byte, length)...)
			if _, err := io.ReadFull(in, out[n:]); err != nil {
				return err
			}
			if s.slow.Load() {
				time.Sleep(Slow)
			}
		}
		if _, err := c.Write(out); err != nil {
			return err
		}
	}
}

var (
	errChunked = errors.New("the length of the body is not told")
	errLength  = errors.New("the length of the body is none, or too large")
	lengthKey  = []byte("content-length")
	chunkedKey = []byte("transfer-encoding")
)

// head reads the head of a request, and does what a GET asks for.
func (s *Server) head(in *bufio.Reader) (get bool, length int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return false, 0, err
	}
	get = bytes.HasPrefix(line, []byte("GET "))
	if get && bytes.HasPrefix(line, []byte("GET "+SlowPath+" ")) {
		s.slow.Store(true)
	} else if get && bytes.HasPrefix(line, []byte("GET "+FastPath+" ")) {
		s.slow.Store(false)
	}
	for {
		line, err = in.ReadSlice('\n')
		if err != nil {
			return get, 0, err
		}
		if len(line) <= 2 {
			return get, length, nil
		}
		name, value, _ := bytes.Cut(line, []byte{':'})
		switch {
		case len(name) == len(lengthKey) && bytes.EqualFold(name, lengthKey):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 || length > largest {
				return get, 0, errLength
			}
		case bytes.EqualFold(name, chunkedKey):
			return get, 0, errChunked
		}
	}
}
