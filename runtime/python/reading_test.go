package python

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// stoodBack calls one after another until the keeper has stood back.
func stoodBack(t *testing.T, c *conn) {
	t.Helper()
	await(t, "that callers read", func() bool {
		if _, _, err := c.do(t.Context(), &frame{kind: kindPing}); err != nil {
			t.Fatal(err)
		}
		return c.led.Load() > 0
	})
}

// answering answers all calls but those whose body is "wait", which wait for a word.
func answering(t *testing.T, p *peer, n int) (waiting chan frame) {
	t.Helper()
	waiting = make(chan frame, n)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			f := p.next(t)
			switch {
			case f.kind == kindClose:
				p.say(t, frame{kind: kindOK, call: f.call})
				return
			case f.kind == kindCancel:
			case string(f.body) == "wait":
				waiting <- f
			default:
				p.say(t, frame{kind: kindOK, call: f.call, body: f.body})
			}
		}
	})
	t.Cleanup(serving.Wait)
	return waiting
}

// end has the peer of answering end.
func end(t *testing.T, c *conn) {
	t.Helper()
	if _, _, err := c.do(t.Context(), &frame{kind: kindClose}); err != nil {
		t.Error(err)
	}
}

// TestCallerReads has a caller read, and come back when its context ends although
// no answer does.
func TestCallerReads(t *testing.T) {
	c, p := connected(t, nil)
	waiting := answering(t, p, 1)
	defer end(t, c)
	for range 3 {
		stoodBack(t, c)
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			_, _, err := c.do(ctx, &frame{kind: kindCall, body: []byte("wait")})
			failed <- err
		}()
		f := <-waiting
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		p.say(t, frame{kind: kindOK, call: f.call})
	}
}

// TestCallerHandsOver has calls come while a caller reads, which is answered last
// and first.
func TestCallerHandsOver(t *testing.T) {
	c, p := connected(t, nil)
	waiting := answering(t, p, 1)
	defer end(t, c)
	var calls sync.WaitGroup
	for range 20 {
		stoodBack(t, c)
		calls.Go(func() {
			if _, _, err := c.do(t.Context(), &frame{kind: kindCall, body: []byte("wait")}); err != nil {
				t.Error(err)
			}
		})
		f := <-waiting
		for range 8 {
			calls.Go(func() {
				if got, _, err := c.do(t.Context(), &frame{kind: kindCall, body: []byte("x")}); err != nil || string(got.body) != "x" {
					t.Errorf("%q, %v", got.body, err)
				}
			})
		}
		p.say(t, frame{kind: kindOK, call: f.call})
	}
	calls.Wait()
}

// TestLogsWithoutCalls has records come when the keeper has stood back.
func TestLogsWithoutCalls(t *testing.T) {
	logged := make(chan frame, 1)
	c, p := connected(t, func(c *conn) { c.told = func(f frame) { logged <- f } })
	answering(t, p, 0)
	defer end(t, c)
	for range 3 {
		stoodBack(t, c)
		p.say(t, frame{kind: kindLog, meta: []byte("{}")})
		<-logged
	}
}

// TestWorkerLostByCaller has the worker end while a caller reads.
func TestWorkerLostByCaller(t *testing.T) {
	c, p := connected(t, nil)
	waiting := answering(t, p, 1)
	stoodBack(t, c)
	failed := make(chan error, 1)
	go func() {
		_, _, err := c.do(t.Context(), &frame{kind: kindCall, body: []byte("wait")})
		failed <- err
	}()
	<-waiting
	end(t, c) // of answering, which nobody else may read beside
	_ = p.Close()
	var broken *errBroken
	if err := <-failed; !errors.As(err, &broken) || !broken.sent {
		t.Errorf("error %v", err)
	}
}

// interrupted is a reader with a deadline between any two bytes.
type interrupted struct {
	r    io.Reader
	next bool
}

func (i *interrupted) Read(b []byte) (int, error) {
	if i.next = !i.next; i.next {
		return 0, os.ErrDeadlineExceeded
	}
	return i.r.Read(b)
}

// TestInterruptedFrames reads frames whose bytes come a few at a time, with
// deadlines in between.
func TestInterruptedFrames(t *testing.T) {
	var wire []byte
	var frames []frame
	for _, size := range []int{0, 1, 4000, 9000, 17 << 10, 17 << 10, 64 << 10, 64 << 10, 5, 65 << 10, 70 << 10, 64 << 10, 3} {
		f := frame{kind: kindOK, call: uint64(size), meta: bytes.Repeat([]byte("m"), size%13), body: bytes.Repeat([]byte{byte(len(frames))}, size)}
		frames = append(frames, f)
		wire = append(wire, f.bytes()...)
	}
	for name, r := range map[string]io.Reader{
		"whole":          bytes.NewReader(wire),
		"halves":         iotest.HalfReader(bytes.NewReader(wire)),
		"with deadlines": &interrupted{r: iotest.HalfReader(bytes.NewReader(wire))},
		"bytes":          &interrupted{r: iotest.OneByteReader(bytes.NewReader(wire))},
		"error at once":  iotest.DataErrReader(bytes.NewReader(wire)),
	} {
		d := newFrameReader(r)
		for i := range frames {
			got, err := d.read()
			for errors.Is(err, os.ErrDeadlineExceeded) {
				got, err = d.read()
			}
			if err != nil || !bytes.Equal(got.body, frames[i].body) || !bytes.Equal(got.meta, frames[i].meta) {
				t.Fatalf("%s: frame %d: %d and %d bytes, error %v", name, i, len(got.meta), len(got.body), err)
			}
		}
	}
}

// TestLargeFramesStay has frames of the same size come one after another, as the
// answers of a model do: they are read to where they stay.
func TestLargeFramesStay(t *testing.T) {
	one := frame{kind: kindOK, meta: []byte(`{"tensors":1}`), body: make([]byte, 64<<10)}
	from := &again{of: one.bytes()}
	d := newFrameReader(from)
	for range 3 {
		if _, err := d.read(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = d.read() }); n > 1 {
		t.Errorf("%v allocations for a frame", n)
	}
	if from.reads > 110 {
		t.Errorf("%d reads for some 104 frames", from.reads)
	}
}

// again gives the same frame again and again, one at a time.
type again struct {
	of    []byte
	at    int
	reads int
}

func (a *again) Read(b []byte) (int, error) {
	a.reads++
	n := copy(b, a.of[a.at:])
	a.at = (a.at + n) % len(a.of)
	return n, nil
}

// TestCallersComeAndGo has one to several callers at a time, some of which give up,
// so that the right to read changes hands in every way. Each call that does not
// give up has its own answer.
func TestCallersComeAndGo(t *testing.T) {
	logged := make(chan frame, 1000)
	c, p := connected(t, func(c *conn) { c.told = func(f frame) { logged <- f } })
	var serving sync.WaitGroup
	serving.Go(func() {
		for n := 0; ; n++ {
			f := p.next(t)
			switch {
			case f.kind == kindCancel:
				continue
			case f.kind == kindClose:
				p.say(t, frame{kind: kindOK, call: f.call})
				return
			case f.kind == kindPing:
				p.say(t, frame{kind: kindOK, call: f.call})
				continue
			case n%50 == 0:
				p.say(t, frame{kind: kindLog, meta: []byte("{}")})
			}
			serving.Go(func() {
				time.Sleep(time.Duration(f.body[0]%8) * time.Millisecond / 4)
				p.say(t, frame{kind: kindOK, call: f.call, body: f.body})
			})
		}
	})
	t.Cleanup(serving.Wait)
	stoodBack(t, c)
	var calling sync.WaitGroup
	for i := range 6 {
		calling.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 150 {
				body := binary.LittleEndian.AppendUint64(nil, r.Uint64())
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				switch r.IntN(8) {
				case 0:
					ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(40))*time.Millisecond)
				case 1:
					ctx, cancel = context.WithCancel(ctx)
					time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
				case 2:
					time.Sleep(time.Duration(r.IntN(12)) * time.Millisecond) // the others may be done meanwhile
				}
				got, _, err := c.do(ctx, &frame{kind: kindCall, body: body})
				if err == nil && !bytes.Equal(got.body, body) {
					t.Errorf("%x, want %x", got.body, body)
				}
				if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	calling.Wait()
	end(t, c)
	if len(logged) == 0 {
		t.Error("no record has come")
	}
}
