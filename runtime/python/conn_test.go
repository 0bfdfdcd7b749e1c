package python

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// A peer takes the part of a worker.
type peer struct {
	net.Conn
	mu sync.Mutex
}

// next is the next frame from the server.
func (p *peer) next(t *testing.T) frame {
	t.Helper()
	head := make([]byte, headSize)
	if _, err := io.ReadFull(p, head); err != nil {
		t.Fatal(err)
	}
	size, meta := int(binary.LittleEndian.Uint32(head))-headSize+4, int(binary.LittleEndian.Uint32(head[16:]))
	rest := make([]byte, size)
	if _, err := io.ReadFull(p, rest); err != nil {
		t.Fatal(err)
	}
	return frame{
		kind: kind(head[4]), flags: flags(head[5]), object: binary.LittleEndian.Uint16(head[6:]),
		call: binary.LittleEndian.Uint64(head[8:]), meta: rest[:meta], body: rest[meta:],
	}
}

func (p *peer) say(t *testing.T, f frame) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.Write(f.bytes()); err != nil {
		t.Error(err)
	}
}

// connected is a conn and the worker at its other end.
func connected(t *testing.T, set func(c *conn)) (*conn, *peer) {
	t.Helper()
	ours, theirs, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	a, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	b, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = ours.Close(), theirs.Close()
	c := newConn(a)
	if set != nil {
		set(c)
	}
	c.run()
	t.Cleanup(func() {
		_ = b.Close()
		_ = c.close()
	})
	return c, &peer{Conn: b}
}

// TestCallsInAnyOrder has many calls in flight, of which the last is answered
// first.
func TestCallsInAnyOrder(t *testing.T) {
	c, p := connected(t, nil)
	const n = 100
	go func() {
		var all []frame
		for range n {
			all = append(all, p.next(t))
		}
		for i := range all {
			f := all[n-1-i]
			p.say(t, frame{kind: kindPart, call: f.call, body: []byte("part")})
			p.say(t, frame{kind: kindOK, call: f.call, flags: f.flags, body: f.body})
		}
	}()
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() {
			body := bytes.Repeat([]byte{byte(i)}, i*1000)
			last, parts, err := c.do(t.Context(), &frame{kind: kindCall, body: body})
			if err != nil || !bytes.Equal(last.body, body) || len(parts) != 1 {
				t.Errorf("call %d: %d bytes, %d parts, error %v", i, len(last.body), len(parts), err)
			}
		})
	}
	calls.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) != 0 {
		t.Errorf("%d calls are left", len(c.calls))
	}
}

func TestCallsOfALostWorker(t *testing.T) {
	c, p := connected(t, nil)
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			_, _, err := c.do(t.Context(), &frame{kind: kindCall})
			var broken *errBroken
			if !errors.As(err, &broken) {
				t.Errorf("error %v", err)
			}
		})
	}
	p.next(t)
	_ = p.Close()
	calls.Wait()
	if _, _, err := c.do(t.Context(), &frame{kind: kindCall}); err == nil {
		t.Error("a call of a worker that is gone")
	}
}

// cancelled has a call be cancelled when the worker has got it and something else has been
// done, and returns its frame.
func cancelled(t *testing.T, c *conn, p *peer, first func()) frame {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, _, err := c.do(ctx, &frame{kind: kindCall})
		failed <- err
	}()
	f := p.next(t)
	first()
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	return f
}

// TestCancel has a call cancelled, which the worker is told, and answered too
// late, which nobody is.
func TestCancel(t *testing.T) {
	c, p := connected(t, nil)
	f := cancelled(t, c, p, func() {})
	if got := p.next(t); got.kind != kindCancel || got.call != f.call {
		t.Errorf("frame %+v", got)
	}
	p.say(t, frame{kind: kindOK, call: f.call})
	go func() { p.say(t, frame{kind: kindOK, call: p.next(t).call}) }()
	if _, _, err := c.do(t.Context(), &frame{kind: kindPing}); err != nil {
		t.Error(err)
	}
}

// TestCancelWhileOthersWrite has a call cancelled just when another is being written.
func TestCancelWhileOthersWrite(t *testing.T) {
	c, p := connected(t, nil)
	f := cancelled(t, c, p, func() { c.turn <- struct{}{} }) // somebody writes
	<-c.turn
	_ = p.SetReadDeadline(time.Now().Add(time.Minute))
	if got := p.next(t); got.kind != kindCancel || got.call != f.call {
		t.Errorf("frame %+v", got)
	}
}

// An overdue context has a deadline that is over once the channel is closed.
type overdue struct {
	context.Context
	over chan struct{}
}

func (o *overdue) Deadline() (time.Time, bool) { return time.Now(), true }
func (o *overdue) Done() <-chan struct{}       { return o.over }

func (o *overdue) Err() error {
	select {
	case <-o.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestHangs looks at a call that is not answered after its deadline.
func TestHangs(t *testing.T) {
	c, p := connected(t, nil)
	ctx := &overdue{Context: t.Context(), over: make(chan struct{})}
	failed := make(chan error, 1)
	go func() {
		_, _, err := c.do(ctx, &frame{kind: kindCall})
		failed <- err
	}()
	f := p.next(t)
	close(ctx.over)
	if err := <-failed; !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	now := time.Now()
	if c.hangs(now, time.Hour) {
		t.Error("hangs at once")
	}
	if !c.hangs(now.Add(2*time.Hour), time.Hour) {
		t.Error("does not hang after an hour")
	}
	p.next(t) // the CANCEL
	go func() { p.say(t, frame{kind: kindOK, call: p.next(t).call}) }()
	if _, _, err := c.do(t.Context(), &frame{kind: kindPing}); err != nil {
		t.Fatal(err)
	}
	if c.hangs(now.Add(2*time.Hour), time.Hour) {
		t.Error("hangs although it answers others")
	}
	p.say(t, frame{kind: kindError, call: f.call})
	await(t, "the late answer", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.late == 0
	})
}

// TestWriteThatIsNotRead has a worker that reads nothing.
func TestWriteThatIsNotRead(t *testing.T) {
	c, p := connected(t, nil)
	ctx := &overdue{Context: t.Context(), over: make(chan struct{})} // its deadline is over when it is being written
	done := make(chan error, 1)
	go func() {
		_, _, err := c.do(ctx, &frame{kind: kindCall, body: make([]byte, 8<<20)})
		done <- err
	}()
	await(t, "the write", func() bool { return c.hangs(time.Now().Add(time.Minute), time.Second) })
	_ = p.Close() // as when the worker is killed
	if err := <-done; err == nil {
		t.Error("no error")
	}
}

func TestAsksAndLogs(t *testing.T) {
	logged := make(chan frame, 1)
	_, p := connected(t, func(c *conn) {
		c.told = func(f frame) { logged <- f }
		c.asked = func(f frame) frame { return frame{meta: append([]byte("re: "), f.meta...)} }
	})
	p.say(t, frame{kind: kindLog, meta: []byte("{}")})
	<-logged
	p.say(t, frame{kind: kindAsk, call: 9, meta: []byte("what")})
	if got := p.next(t); got.kind != kindAnswer || got.call != 9 || string(got.meta) != "re: what" {
		t.Errorf("frame %+v", got)
	}
}
