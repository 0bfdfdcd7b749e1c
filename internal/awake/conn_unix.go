//go:build unix

package awake

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// A conn is a connection that may wait awake for what it reads next.
type conn struct {
	*net.TCPConn
	vigil *Vigil
	raw   syscall.RawConn
	kind  Kind
	nap   nap

	answered atomic.Int64 // when the last answer was written; 0 when more has been read since

	// Of the goroutine that reads.
	rhythm rhythm
	try    func(fd uintptr) bool // attempt
	buf    []byte                // what is read into, while it is
	n      int
	err    error
}

func (v *Vigil) over(tcp *net.TCPConn, k Kind) net.Conn {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return tcp
	}
	c := &conn{TCPConn: tcp, vigil: v, raw: raw, kind: k}
	c.try = c.attempt
	if k == Duplex {
		endUnheard(raw)
	}
	return c
}

// Read implements [net.Conn].
func (c *conn) Read(b []byte) (int, error) {
	for {
		n, err := c.read(b)
		if err != nil && errors.Is(err, os.ErrDeadlineExceeded) && c.nap.over(c.TCPConn) {
			continue
		}
		if n > 0 {
			c.note()
		}
		return n, err
	}
}

// read reads as the connection underneath does, unless the next request is likely to
// come soon. One byte is what net/http asks for to see a client go.
func (c *conn) read(b []byte) (int, error) {
	if len(b) <= 1 || c.rhythm.soon < enough || !c.rhythm.quick(c.vigil.now()) {
		return c.TCPConn.Read(b)
	}
	c.buf = b
	err := c.raw.Read(c.try)
	c.buf = nil
	c.nap.end()
	switch {
	case err != nil:
		return 0, err
	case c.err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("read", c.err)}
	case c.n == 0:
		return 0, io.EOF
	}
	return c.n, nil
}

// attempt reads what has come, or what comes within a while if the last request has
// been answered. Otherwise it is to be called again when something has come.
func (c *conn) attempt(fd uintptr) bool {
	if c.ask(fd) {
		return true
	}
	if c.answered.Load() == 0 && c.kind == Duplex {
		c.nap.begin()
	}
	if c.answered.Load() == 0 {
		return false
	}
	c.nap.end()
	return c.await(fd)
}

// ask reads what has come, and says whether it was anything.
func (c *conn) ask(fd uintptr) bool {
	for {
		c.n, c.err = syscall.Read(int(fd), c.buf)
		if !errors.Is(c.err, syscall.EINTR) {
			return !errors.Is(c.err, syscall.EAGAIN)
		}
	}
}

// await waits awake, as long as nobody else has something to do with the processor.
func (c *conn) await(fd uintptr) bool {
	v := c.vigil
	if runtime.GOMAXPROCS(0) == 1 || !c.rhythm.quick(v.now()) || !v.watching.CompareAndSwap(false, true) {
		return false
	}
	defer v.watching.Store(false)
	last := v.now()
	for end := last + v.longest; v.latest.Load() == c; {
		if c.ask(fd) {
			return true
		}
		now := v.now()
		if now > end || now-last > v.stolen {
			c.rhythm.lost(now)
			return false
		}
		last = now
	}
	return false
}

// note notes that something was read.
func (c *conn) note() {
	if c.vigil.latest.Load() != c {
		c.vigil.latest.Store(c)
		c.rhythm.soon = 0
		c.answered.Store(0)
		return
	}
	if at := c.answered.Swap(0); at != 0 {
		c.rhythm.came(c.vigil.now()-time.Duration(at), c.vigil.longest)
	}
}

// Write implements [net.Conn].
func (c *conn) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	if c.vigil.latest.Load() == c {
		c.answered.Store(int64(c.vigil.now()))
		c.nap.disturb(c.TCPConn)
	}
	return n, err
}

// SetReadDeadline implements [net.Conn].
func (c *conn) SetReadDeadline(t time.Time) error { return c.nap.limit(c.TCPConn, t) }

// SetDeadline implements [net.Conn].
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.vigil.latest.CompareAndSwap(c, nil)
	return c.TCPConn.Close()
}
