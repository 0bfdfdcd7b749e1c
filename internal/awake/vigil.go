package awake

import (
	"net"
	"sync/atomic"
	"time"
)

// A Vigil is what the connections of a server have in common. The zero value has none
// wait. It is safe for concurrent use.
type Vigil struct {
	began    time.Time
	longest  time.Duration
	stolen   time.Duration
	latest   atomic.Pointer[conn] // that a request came over last
	watching atomic.Bool          // a connection waits awake
}

// New returns a vigil for all the ports of a server.
func New() *Vigil { return &Vigil{began: time.Now(), longest: longest, stolen: stolen} }

// A Kind is who reads a connection and who writes to it.
type Kind int

const (
	// Turns is a connection whose reader writes the answers itself, as over HTTP/1.1.
	Turns Kind = iota
	// Duplex is a connection that is read while answers are written by others, as over
	// HTTP/2: an answer wakes the reader, so that it can wait for what comes next.
	Duplex
)

// Listen returns l with connections that wait awake. One goroutine at a time may read
// from a connection. Those that are not TCP are left as they are, and so are all where
// sockets cannot be asked without waiting.
func (v *Vigil) Listen(l net.Listener, k Kind) net.Listener { return &listener{l, v, k} }

type listener struct {
	net.Listener
	vigil *Vigil
	kind  Kind
}

// Accept implements [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		return l.vigil.over(tcp, l.kind), nil
	}
	return c, nil
}

func (v *Vigil) now() time.Duration { return time.Since(v.began) }
