package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/leat-ml/leat/serve"
)

// keepBuffer is the largest buffer, in bytes, that waits for another request.
const keepBuffer = 4 << 20

// A call is one request on its way through a Handler. It is used again for
// another request, with its buffers and its timer.
type call struct {
	h      *Handler
	w      http.ResponseWriter
	r      *http.Request
	conn   *conn                       // that it came on; nil outside a Server
	ctx    context.Context             //nolint:containedctx // that the request is served under
	traced func(status int, err error) // ends its trace; nil where nobody follows it
	id     []string                    // the X-Request-Id that came, if it can be one; else nil
	ev     *serve.Event                // nil until the body has been read
	came   serve.Body                  // its body, as it came
	src    source
	pad    int    // bytes of memory before the body
	out    []byte // the answer, where it had to be encoded
	zip    []byte // the answer compressed
	watched
	events
	told // what the log and the metrics are told
}

// told is what became of a request.
type told struct {
	start  time.Time // set only for the log
	status int
	err    error // why it failed
	failed int   // the status that a failure would have had, had its stream not begun before; else 0
	sent   int   // bytes of the answer's body
	// aborted says that nothing was sent, since nobody is there.
	aborted bool
}

func (h *Handler) begin(w http.ResponseWriter, r *http.Request) *call {
	c, _ := h.calls.Get().(*call)
	if c == nil {
		c = h.newCall()
	}
	c.w, c.r, c.conn, c.ctx, c.id = w, r, connOf(r), r.Context(), requestID(r.Header)
	c.conn.serves(true)
	c.conn.sends(false) // what the last one has sent may have been on its way until now
	if t := h.opts.Tracer; t != nil {
		c.ctx, c.traced = t.Request(r)
	}
	if h.opts.Access != nil {
		c.start = time.Now()
	}
	return c
}

// newCall returns a call, watched by one of the watchdogs in turn. As sync.Pool
// mostly keeps calls where they were used, processors do not meet at a watchdog.
func (h *Handler) newCall() *call {
	c := &call{h: h}
	c.dog = &h.dogs[h.turn.Add(1)%uint32(len(h.dogs))]
	return c
}

// answer reads, serves and encodes, and returns what to send.
func (c *call) answer() reply {
	if c.h.state.Load() == refusing {
		return c.failure(errShutDown)
	}
	raw, err := c.body()
	if err != nil {
		return c.failure(err)
	}
	c.ev = c.event(raw)
	if field := c.r.Header[binaryHead]; field != nil && raw != nil {
		if c.ev.Body, err = binaryBody(field, raw); err != nil {
			return c.failure(c.unreadable(err))
		}
	}
	c.came = c.ev.Body
	if c.streams() {
		c.ev.Offer(c)
	}
	c.arm()
	ev, err := c.h.next.Serve(c.ctx, c.ev)
	if err != nil {
		return c.failure(err)
	}
	return c.success(ev)
}

// end is deferred: it answers after a panic, reports, and gives the call back.
func (c *call) end() {
	p := recover()
	switch p {
	case nil:
	case http.ErrAbortHandler: // the handler wants the connection closed
		if !c.disarm() {
			c.aborted, c.status = true, statusGone
		}
	default:
		c.send(c.panicked(p))
	}
	c.conn.serves(false)
	c.report()
	aborted := c.aborted
	c.release()
	if aborted {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http closes the connection on it
	}
}

// panicked logs a panic of the handler and returns the answer to it, which
// tells nothing but where in the log to look.
func (c *call) panicked(p any) reply {
	id := ""
	if c.ev != nil {
		id = c.ev.Identify()
	}
	c.h.opts.Logger.Error("panic while serving a request", slog.String("id", id), slog.String("method", c.r.Method),
		slog.String("path", c.r.URL.EscapedPath()), slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
	return c.failure(&hostFailure{fmt.Errorf("internal error; the server's log has more under id %s", id)})
}

func (c *call) report() {
	if m := c.h.opts.Metrics; m != nil {
		m.Answered(c.status)
	}
	if l := c.h.opts.Access; l != nil {
		l.add(c)
	}
	if c.traced != nil {
		c.traced(c.status, c.err)
	}
}

// release forgets the request. A call whose watchdog may still run is not used
// again.
func (c *call) release() {
	if c.caught {
		return
	}
	c.w, c.r, c.conn, c.ctx, c.traced, c.id, c.ev, c.came, c.src, c.told, c.events = nil, nil, nil, nil, nil, nil, nil, serve.Body{}, source{}, told{}, events{}
	c.pad = 0
	if cap(c.out) > keepBuffer {
		c.out = nil
	}
	if cap(c.zip) > keepBuffer {
		c.zip = nil
	}
	c.h.calls.Put(c)
}
