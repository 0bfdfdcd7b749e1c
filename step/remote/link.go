package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

// A link is one connection, with one call at a time.
type link struct {
	conn net.Conn
	raw  syscall.RawConn // nil where the connection has none
	in   *bufio.Reader   // reads the link itself
	out  []byte
	used time.Time
	due  time.Time // the deadline that the connection still has
	room int64     // bytes that may still be read

	untouched bool // nothing of an answer has come
	broken    bool // of no use for another call
}

const (
	mostHead  = 1 << 20 // bytes of the head of an answer
	mostHints = 5       // answers of status 1xx before the real one
	keptOut   = 16 << 10
)

var errHead = errors.New("malformed HTTP response: its head has more than a mebibyte")

func newLink(c net.Conn) *link {
	l := &link{conn: c}
	if s, ok := c.(syscall.Conn); ok {
		l.raw, _ = s.SyscallConn() // without it nobody looks whether it is still open
	}
	l.in = bufio.NewReaderSize(l, 4<<10)
	return l
}

// Read implements [io.Reader] for in.
func (l *link) Read(p []byte) (int, error) {
	if l.room <= 0 {
		return 0, errHead
	}
	n, err := l.conn.Read(p[:min(int64(len(p)), l.room)])
	l.room -= int64(n)
	l.untouched = l.untouched && n == 0
	return n, err
}

// An incoming is an answer while it is read.
type incoming struct {
	*http.Response
	end bool // the body has been read to its end
}

// Read implements [io.Reader]: it reads the body.
func (r *incoming) Read(p []byte) (int, error) {
	n, err := r.Body.Read(p)
	r.end = r.end || errors.Is(err, io.EOF)
	return n, err
}

// open says whether a connection that was kept is still of use.
func (l *link) open() bool {
	if time.Until(l.due) < time.Second { // behind the deadline of its last call it would tell nothing
		if l.conn.SetDeadline(time.Time{}) != nil {
			return false
		}
	}
	return l.alive()
}

// call sends a request and has take read the answer.
func (l *link) call(ctx context.Context, r *request, until time.Time, take func(*incoming) error) error {
	l.broken, l.untouched = true, true // until it is known to be otherwise
	if err := l.conn.SetDeadline(until); err != nil {
		return err
	}
	l.due = until
	stop := func() bool { return true }
	if c := cause(ctx); c.Done() != nil {
		stop = context.AfterFunc(c, func() { _ = l.conn.SetDeadline(time.Unix(1, 0)) }) // the call fails then
	}
	resp, err := l.ask(r)
	if err == nil {
		err = take(resp)
	}
	if stop() && err == nil {
		l.broken = !resp.end || resp.Close || l.in.Buffered() > 0
	}
	return err
}

// ask sends a request and reads the head of the answer.
func (l *link) ask(r *request) (*incoming, error) {
	var err error
	if l.out, err = appendRequest(l.out[:0], r); err != nil {
		return nil, err
	}
	_, err = l.conn.Write(l.out)
	if cap(l.out) > keptOut {
		l.out = nil
	}
	if err != nil {
		return nil, err
	}
	question := &http.Request{Method: r.method}
	for range mostHints {
		l.room = mostHead
		resp, err := http.ReadResponse(l.in, question) //nolint:bodyclose // it is the connection, which is kept if it was read to its end
		if err != nil && l.untouched && errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, io.EOF // it would be unexpected within an answer
		}
		if err != nil {
			return nil, err
		}
		l.room = math.MaxInt64
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return &incoming{Response: resp, end: resp.ContentLength == 0 || resp.Body == http.NoBody}, nil
		}
	}
	return nil, fmt.Errorf("malformed HTTP response: more than %d before the real one", mostHints)
}

// appendRequest appends a request as HTTP/1.1 writes it (RFC 9112).
func appendRequest(dst []byte, r *request) ([]byte, error) {
	dst = append(append(append(dst, r.method...), ' '), r.url.RequestURI()...)
	dst = append(append(dst, " HTTP/1.1\r\nHost: "...), r.url.Host...)
	for name, values := range r.header {
		for _, v := range values {
			if !fieldValue(v) {
				return dst, errField
			}
			dst = append(append(append(append(dst, "\r\n"...), name...), ": "...), v...)
		}
	}
	if len(r.body) > 0 || bodied(r.method) {
		dst = strconv.AppendInt(append(dst, "\r\nContent-Length: "...), int64(len(r.body)), 10)
	}
	return append(append(dst, "\r\n\r\n"...), r.body...), nil
}

// bodied says whether servers want to know of an empty body.
func bodied(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}
