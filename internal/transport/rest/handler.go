package rest

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Defaults of [Options].
const (
	DefaultMaxBody      = 64 << 20 // bytes
	DefaultCompressFrom = 1 << 10  // bytes
)

// Options are how a [Handler] serves. The zero value is the default contract
// without a deadline, a log and metrics.
type Options struct {
	// MLRun chooses MLRun's contract.
	MLRun bool
	// MaxBody is the largest body of a request in bytes, compressed and
	// decompressed; 0 is DefaultMaxBody.
	MaxBody int64
	// Timeout is the time from the end of a request's body to its answer, after
	// which the caller is told 504 even while the handler still works; 0 is none.
	// The handler learns of it in its own way: the context here has no deadline.
	Timeout time.Duration
	// CompressFrom is the size in bytes from which an answer is compressed for
	// clients that ask for it; 0 is DefaultCompressFrom, less is never.
	CompressFrom int
	// Logger is told about panics and answers that cannot be encoded; nil is
	// nobody.
	Logger *slog.Logger
	// Access logs requests; nil is none. The caller starts and closes it.
	Access *AccessLog
	// Metrics counts answers; nil is nobody.
	Metrics Metrics
	// Tracer follows requests; nil is nobody.
	Tracer Tracer
	// Room is where memory for bodies is made; nil is a room of its own.
	Room *oip.Room
}

// Metrics is told the status of every answer; 499 stands for a caller that went
// away. It must be safe for concurrent use.
type Metrics interface{ Answered(status int) }

// A Tracer is told of every request when it comes. The request is served under
// ctx, and end is called when it has been answered: with the status, where 499
// stands for a caller that went away, and the failure if it failed. A Tracer may
// change the header of the request. It must be safe for concurrent use.
type Tracer interface {
	Request(r *http.Request) (ctx context.Context, end func(status int, err error))
}

// The states of a Handler, in their order.
const (
	open int32 = iota
	draining
	refusing
)

// A Handler serves HTTP requests by a [serve.Handler]. It is safe for
// concurrent use. Target.Path of its events is escaped as in the URL, so that
// a slash inside a segment can be told from one between two of them; in MLRun's
// contract it is decoded.
type Handler struct {
	next  serve.Handler
	opts  Options
	state atomic.Int32
	calls sync.Pool // of *call
	dogs  []watchdog
	turn  atomic.Uint32
}

// New returns a Handler that serves by next.
func New(next serve.Handler, o Options) *Handler {
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.CompressFrom == 0 {
		o.CompressFrom = DefaultCompressFrom
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Room == nil {
		o.Room = new(oip.Room)
	}
	h := &Handler{next: next, opts: o, dogs: make([]watchdog, runtime.GOMAXPROCS(0))}
	for i := range h.dogs {
		h.dogs[i].timeout = o.Timeout
	}
	return h
}

// Drain asks clients to close their connections after the next answer. Requests
// are still served.
func (h *Handler) Drain() { h.state.CompareAndSwap(open, draining) }

// Refuse answers every further request with 503. Requests that were accepted
// before are still served.
func (h *Handler) Refuse() { h.state.Store(refusing) }

// ServeHTTP implements http.Handler. When the caller has gone away it panics
// with http.ErrAbortHandler, as net/http wants it.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := h.begin(w, r)
	defer c.end()
	c.send(c.answer())
}
