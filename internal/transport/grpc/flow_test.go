package grpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/serve"
)

// ask calls for an answer of so many bytes and a few, and returns its stream.
func (c *caller) ask(size int) uint32 {
	c.t.Helper()
	c.begin(inferMethod)
	req := request("large", input1("x", "INT32", []int64{1}, nil))
	req.RawInputContents = [][]byte{binary.LittleEndian.AppendUint32(nil, uint32(size))} //nolint:gosec // it is no larger
	c.send(framedMessage(c.t, req), true)
	return c.stream - 1
}

// room gives a stream, or with 0 the connection, room for n more bytes.
func (c *caller) room(stream uint32, n int) {
	c.t.Helper()
	c.write(func() error { return c.frames.WriteWindowUpdate(stream, uint32(n)) }) //nolint:gosec // it is no larger
}

// large answers with as many bytes as the input says.
func large(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	if ev.Target.Model != "large" {
		return echo(ctx, ev)
	}
	v, _ := ev.Body.Value()
	n := binary.LittleEndian.Uint32(v.(*serve.Request).Inputs[0].Raw())
	resp := ev.NewResponse()
	resp.ModelName, resp.Outputs = "large", serve.NewTensor("y", make([]uint8, n))
	ev.Body = serve.ValueBody(resp)
	return ev, nil
}

// unended is how many streams are followed of all connections.
func (w *world) unended() (n int) {
	for _, f := range w.server.flows.list() {
		f.mu.Lock()
		n += len(f.answers)
		f.mu.Unlock()
	}
	return n
}

// longTime is the time of a client that has a small window, and some more.
const longTime = 100 * time.Second

// TestUntakenAnswer: a stream ends whose client gives no room for its answer; others of
// the connection go on.
func TestUntakenAnswer(t *testing.T) {
	for name, first := range map[string]uint32{"after a window": 65535, "from the beginning": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t, large, Options{})
				c := w.call(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: first})
				c.room(0, 1<<30)
				began := time.Now()
				stuck := c.ask(1 << 20)
				for range 5 { // what others of the connection take is not for this one
					time.Sleep(5 * time.Second)
					other := c.ask(100 << 10)
					c.room(other, 1<<20)
					if o := <-c.ended; o.stream != other || o.status != "0" {
						t.Fatalf("another call ended with %+v", o)
					}
				}
				o := <-c.ended
				if took := time.Since(began); o.stream != stuck || o.reset != http2.ErrCodeEnhanceYourCalm || took < tolerance*time.Second || took > longTime {
					t.Errorf("after %v it ended with %+v", took, o)
				}
				synctest.Wait()
				if n := w.unended(); n != 0 {
					t.Errorf("%d streams are held", n)
				}
			})
		})
	}
}

// TestUntakenConnection: a connection ends whose client gives no room for any answer.
func TestUntakenConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, large, Options{})
		c := w.call(t)
		began := time.Now()
		for range 20 {
			c.ask(1 << 20)
		}
		if o, more := <-c.ended; more {
			t.Errorf("a call ended with %+v", o)
		}
		if took := time.Since(began); took < tolerance*time.Second || took > longTime {
			t.Errorf("it took %v", took)
		}
		time.Sleep(2 * time.Second)
		if n := w.unended(); n != 0 {
			t.Errorf("%d streams are held", n)
		}
	})
}

// TestDribble: a few bytes now and then are not enough to keep an answer, be it the stream
// or the connection that has no room.
func TestDribble(t *testing.T) {
	for name, test := range map[string]struct {
		first  uint32 // room of streams
		all    int    // more room of the connection
		little uint32 // to what some is given
	}{"stream": {firstWindow, 1 << 30, 1}, "connection": {1 << 30, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t, large, Options{})
				c := w.call(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: test.first})
				c.room(0, test.all)
				c.ask(300 << 10)
				for range 2 * longTime / (5 * time.Second) {
					select {
					case <-c.ended:
						return
					case <-time.After(5 * time.Second):
						_ = c.attempt(func() error { return c.frames.WriteWindowUpdate(test.little, 10) })
					}
				}
				t.Error("the answer is kept")
			})
		})
	}
}

// TestSlowTaker takes a large answer at the slowest rate, by windows of different sizes.
func TestSlowTaker(t *testing.T) {
	for name, lump := range map[string]int{"little by little": slowest, "much at a time": 4 << 20} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t, large, Options{})
				c := w.call(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(max(lump, firstWindow))}) //nolint:gosec // it is no larger
				c.room(0, max(1, lump-firstWindow))
				stream := c.ask(32 << 20)
				for {
					select {
					case o := <-c.ended:
						if o.status != "0" {
							t.Errorf("the call ended with %+v", o)
						}
						return
					case <-time.After(time.Duration(lump/slowest) * time.Second):
						c.room(stream, lump)
						c.room(0, lump)
					}
				}
			})
		})
	}
}

// TestSip takes an answer by a kibibyte a second, by half a window at a time, as a client
// that plays what it gets: of its stream and of its connection.
func TestSip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, large, Options{})
		c := w.call(t)
		stream := c.ask(300 << 10)
		for {
			select {
			case o, more := <-c.ended:
				if !more || o.status != "0" {
					t.Errorf("the call ended with %+v", o)
				}
				return
			case <-time.After(32 * time.Second):
				c.room(stream, 32<<10)
				c.room(0, 32<<10)
			}
		}
	})
}

// TestManySlowTakers share a slow connection: each gets a hundredth of it.
func TestManySlowTakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, large, Options{})
		c := w.call(t)
		const n = 50
		for range n {
			c.ask(200 << 10)
		}
		next := uint32(1)
		for ended := 0; ended < n; {
			select {
			case o, more := <-c.ended:
				if !more || o.status != "0" {
					t.Fatalf("a call ended with %+v", o)
				}
				ended++
			case <-time.After(time.Second / 4):
				c.room(0, slowest/4)
				c.room(next, slowest/4)
				if next += 2; next > 2*n {
					next = 1
				}
			}
		}
	})
}

// TestNothingToTake: a stream that has no room and nothing to say is nobody's trouble, nor
// is one that is being worked on.
func TestNothingToTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, slowEcho, Options{})
		c := w.call(t, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		c.begin(streamMethod)
		quiet := c.stream - 1
		c.begin(inferMethod)
		c.send(framedMessage(t, floats("m")), true)
		time.Sleep(10 * time.Minute) // its answer has come by then, and gone
		for len(c.ended) > 0 {
			if o := <-c.ended; o.stream == quiet {
				t.Errorf("the quiet one ended with %+v", o)
			}
		}
	})
}

// TestStreamThatIsNotRead: a client that does not read a stream learns why it has ended, and
// its other calls go on.
func TestStreamThatIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, echo, Options{})
		s, err := w.ModelStreamInfer(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(patterned(make([]byte, 300<<10))); err != nil {
			t.Fatal(err)
		}
		time.Sleep((tolerance + longest + 5) * time.Second)
		if _, err := w.ModelInfer(context.Background(), floats("m")); err != nil {
			t.Error(err)
		}
		_, err = s.Recv()
		wantStatus(t, err, "RESOURCE_EXHAUSTED", "ENHANCE_YOUR_CALM")
	})
}

// TestInsertedBetweenFrames has a stream end while half a frame of another is there.
func TestInsertedBetweenFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, large, Options{})
		conn, c := w.callBy(t)
		c.room(0, 1<<30)
		stuck := c.ask(1 << 20)
		time.Sleep(longTime - 20*time.Second)
		c.begin(inferMethod)
		message := framedMessage(t, floats("m"))
		var frame bytes.Buffer
		if err := http2.NewFramer(&frame, nil).WriteData(c.stream-1, true, message); err != nil {
			t.Fatal(err)
		}
		half := frame.Next(frame.Len() / 2)
		if _, err := conn.Write(half); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second) // the other is late by now
		if len(c.ended) > 0 {
			t.Fatalf("%+v in the middle of a frame", <-c.ended)
		}
		if _, err := conn.Write(frame.Bytes()); err != nil {
			t.Fatal(err)
		}
		ended := map[uint32]outcome{}
		for range 2 {
			o := <-c.ended
			ended[o.stream] = o
		}
		if ended[stuck].reset != http2.ErrCodeEnhanceYourCalm || ended[c.stream-1].status != "0" {
			t.Errorf("they ended with %+v", ended)
		}
	})
}

// tcp serves over sockets, where a second is 50 ms, and returns what connects to it.
func tcp(t *testing.T) (*Server, func(settings ...http2.Setting) (net.Conn, *caller)) {
	server := New(handlerFunc(large), &host{}, Options{})
	server.flows.unit = 50 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx, 0), <-served); err != nil {
			t.Error(err)
		}
	})
	return server, func(settings ...http2.Setting) (net.Conn, *caller) {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		c := talk(t, conn, settings...)
		c.room(0, math.MaxInt32-firstWindow)
		return conn, c
	}
}

// TestUnread has clients with room for everything that do not read, or slowly.
func TestUnread(t *testing.T) {
	server, dial := tcp(t)
	everything := http2.Setting{ID: http2.SettingInitialWindowSize, Val: math.MaxInt32}
	_, unread := dial(everything)
	unread.ask(32 << 20)
	slow, c := dial(everything)
	c.ask(32 << 20)
	for got := int64(0); got < 32<<20; { // so slowly that it takes three times what there is for nothing
		n, err := io.CopyN(io.Discard, slow, 128<<10)
		if got += n; err != nil {
			t.Fatalf("behind %d bytes: %v", got, err)
		}
		time.Sleep(server.flows.unit / 4)
	}
	_ = slow.Close()
	for deadline := time.Now().Add(patience); len(server.flows.list()) > 0; time.Sleep(server.flows.unit) {
		if time.Now().After(deadline) {
			t.Fatal("the connection of who does not read is kept")
		}
	}
}

// TestSlowConnection has a client give each stream room when it has what there was room
// for, which on a slow connection with many streams is long after it was sent.
func TestSlowConnection(t *testing.T) {
	server, dial := tcp(t)
	conn, c := dial()
	if err := conn.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil { // what is in it counts as taken
		t.Fatal(err)
	}
	const n = 100
	got := map[uint32]int64{}
	for range n {
		got[c.ask(80<<10)] = 0
	}
	for began := time.Now(); len(got) > 0; {
		var head [frameHead]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			t.Fatalf("after %v, with %d answers to come: %v", time.Since(began), len(got), err)
		}
		size, stream := int64(head[0])<<16|int64(head[1])<<8|int64(head[2]), binary.BigEndian.Uint32(head[5:])
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			t.Fatal(err)
		}
		switch {
		case head[3] == resetFrame:
			t.Fatalf("after %v stream %d ended", time.Since(began), stream)
		case head[3] == headersFrame && head[4]&endStream != 0:
			delete(got, stream)
		case head[3] == dataFrame:
			if got[stream] += size; got[stream] == firstWindow {
				c.room(stream, firstWindow)
			}
			time.Sleep(server.flows.unit / 6)
		}
	}
}

// TestParser finds the same frames however they are cut.
func TestParser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []byte
		var want noted
		for range rapid.IntRange(0, 20).Draw(t, "frames") {
			kind := rapid.SampledFrom([]byte{dataFrame, headersFrame, resetFrame, settingsFrame, windowFrame}).Draw(t, "kind")
			p := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "payload")
			stream := rapid.Uint32Range(0, math.MaxInt32).Draw(t, "stream")
			all = append(all, 0, 0, byte(len(p)), kind, 1)
			all = append(binary.BigEndian.AppendUint32(all, stream|rapid.SampledFrom([]uint32{0, 1 << 31}).Draw(t, "reserved")), p...)
			unit := want.frame(kind, 1, stream, len(p))
			for ; unit > 0 && len(p) >= unit; p = p[unit:] {
				want.payload(kind, stream, p[:unit])
			}
		}
		var got noted
		var p parser
		whole := len(all)
		for len(all) > 0 {
			n := rapid.IntRange(1, len(all)).Draw(t, "cut")
			p.read(all[:n], &got)
			all = all[n:]
		}
		if !p.between() || !bytes.Equal(got, want) {
			t.Fatalf("of %d bytes were found %v, not %v", whole, got, want)
		}
	})
}

// A noted is what a sink was told.
type noted []byte

func (n *noted) frame(kind, flags byte, stream uint32, size int) int {
	*n = append(binary.BigEndian.AppendUint32(append(*n, kind, flags, byte(size)), stream), '.')
	return map[byte]int{settingsFrame: 6, windowFrame: 4}[kind]
}

func (n *noted) payload(kind byte, stream uint32, b []byte) {
	*n = append(binary.BigEndian.AppendUint32(append(*n, kind), stream), b...)
}
