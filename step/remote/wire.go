package remote

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A wire makes calls of HTTP/1.1 without TLS, the usual case between neighbours,
// over connections that it keeps. It does what net/http does, for about half of
// the CPU time: the caller itself writes and reads, where net/http has two
// goroutines a connection that it hands every call to. What is out of the ordinary is left
// to net/http (see direct). A wire is safe for concurrent use.
type wire struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu     sync.Mutex
	idle   map[string][]*link // by address; the one that was used last is the last
	sweep  *time.Timer        // runs while there are any
	closed bool
}

const (
	mostIdle    = 1024 // connections to a host that are kept
	idleTimeout = 90 * time.Second
)

// exchange sends a request and has take read the answer, which is over when it
// returns. until is when it fails with a timeout. The connection is kept if the
// answer was read to its end.
func (w *wire) exchange(ctx context.Context, r *request, until time.Time, take func(*incoming) error) error {
	address := r.url.Host
	if r.url.Port() == "" {
		address = net.JoinHostPort(r.url.Hostname(), "80")
	}
	for l := w.pick(address); l != nil; l = nil {
		err := l.call(ctx, r, until, take)
		if !l.broken {
			w.keep(address, l)
		} else if l.conn.Close(); err != nil && l.untouched && idempotent(r.method) && ctx.Err() == nil && !isTimeout(err) {
			continue // the other end gave up the connection just then
		}
		return err
	}
	sub, cancel := context.WithDeadline(ctx, until)
	conn, err := w.dial(sub, "tcp", address)
	cancel()
	if err != nil {
		return err
	}
	l := newLink(conn)
	err = l.call(ctx, r, until, take)
	if l.broken {
		conn.Close()
	} else {
		w.keep(address, l)
	}
	return err
}

// pick takes a connection that is still open from those that are kept; nil when
// there is none.
func (w *wire) pick(address string) *link {
	for {
		w.mu.Lock()
		list := w.idle[address]
		if len(list) == 0 {
			w.mu.Unlock()
			return nil
		}
		l := list[len(list)-1]
		list[len(list)-1] = nil
		w.idle[address] = list[:len(list)-1]
		w.mu.Unlock()
		if l.open() {
			return l
		}
		l.conn.Close()
	}
}

// keep puts a connection where pick finds it.
func (w *wire) keep(address string, l *link) {
	l.used = time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.idle[address]
	if w.closed || len(list) >= mostIdle {
		l.conn.Close()
		return
	}
	if w.idle == nil {
		w.idle = map[string][]*link{}
	}
	w.idle[address] = append(list, l)
	if w.sweep == nil {
		w.sweep = time.AfterFunc(idleTimeout, w.expire)
	}
}

// expire closes connections that nobody has used for long.
func (w *wire) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := time.Now().Add(-idleTimeout)
	for address, list := range w.idle {
		n := 0
		for n < len(list) && list[n].used.Before(before) {
			list[n].conn.Close()
			n++
		}
		if list = append(list[:0], list[n:]...); len(list) == 0 {
			delete(w.idle, address)
		} else {
			clear(list[len(list):cap(list)])
			w.idle[address] = list
		}
	}
	w.sweep = nil
	if len(w.idle) > 0 && !w.closed {
		w.sweep = time.AfterFunc(idleTimeout/3, w.expire)
	}
}

// close closes what is kept. Calls under way end by themselves.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.sweep != nil {
		w.sweep.Stop()
	}
	for _, list := range w.idle {
		for _, l := range list {
			l.conn.Close()
		}
	}
	w.idle = nil
}

// mostWritten is how large a body the caller writes before it looks for an
// answer, which may come earlier.
const mostWritten = 64 << 10

// direct says whether a request is of the kind that a wire can send.
func direct(r *request) bool {
	u := r.url
	return u.Scheme == "http" && u.User == nil && len(r.body) <= mostWritten && r.method != http.MethodConnect && token(r.method) && plainHost(u.Host)
}

// plainHost says whether a host can be written as it is: without zones of IPv6,
// and letters that DNS does not know.
func plainHost(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return s != ""
}

// plainFields says whether header fields of a spec are none that say how the
// message is sent, which is net/http's business then.
func plainFields(fields map[string]string) bool {
	for name := range fields {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Te", "Expect", "Upgrade", "Keep-Alive", "Proxy-Connection":
			return false
		}
	}
	return true
}

// cause is the context that can end before the deadline, which the connection
// knows.
func cause(ctx context.Context) context.Context {
	if d, ok := ctx.(*serve.Deadline); ok {
		return d.Context
	}
	return ctx
}

var errField = errors.New("a header field cannot be sent: it holds a line break or another control character")
