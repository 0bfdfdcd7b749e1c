package python

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// window is how many answers of one call may be on their way from a worker, of which
// several have no more than a mebibyte. It is told of those that have been taken when
// they are half of them, or an eighth of the bytes.
const (
	window     = 32
	windowPart = 128 << 10 // bytes
	windowFull = 768 << 10 // bytes, with which the worker may wait: it has a mebibyte, as it counts
)

// taken is what has been taken and the worker has not been told of.
type taken struct{ parts, bytes int }

func (t *taken) add(part *frame) {
	t.parts++
	t.bytes += len(part.body)
}

func (t *taken) much() bool { return t.parts >= window/2 || t.bytes >= windowPart }

func (t *taken) full() bool { return t.parts >= window || t.bytes >= windowFull }

// stream sends a frame and gives each part of the answer to take, in their order,
// one after another: the worker sends so many parts and no more until they have
// been taken. It returns the last frame, or the error of take or ctx, at which the
// call is cancelled. Errors are those of do else.
func (c *conn) stream(ctx context.Context, f *frame, behind backlog, take func(*frame) error) (last frame, err error) {
	w := &call{back: make(chan frame, 1), flow: make(chan frame, window), behind: behind}
	f.align()
	if err := c.enter(ctx, w, f); err != nil {
		return last, err
	}
	if err := c.write(ctx, f); err != nil {
		c.leave(f.call)
		return last, err
	}
	c.attend()
	defer c.unheld(w)
	var untold taken
	for {
		select {
		case part := <-w.flow:
			untold.add(&part)
			err = take(&part)
		case last, ok := <-w.back:
			c.unheld(w)
			return c.finish(w, last, ok, take)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if err == nil && untold.much() {
			err = c.more(ctx, f, w, untold)
			untold = taken{}
		}
		if err != nil {
			c.forsake(ctx, w, f)
			return last, err
		}
	}
}

// finish takes the parts that have come before the last frame.
func (c *conn) finish(w *call, last frame, ok bool, take func(*frame) error) (frame, error) {
	for len(w.flow) > 0 {
		part := <-w.flow
		if err := take(&part); err != nil {
			return last, err
		}
	}
	if !ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		return last, &errBroken{c.err, true}
	}
	return last, nil
}

// attend has the connection's own goroutine read, if nobody does: who takes a stream
// cannot.
func (c *conn) attend() {
	if c.who.CompareAndSwap(nobody, keeper) {
		c.alone = 0
		c.hand <- struct{}{} // has room for it
	}
}

// more tells the worker that parts have been taken.
func (c *conn) more(ctx context.Context, f *frame, w *call, t taken) error {
	c.granted(w, t)
	var m meta
	m.number("parts", uint64(t.parts))
	return c.write(ctx, &frame{kind: kindMore, object: f.object, call: f.call, meta: m.end()})
}

// granted notes what the worker is told of, and may send for it.
func (c *conn) granted(w *call, t taken) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.ahead.parts -= t.parts
	w.ahead.bytes -= t.bytes
	w.behind.is(w.ahead.full())
}

// unheld notes that the worker has sent all of a stream, or that nobody takes more of it.
func (c *conn) unheld(w *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w.behind.is(false)
	w.behind.load = nil
}

// part keeps a part of a stream for who takes it. The lock is held.
func (c *conn) part(w *call, f frame) error {
	if w.left {
		return nil
	}
	select {
	case w.flow <- f:
		c.answers++
		w.ahead.add(&f)
		w.behind.is(w.ahead.full())
		return nil
	default:
		return errWindow
	}
}

var errWindow = errors.New("the worker sent more answers than it may before they are taken")

// forsake tells the worker that nobody takes the answers of a call any more.
func (c *conn) forsake(ctx context.Context, w *call, f *frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, open := c.calls[f.call]; !open {
		return
	}
	w.left = true
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.late, w.seen = time.Now(), c.answers
		c.late++
	}
	c.aside(&frame{kind: kindCancel, object: f.object, call: f.call})
}

// A backlog counts a stream among the calls of a worker as very many while the worker
// may send no more of it: it may be held up by that, so others had better go elsewhere,
// if there is another. One that is just not as quick as the worker does not count: of
// several such streams, another worker seemed to have fewer, which stood still. The
// connection's lock is held.
type backlog struct {
	load *atomic.Int64 // of the worker; nil if the stream holds nobody up
	on   bool
}

const held = 1 << 20 // calls

// is notes whether the worker may send no more.
func (b *backlog) is(on bool) {
	if b.load == nil || b.on == on {
		return
	}
	if b.on = on; on {
		b.load.Add(held)
	} else {
		b.load.Add(-held)
	}
}

// stream has a worker answer a call any number of times. inline says that the worker
// may be held up while the answers are not taken. An exception is a *serve.Error.
func (p *pool) stream(ctx context.Context, f *frame, inline bool, take func(*frame) error) (last frame, err error) {
	w, leave, err := p.workerFor(ctx)
	if err != nil {
		return last, err
	}
	defer leave()
	if w == nil {
		return last, p.errDown()
	}
	defer w.load.Add(-1)
	var behind backlog
	if inline {
		behind.load = &w.load
	}
	var refused error // by who takes the answers
	last, err = w.stream(ctx, f, behind, func(part *frame) error {
		refused = take(part)
		return refused
	})
	switch {
	case refused != nil:
		return last, refused
	case err != nil:
		err = w.gaveUp(err)
		p.gone(w, err)
		return last, p.asAnswer(p.late(w, err))
	case last.kind == kindError:
		failure := failureOf(last.meta)
		p.tell(ctx, failure)
		return last, failure.answer()
	}
	return last, nil
}
