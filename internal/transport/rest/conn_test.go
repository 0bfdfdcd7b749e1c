package rest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/serve"
)

// pipes is a listener of connections in memory, whose clocks a test controls.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// inBubble serves h over pipes with a clock of the test's own.
func inBubble(t *testing.T, h serve.Handler, f func(t *testing.T, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		s := NewServer(New(h, Options{CompressFrom: -1}))
		served := make(chan error)
		go func() { served <- s.Serve(p) }()
		f(t, p.dial)
		s.http.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// lifetime reads until the server closes the connection.
func lifetime(c net.Conn) (read string, life time.Duration) {
	start := time.Now()
	b, _ := io.ReadAll(c)
	return string(b), time.Since(start)
}

func within(t *testing.T, what string, got, from time.Duration) {
	t.Helper()
	if got < from || got > from+2*sweepInterval {
		t.Errorf("%s: closed after %v, want %v", what, got, from)
	}
}

func TestTimeouts(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\n"
	inBubble(t, handlerFunc(echo), func(t *testing.T, dial func() net.Conn) {
		c := dial()
		_, life := lifetime(c)
		within(t, "nothing sent", life, headerTimeout)

		c = dial()
		io.WriteString(c, head)
		_, life = lifetime(c)
		within(t, "half a header", life, headerTimeout)

		c = dial()
		io.WriteString(c, head+"Content-Length: 1\r\n\r\nx")
		read, life := lifetime(c)
		within(t, "idle after an answer", life, idleTimeout)
		if !strings.HasSuffix(read, "\r\n\r\nx") {
			t.Errorf("read %q", read)
		}
	})
}

func TestSlowBody(t *testing.T) {
	inBubble(t, handlerFunc(echo), func(t *testing.T, dial func() net.Conn) {
		c := dial()
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
		read, life := lifetime(c)
		within(t, "half a body", life, patience)
		if !strings.HasPrefix(read, "HTTP/1.1 408 ") || !strings.Contains(read, "Connection: close") || !strings.HasSuffix(read, `{"error":"the request body did not arrive in time"}`) {
			t.Errorf("read %q", read)
		}
	})
}

func TestBodyThatTakesItsTime(t *testing.T) {
	const size = 4 << 20 // at twice the slowest speed allowed
	inBubble(t, handlerFunc(echo), func(t *testing.T, dial func() net.Conn) {
		c := dial()
		go func() {
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4194304\r\n\r\n")
			for range size / (2 * slowest) {
				time.Sleep(time.Second)
				c.Write(make([]byte, 2*slowest))
			}
		}()
		read, _ := lifetime(c)
		if !strings.HasPrefix(read, "HTTP/1.1 200 ") || len(read) < size {
			t.Errorf("read %d bytes: %.200s", len(read), read)
		}
	})
}

func TestSlowReader(t *testing.T) {
	inBubble(t, answering(serve.ValueBody(make([]byte, 4<<20)), nil), func(t *testing.T, dial func() net.Conn) {
		c := dial()
		start := time.Now()
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		io.ReadFull(c, make([]byte, 100)) // and no more
		c.Write([]byte("xx"))             // one byte is taken while the request is served
		within(t, "an answer that nobody reads", time.Since(start), allowance(4<<20))
	})
}

// TestNoTimeoutWhileServing has a request take longer than every timeout.
func TestNoTimeoutWhileServing(t *testing.T) {
	h := handlerFunc(func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		select {
		case <-time.After(time.Hour):
		case <-ctx.Done():
		}
		return ev, ctx.Err()
	})
	inBubble(t, h, func(t *testing.T, dial func() net.Conn) {
		c := dial()
		io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
		if read, _ := lifetime(c); !strings.HasSuffix(read, "\r\n\r\nx") {
			t.Errorf("read %q", read)
		}
	})
}

func TestConnDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := newListener(p)
		go func() { p.dial() }()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		readFor := func() (time.Duration, error) {
			start := time.Now()
			_, err := c.Read(make([]byte, 1))
			return time.Since(start), err
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		c.SetReadDeadline(time.Now().Add(5 * time.Second)) // replaces it
		d, err := readFor()
		within(t, "noted", d, 5*time.Second)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		c.SetReadDeadline(time.Time{}) // it can be read again
		go func() {
			time.Sleep(time.Hour)
			c.SetReadDeadline(past)
		}()
		if d, err = readFor(); d != time.Hour || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ended after %v with %v", d, err)
		}
		start := time.Now()
		c.SetWriteDeadline(start.Add(3 * time.Second))
		_, err = c.Write([]byte("x"))
		within(t, "write", time.Since(start), 3*time.Second)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		c.Close()
		if err := c.SetReadDeadline(time.Now()); err == nil {
			c.(*conn).expire(time.Now().UnixNano()) // does nothing to a closed one
		}
		if len(l.conns) != 0 {
			t.Error("a closed connection is kept")
		}
		l.Close()
	})
}
