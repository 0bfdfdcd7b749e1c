package grpc

import (
	"context"
	"strconv"
	"sync"

	"github.com/leat-ml/leat/serve"
)

// maxTogether is how many requests of one stream are served at a time.
const maxTogether = 16

// A line is the requests of a stream that are being served, in the order in which they
// came. Answers of models that answer once leave in that order; what answers any number
// of times steps out of the line with its first answer, as in Triton.
type line struct {
	mu    sync.Mutex
	first []*turn
	after map[string]chan struct{} // by key, closed when the last request of it has been served
}

// A turn is one request's.
type turn struct {
	m      *inferRequest
	key    string        // of requests that are served one after another; "" of none
	before chan struct{} // closed when the one before of that key has been served; nil without one
	served chan struct{} // closed when this one has; nil without a key
	front  chan struct{} // closed when it may answer
	out    bool          // it has left the line; guarded by the line's lock
}

// join puts a request at the end of the line.
func (l *line) join(m *inferRequest, key string) *turn {
	t := &turn{m: m, key: key, front: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if key != "" {
		t.before, t.served = l.after[key], make(chan struct{})
		if l.after == nil {
			l.after = map[string]chan struct{}{}
		}
		l.after[key] = t.served
	}
	l.first = append(l.first, t)
	if len(l.first) == 1 {
		close(t.front)
	}
	return t
}

// leave takes a request out of the line, once.
func (l *line) leave(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.out {
		return
	}
	t.out = true
	for i, other := range l.first {
		if other != t {
			continue
		}
		l.first = append(l.first[:i], l.first[i+1:]...)
		if i == 0 && len(l.first) > 0 {
			close(l.first[0].front)
		}
		return
	}
}

// done lets the next request of the key be served.
func (l *line) done(t *turn) {
	if t.key == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.after[t.key] == t.served {
		delete(l.after, t.key)
	}
	close(t.served)
}

// await waits for a channel of a turn; nil is there at once.
func await(ctx context.Context, c <-chan struct{}) error {
	if c == nil {
		return nil
	}
	select {
	case <-c:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// inOrder is the key of requests to models that may keep something from one to the
// next.
const inOrder = "order"

// keyOf is the key of a request of a stream: those to models that are not known to take
// several at a time are served one after another, and those of one sequence.
func (s *Server) keyOf(m *inferRequest) string {
	if s.opts.Together == nil || !s.opts.Together(m.model) {
		return inOrder
	}
	switch id := m.params["sequence_id"].(type) {
	case string:
		if id != "" {
			return "text " + strconv.Quote(m.model) + id
		}
	case int64:
		if id != 0 {
			return "number " + strconv.Quote(m.model) + strconv.FormatInt(id, 10)
		}
	case serve.Number:
		return "number " + strconv.Quote(m.model) + string(id)
	}
	return ""
}
