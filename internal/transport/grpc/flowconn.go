package grpc

import (
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/mem"

	"github.com/leat-ml/leat/internal/readahead"
)

// A readyReader is what grpc-go looks for in a connection: who waits holds no memory.
type readyReader interface {
	ReadOnReady(size int, pool mem.BufferPool) (*[]byte, int, error)
}

// A readyFlow is a flow over a connection that is one.
type readyFlow struct {
	*flow
	from readyReader
}

// ReadOnReady reads what has come, or what is inserted.
func (f *readyFlow) ReadOnReady(size int, pool mem.BufferPool) (*[]byte, int, error) {
	for {
		if f.pending.Load() {
			b := pool.Get(size)
			if n := f.inserted((*b)[:size]); n > 0 {
				return b, n, nil
			}
			pool.Put(b)
		}
		b, n, err := f.from.ReadOnReady(size, pool)
		var p []byte
		if b != nil {
			p = (*b)[:n]
		}
		if !f.came(p, err) {
			return b, n, err
		}
	}
}

// followed are credentials of connections without TLS that are followed.
type followed struct {
	credentials.TransportCredentials
	by *flows
}

func (s *flows) credentials() credentials.TransportCredentials {
	return followed{readahead.NewCredentials(), s}
}

// ServerHandshake implements [credentials.TransportCredentials].
func (c followed) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ServerHandshake(conn)
	if err != nil {
		return conn, info, err
	}
	return c.by.follow(conn), info, nil
}

// Clone implements [credentials.TransportCredentials].
func (c followed) Clone() credentials.TransportCredentials { return c }
