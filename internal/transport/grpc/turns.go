package grpc

import (
	"net"
	"sync"
)

// turns are listeners that accept the connections of l in turns. To close one is to
// close all.
func turns(l net.Listener, n int) []net.Listener {
	closed := make(chan struct{})
	end := sync.OnceValue(func() error {
		close(closed)
		return l.Close()
	})
	all, tokens := make([]net.Listener, n), make([]chan struct{}, n)
	for i := range tokens {
		tokens[i] = make(chan struct{}, 1)
	}
	for i := range all {
		all[i] = &lane{l, tokens[i], tokens[(i+1)%n], closed, end}
	}
	tokens[0] <- struct{}{}
	return all
}

// A lane accepts a connection when it has the token, which it then passes on.
type lane struct {
	net.Listener
	token  <-chan struct{}
	next   chan<- struct{}
	closed <-chan struct{}
	end    func() error
}

// Accept implements [net.Listener].
func (t *lane) Accept() (net.Conn, error) {
	select {
	case <-t.token:
	case <-t.closed:
		return nil, net.ErrClosed
	}
	c, err := t.Listener.Accept()
	t.next <- struct{}{}
	return c, err
}

// Close implements [net.Listener].
func (t *lane) Close() error { return t.end() }
