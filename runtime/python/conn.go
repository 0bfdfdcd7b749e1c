package python

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A conn speaks with one worker: calls from any goroutine, many at a time.
// Whoever calls writes; who reads is the matter of [reading].
type conn struct {
	rw     io.ReadWriteCloser
	told   func(f frame)           // gets LOG frames, in their order
	asked  func(f frame) (a frame) // answers ASK frames, beside each other
	shared *shared                 // memory; nil without any
	turn   chan struct{}           // full while somebody writes
	sent   uint32                  // bytes, modulo 2^32; of who writes
	reader sync.WaitGroup
	asks   sync.WaitGroup
	reading
	vigil vigil

	mu    sync.Mutex
	calls map[uint64]*call
	last  uint64 // number of the last call
	err   error  // why there are no more answers

	answers uint64         // that have come to calls that somebody waits for
	late    int            // calls that nobody waits for any more, since their deadline has passed
	large   map[uint16]int // bytes of the last large answer of each object

	alive context.Context // ends with the connection
	over  context.CancelFunc

	writing atomic.Int64 // deadline of the call that is being written, in ns; 0 without one
}

// A call waits for its answer.
type call struct {
	back  chan frame // the last frame of the answer; closed when there will be none
	parts []frame    // those before it; the reader's until the last is there
	size  int        // bytes of the parts
	flow  chan frame // the parts, where they are taken one by one; else nil
	ahead taken      // parts that have come, and that the worker has not been told of
	lease lease      // of shared memory

	behind backlog
	ctx    context.Context // of who waits, while the worker may still ask on behalf of it

	left bool      // nobody waits any more
	late time.Time // when its deadline had passed; zero as long as somebody waits
	seen uint64    // answers of the worker by then
}

var calls = sync.Pool{New: func() any { return &call{back: make(chan frame, 1)} }}

// newConn speaks over rw, which it takes over. told and asked, which may be set
// before run, are not called after close has returned.
func newConn(rw io.ReadWriteCloser) *conn {
	c := &conn{rw: rw, turn: make(chan struct{}, 1), calls: map[uint64]*call{}, large: map[uint16]int{}}
	c.alive, c.over = context.WithCancel(context.Background())
	c.vigil.most, c.vigil.near = awakeFor, soonAfter
	c.reading = reading{frames: newFrameReader(rw), hand: make(chan struct{}, 1), ended: make(chan struct{})}
	if d, ok := rw.(interface{ SetReadDeadline(time.Time) error }); ok {
		c.limit = d.SetReadDeadline
	}
	return c
}

// run reads until the end.
func (c *conn) run() { c.reader.Go(c.keep) }

// take does with a frame what it is for.
func (c *conn) take(f frame) error {
	switch f.kind {
	case kindBox:
		return c.unbox()
	case kindLog:
		if c.told != nil {
			c.told(f)
		}
		return nil
	case kindAsk:
		if c.asked == nil { // while the code is only looked at
			c.asked = func(frame) frame { return frame{meta: []byte(`{"error":"the server is not there yet"}`)} }
		}
		c.asks.Go(func() {
			a := c.asked(f)
			a.kind, a.object, a.call = kindAnswer, f.object, f.call
			_ = c.write(context.Background(), &a) // one that cannot be sent has nobody to get it
		})
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.calls[f.call]
	switch {
	case w == nil: // cancelled before it was sent
		return nil
	case f.kind == kindPart && w.flow != nil:
		return c.part(w, f)
	case f.kind == kindPart:
		if w.size += len(f.body); w.size > maxFrame {
			return fmt.Errorf("an answer in parts is larger than %d MiB", maxFrame>>20)
		}
		if w.late.IsZero() {
			w.parts = append(w.parts, f)
		}
		return nil
	case !w.late.IsZero():
		c.late--
	default:
		c.answers++
	}
	delete(c.calls, f.call)
	w.ctx = nil
	c.count()
	if w.left {
		c.shared.give(w.lease)
	}
	w.back <- f // has room for it
	return nil
}

// fail ends all calls: nothing more comes.
func (c *conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	if errors.Is(err, io.EOF) {
		err = errGone
	}
	c.err = err
	c.over()
	for _, w := range c.calls {
		close(w.back)
	}
	c.calls = nil
}

// errGone is the error of calls whose worker is no more.
var errGone = errors.New("the worker is gone")

// errBroken is a connection that ended before the answer came.
type errBroken struct {
	cause error
	sent  bool // the worker may have got the call
}

func (e *errBroken) Error() string { return e.cause.Error() }
func (e *errBroken) Unwrap() error { return e.cause }

// do sends a frame and waits for the answer, or for ctx. What comes back are its
// parts, where it has any, and its last frame, of kind OK or ERROR. An error of
// type errBroken says that the worker did not answer; any other that ctx ended.
func (c *conn) do(ctx context.Context, f *frame) (last frame, parts []frame, err error) {
	w := calls.Get().(*call)
	w.lease = lease{}
	if c.shared != nil && f.kind == kindCall {
		f = c.lend(w, f)
	}
	f.align()
	if err = c.enter(ctx, w, f); err == nil {
		if err = c.write(ctx, f); err != nil {
			c.leave(f.call)
		}
	}
	if err != nil { // the worker has not got it, or is gone
		c.shared.give(w.lease)
		return last, nil, err
	}
	c.lead(ctx, w)
	done := ctx.Done()
	if done == nil {
		last, ok := <-w.back
		return c.settle(w, last, ok)
	}
	select {
	case last, ok := <-w.back:
		return c.settle(w, last, ok)
	case <-done:
		c.abandon(ctx, w, f)
		return last, nil, context.Cause(ctx)
	}
}

// settle takes the answer out of a call.
func (c *conn) settle(w *call, last frame, ok bool) (frame, []frame, error) {
	if !ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		return last, nil, &errBroken{c.err, true}
	}
	err := c.collect(w, &last)
	parts := w.parts
	w.parts, w.size = nil, 0
	calls.Put(w)
	return last, parts, err
}

// enter notes a call, and gives it its number.
func (c *conn) enter(ctx context.Context, w *call, f *frame) error {
	if err := f.check(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return &errBroken{c.err, false}
	}
	c.last++
	f.call = c.last
	c.calls[f.call], w.ctx = w, ctx
	return nil
}

// under is the context of an open call; that of nothing where there is none of the
// number.
func (c *conn) under(call uint64) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.calls[call]; w != nil && w.ctx != nil {
		return w.ctx
	}
	return context.Background()
}

func (c *conn) leave(call uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, call)
}

// write sends a frame once nobody else writes.
func (c *conn) write(ctx context.Context, f *frame) error {
	select {
	case c.turn <- struct{}{}:
	default:
		select {
		case c.turn <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	defer func() { <-c.turn }()
	if at, ok := ctx.Deadline(); ok {
		c.writing.Store(at.UnixNano())
		defer c.writing.Store(0)
	}
	if err := c.send(f); err != nil {
		c.fail(err)
		return &errBroken{err, true}
	}
	return nil
}

// heads are what frames are put together in.
var heads = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// copied is the largest body that is copied behind its head, rather than sent
// from where it is.
const copied = 32 << 10

// send sends a frame with one call of the system, as far as the socket takes it.
func (c *conn) send(f *frame) error {
	b := heads.Get().(*[]byte)
	defer func() {
		if cap(*b) <= 2*copied {
			heads.Put(b)
		}
	}()
	*b = f.appendHead((*b)[:0])
	if len(f.body) <= copied {
		*b = append(*b, f.body...)
		n, err := c.rw.Write(*b)
		c.tell(n)
		return err
	}
	n, err := (&net.Buffers{*b, f.body}).WriteTo(c.rw)
	c.tell(int(n))
	return err
}

// tell tells a worker that waits awake of bytes that are in the socket.
func (c *conn) tell(n int) {
	c.sent += uint32(n)
	c.shared.set(wordSent, c.sent)
}

// close ends the connection and waits until nothing of it runs.
func (c *conn) close() error {
	err := c.rw.Close()
	c.endOnce.Do(func() { close(c.ended) })
	c.reader.Wait()
	c.fail(errGone)
	c.asks.Wait()
	return err
}
