package readahead

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"google.golang.org/grpc/mem"
)

const (
	// header is how many bytes a frame has before its payload: RFC 9113, section 4.1.
	header = 9
	// large is how many bytes are read at least with the header of the next frame: no
	// read buffer is as large.
	large = 4 << 10
)

// A Conn is a connection whose large reads bring the header of the next frame. It
// implements what grpc-go calls readyreader.Reader.
type Conn struct {
	*net.TCPConn
	raw syscall.RawConn

	// Of the goroutine that reads.
	try   func(fd uintptr) bool // attempt
	size  int                   // how many bytes are wanted
	pool  mem.BufferPool
	buf   *[]byte // what has been read into; nil if nothing has
	n     int     // bytes that came, those of ahead among them
	err   error
	parts [2]syscall.Iovec
	ahead [header]byte
	kept  int // bytes of ahead that nobody has asked for yet
}

// Over returns a Conn over c, or c if it is not TCP itself. Over TLS frames cannot be
// seen, and a Conn reads as what is underneath.
func Over(c net.Conn) net.Conn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c
	}
	k := &Conn{TCPConn: tcp, raw: raw}
	k.try = k.attempt
	return k
}

// Read implements [net.Conn].
func (c *Conn) Read(p []byte) (int, error) {
	if c.kept > 0 {
		return c.take(p), nil
	}
	return c.TCPConn.Read(p)
}

// WriteTo implements [io.WriterTo] in place of the one underneath, which knows nothing of
// what is kept.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

// take moves what is kept to p, as far as there is room.
func (c *Conn) take(p []byte) int {
	n := copy(p, c.ahead[:c.kept])
	c.kept = copy(c.ahead[:], c.ahead[n:c.kept])
	return n
}

// ReadOnReady waits until something has come, and reads up to size bytes of it into
// memory of the pool, which is whose it is until then. What it returns is the caller's.
func (c *Conn) ReadOnReady(size int, pool mem.BufferPool) (*[]byte, int, error) {
	if c.kept > 0 {
		b := pool.Get(size)
		return b, c.take((*b)[:size]), nil
	}
	c.size, c.pool = size, pool
	err := c.raw.Read(c.try)
	b, n := c.buf, c.n
	c.buf, c.pool, c.parts = nil, nil, [2]syscall.Iovec{}
	switch {
	case err != nil:
	case c.err != nil:
		err = &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("read", c.err)}
	case n == 0:
		err = io.EOF
	default:
		c.kept = max(n-size, 0)
		return b, n - c.kept, nil
	}
	if b != nil {
		pool.Put(b)
	}
	return nil, 0, err
}

// attempt reads what has come. Otherwise it is to be called again when something has.
func (c *Conn) attempt(fd uintptr) bool {
	c.buf = c.pool.Get(c.size)
	for c.err = syscall.EINTR; errors.Is(c.err, syscall.EINTR); {
		c.n, c.err = c.read(int(fd), (*c.buf)[:c.size])
	}
	if !errors.Is(c.err, syscall.EAGAIN) {
		return true
	}
	c.pool.Put(c.buf)
	c.buf, c.parts = nil, [2]syscall.Iovec{} // who waits, perhaps for long, holds nothing
	return false
}

// read is one call of the system.
func (c *Conn) read(fd int, p []byte) (int, error) {
	if len(p) < large {
		return syscall.Read(fd, p)
	}
	c.parts[0].Base, c.parts[1].Base = &p[0], &c.ahead[0]
	c.parts[0].SetLen(len(p))
	c.parts[1].SetLen(header)
	n, _, errno := syscall.Syscall(syscall.SYS_READV, uintptr(fd), uintptr(unsafe.Pointer(&c.parts)), uintptr(len(c.parts)))
	if errno != 0 {
		return 0, errno
	}
	if raceEnabled {
		_, _ = syscall.Read(fd, nil) // reads nothing; what was written before happened before
	}
	return int(n), nil
}
