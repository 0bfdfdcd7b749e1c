package rest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/internal/socket"
)

// net/http sets half a dozen deadlines for every request, nearly all of which
// are replaced long before they pass, and each costs a lock and a timer in the
// runtime: together a twentieth of the time that a small request takes. A
// listener's connections therefore only note their deadlines, and once a second
// a sweep looks for those that have passed. They may be late by as much.

// sweepInterval is how often connections are looked at.
const sweepInterval = time.Second

// past is a deadline that ends a read or a write at once.
var past = time.Unix(1, 0)

// A listener accepts connections whose deadlines cost little.
type listener struct {
	net.Listener
	documents bool // errors are JSON, those of net/http too

	mu       sync.Mutex
	conns    map[*conn]struct{}
	sweeping bool // a sweep is to come

	looking atomic.Bool   // a look is to come
	looks   atomic.Uint64 // that there have been
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, conns: map[*conn]struct{}{}}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	own := &conn{Conn: c, from: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[own] = struct{}{}
	if !l.sweeping {
		l.sweeping = true
		time.AfterFunc(sweepInterval, l.sweep)
	}
	return own, nil
}

// sweep ends what is late. It comes again as long as there are connections.
func (l *listener) sweep() {
	now := time.Now().UnixNano()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.expire(now)
	}
	if l.sweeping = len(l.conns) > 0; l.sweeping {
		time.AfterFunc(sweepInterval, l.sweep)
	}
}

func (l *listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// A conn is a connection that notes its deadlines.
type conn struct {
	net.Conn
	from *listener
	gone context.CancelFunc // ends the context of its requests

	serving  atomic.Bool    // a request
	streams  atomic.Bool    // its answer is a stream: the client need not take all of what was written in time, but some
	since    atomic.Uint64  // number of the look before which its request came to be served; 0 is none
	watching sync.WaitGroup // has who watches its client
	ahead    byte           // of the next request, where that one has read it

	mu          sync.Mutex
	read, write deadline
	untaken     int       // bytes of a stream that the client had yet to take when it was looked at last
	watch       chan bool // gets whether a watch over its client has read a byte; nil without one
}

// A deadline is a time that was noted, and whether the connection underneath
// has a deadline too, which then has passed.
type deadline struct {
	at    int64 // Unix time in ns; 0 is never
	ended bool
}

// note sets the deadline and says whether the connection underneath has to be
// told of it.
func (d *deadline) note(t time.Time) (tell bool) {
	tell = d.ended
	d.at, d.ended = 0, false
	switch {
	case t.IsZero():
	case t.Equal(past): // how net/http ends a read that another goroutine waits in
		d.ended = true
		tell = true
	default:
		d.at = t.UnixNano()
	}
	return tell
}

// end says whether the deadline has passed since it was noted.
func (d *deadline) end(now int64) bool {
	if d.at == 0 || d.at > now {
		return false
	}
	d.at, d.ended = 0, true
	return true
}

// expire ends the read and the write that are late.
func (c *conn) expire(now int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Neither fails on an open connection, and a closed one needs no deadline.
	if c.read.end(now) {
		_ = c.Conn.SetReadDeadline(past)
	}
	c.forbear(now)
	if c.write.end(now) {
		_ = c.Conn.SetWriteDeadline(past)
	}
}

// forbear gives the client of a stream its time anew if it has taken something since the
// last sweep. A write that waits does not show that: the system has it go on when a good
// part of what was written before has been taken, which are megabytes.
func (c *conn) forbear(now int64) {
	if c.write.at == 0 || !c.streams.Load() {
		return
	}
	if n, ok := socket.Untaken(c.Conn); ok && n != c.untaken {
		c.untaken = n
		c.write.at = max(c.write.at, now+int64(patience))
	}
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read.note(t) {
		return c.Conn.SetReadDeadline(c.read.below())
	}
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.write.note(t) {
		return c.Conn.SetWriteDeadline(c.write.below())
	}
	return nil
}

// below is the deadline of the connection underneath.
func (d *deadline) below() time.Time {
	if d.ended {
		return past
	}
	return time.Time{}
}

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// CloseWrite lets net/http say goodbye before it closes.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close implements net.Conn. It ends the context of a request that is still served.
func (c *conn) Close() error {
	c.from.forget(c) // from here on no watch begins
	err := c.Conn.Close()
	if c.gone != nil {
		c.gone()
	}
	c.watching.Wait()
	return err
}
