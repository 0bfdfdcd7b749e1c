package rest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"
)

// While a request is served, net/http has a goroutine read one byte of its connection,
// so that a client that goes away cancels the request. Where the request waits for
// somebody, as for a worker of Python, that read falls asleep, and to end it costs two
// changes of goroutines, often of threads. A read of one byte therefore returns at once
// with none, which net/http takes for no news, and only clients of requests that have
// been served for a while are watched, in the same way. They may have gone for as long
// before it is seen. RATIONALE.md has what it saves.

// lookInterval is how often requests are looked at: one that is there for the second
// time has its client watched.
const lookInterval = 25 * time.Millisecond

// connKey is the key of a request's connection in its context.
type connKey struct{}

// withGone gives requests of a connection a context that ends when its client has gone.
func withGone(ctx context.Context, c net.Conn) context.Context {
	own, ok := c.(*conn)
	if !ok {
		return ctx
	}
	ctx, own.gone = context.WithCancel(ctx)
	return context.WithValue(ctx, connKey{}, own)
}

// connOf is the connection that a request came on; nil if that is none of a [Server]'s.
func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// serves notes whether a request is being served: one byte may also be what is left of
// the room for a header, and then has to be read.
func (c *conn) serves(yes bool) {
	if c != nil {
		c.serving.Store(yes)
	}
}

// sends notes whether a stream is being sent.
func (c *conn) sends(yes bool) {
	if c != nil && c.streams.Load() != yes {
		c.streams.Store(yes)
	}
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 1 && c.serving.Load() {
		c.attend()
		return 0, nil
	}
	if len(p) > 0 && c.served() {
		p[0] = c.ahead
		return 1, nil
	}
	return c.Conn.Read(p)
}

// attend has the client be watched if the request takes its time.
func (c *conn) attend() {
	c.since.Store(c.from.looks.Load() + 1)
	c.from.lookSoon()
}

// served ends the watch over the client. It says whether a byte of its next request
// has been read.
func (c *conn) served() (ahead bool) {
	c.mu.Lock()
	c.since.Store(0)
	watch := c.watch
	if watch != nil {
		_ = c.Conn.SetReadDeadline(past) // as in expire
	}
	c.mu.Unlock()
	if watch == nil {
		return false
	}
	ahead = <-watch
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch = nil
	_ = c.Conn.SetReadDeadline(c.read.below())
	return ahead
}

// look watches the client if its request has been served for a while at the time of a
// look. It says whether a later one may.
func (c *conn) look(at uint64) (again bool) {
	since := c.since.Load()
	if since == 0 || since >= at { // nothing is served, or it came after the last look
		return since > 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.since.CompareAndSwap(since, 0) { // it has just been served
		return false
	}
	watch := make(chan bool, 1)
	c.watch = watch
	c.watching.Go(func() { watch <- c.await() })
	return false
}

// await waits until the client goes, which ends its request, or the request ends. It says
// whether a byte of the next one was read.
func (c *conn) await() (ahead bool) {
	var b [1]byte
	n, err := c.Conn.Read(b[:])
	if n == 1 {
		c.ahead = b[0]
		return true
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.gone()
	}
	return false
}

// lookSoon has requests be looked at, unless that is to come.
func (l *listener) lookSoon() {
	if !l.looking.Load() && l.looking.CompareAndSwap(false, true) {
		time.AfterFunc(lookInterval, l.look)
	}
}

// look looks at the requests that are being served. It comes again as long as there are
// any whose clients nobody watches.
func (l *listener) look() {
	l.looking.Store(false) // before the look: who comes meanwhile has it come again
	at := l.looks.Add(1)
	again := false
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.look(at) {
			again = true
		}
	}
	if again {
		l.lookSoon()
	}
}
