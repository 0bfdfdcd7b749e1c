package grpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	gogrpc "google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/serve"
)

// A caller is a client that sends what it likes.
type caller struct {
	t      *testing.T
	mu     sync.Mutex // held while a frame is written
	frames *http2.Framer
	stream uint32 // of the last call
	ended  chan outcome
}

// An outcome is how a call ended: by a status of gRPC, or by a reset.
type outcome struct {
	stream          uint32
	status, message string
	reset           http2.ErrCode
}

// call begins to talk to the server. Settings are the client's.
func (w *world) call(t *testing.T, settings ...http2.Setting) *caller {
	t.Helper()
	_, c := w.callBy(t, settings...)
	return c
}

// callBy is call that also returns the connection.
func (w *world) callBy(t *testing.T, settings ...http2.Setting) (net.Conn, *caller) {
	t.Helper()
	conn, err := w.listen.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := talk(t, conn, settings...)
	go c.listen()
	return conn, c
}

// talk begins to talk over a connection.
func talk(t *testing.T, conn net.Conn, settings ...http2.Setting) *caller {
	t.Helper()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, frames: http2.NewFramer(conn, conn), ended: make(chan outcome, 2*maxStreams)}
	c.frames.ReadMetaHeaders = hpack.NewDecoder(4<<10, nil)
	c.write(func() error { return c.frames.WriteSettings(settings...) })
	return c
}

func (c *caller) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Error(err)
	}
}

// write writes a frame.
func (c *caller) write(frame func() error) {
	c.t.Helper()
	c.must(c.attempt(frame))
}

// attempt writes a frame to a connection that may have ended.
func (c *caller) attempt(frame func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return frame()
}

// listen notes how calls end.
func (c *caller) listen() {
	defer close(c.ended)
	told := map[uint32]bool{}
	for {
		f, err := c.frames.ReadFrame()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			o := outcome{stream: f.StreamID}
			for _, h := range f.Fields {
				switch h.Name {
				case "grpc-status":
					o.status = h.Value
				case "grpc-message":
					o.message = h.Value
				}
			}
			if f.StreamEnded() {
				told[f.StreamID] = true
				c.ended <- o
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				_ = c.attempt(func() error { return c.frames.WritePing(true, f.Data) })
			}
		case *http2.RSTStreamFrame:
			if !told[f.StreamID] {
				c.ended <- outcome{stream: f.StreamID, reset: f.ErrCode}
			}
		}
	}
}

// begin begins a call of a method.
func (c *caller) begin(method string, more ...[2]string) {
	c.t.Helper()
	c.stream += 2
	var block writerTo
	e := hpack.NewEncoder(&block)
	fields := [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"}}
	for _, f := range append(fields, more...) {
		c.must(e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1], Sensitive: true})) // without a place in the table
	}
	c.write(func() error {
		return c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: c.stream - 1, BlockFragment: block, EndHeaders: true})
	})
}

type writerTo []byte

func (w *writerTo) Write(p []byte) (int, error) { *w = append(*w, p...); return len(p), nil }

// send sends bytes of the last call.
func (c *caller) send(p []byte, end bool) {
	c.t.Helper()
	for len(p) > 16<<10 {
		c.write(func() error { return c.frames.WriteData(c.stream-1, false, p[:16<<10]) })
		p = p[16<<10:]
	}
	c.write(func() error { return c.frames.WriteData(c.stream-1, end, p) })
}

// framedMessage is a message as it is sent.
func framedMessage(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(b))), b...) //nolint:gosec // it is no larger
}

const (
	inferMethod  = "/inference.GRPCInferenceService/ModelInfer"
	streamMethod = "/inference.GRPCInferenceService/ModelStreamInfer"
)

// TestHalfMessages has messages begin that do not become whole: those calls end, after the
// time that there is for what has come, and others of the connection go on.
func TestHalfMessages(t *testing.T) {
	large := framedMessage(t, patterned(make([]byte, 6<<20)))
	small := framedMessage(t, floats("m"))
	for name, test := range map[string]struct {
		method string
		sent   []byte
		within time.Duration // of its end
	}{
		"nothing":                {inferMethod, nil, 32 * time.Second},
		"half a head":            {inferMethod, small[:3], 32 * time.Second},
		"half a message":         {inferMethod, small[:20], 32 * time.Second},
		"no end":                 {inferMethod, small, 32 * time.Second},
		"half a large message":   {inferMethod, large[:1<<20+100], 64 * time.Second},
		"most of a large one":    {inferMethod, large[:len(large)-1], 130 * time.Second},
		"half of a stream's":     {streamMethod, small[:20], 32 * time.Second},
		"a stream's second":      {streamMethod, append(slices.Clone(small), small[:20]...), 32 * time.Second},
		"of another service":     {"/grpc.health.v1.Health/Check", nil, 32 * time.Second},
		"to be watched":          {"/grpc.health.v1.Health/Watch", []byte{0, 0, 0, 0, 9}, 32 * time.Second},
		"of another's stream":    {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", []byte{0, 0, 0, 0, 9}, 32 * time.Second},
		"a part of a compressed": {inferMethod, []byte{1, 0, 0, 0, 9, 1}, 32 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t, echo, Options{})
				c := w.call(t)
				c.begin(test.method)
				began := time.Now()
				c.send(test.sent, false)
				o := <-c.ended
				took := time.Since(began)
				if o.status != "4" || o.message != "the message did not arrive in time" {
					t.Errorf("the call ended with %+v", o)
				}
				if took < tolerance*time.Second || took > test.within {
					t.Errorf("it took %v", took)
				}
				c.begin(inferMethod)
				c.send(small, true)
				if o := <-c.ended; o.status != "0" {
					t.Errorf("another call of the connection ended with %+v", o)
				}
			})
		})
	}
}

// TestManyHalves: what 1,000 half messages held is free when they have ended.
func TestManyHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, echo, Options{})
		c := w.call(t)
		half := framedMessage(t, floats("m"))[:20]
		for range maxStreams {
			c.begin(inferMethod)
			c.send(half, false)
		}
		for range maxStreams {
			if o := <-c.ended; o.status != "4" {
				t.Fatalf("a call ended with %+v", o)
			}
		}
		w.server.waits.mu.Lock()
		defer w.server.waits.mu.Unlock()
		if w.server.waits.all.first != nil {
			t.Error("somebody is waited for")
		}
	})
}

// TestSlowMessages: a message as large as one may be comes at the slowest rate, and a
// stream says nothing for days between its messages.
func TestSlowMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, echo, Options{})
		c := w.call(t)
		c.begin(inferMethod)
		req := patterned(make([]byte, DefaultMaxMessage))
		req.ModelName = "filtered"
		for rest := framedMessage(t, req); len(rest) > 0; {
			n := min(len(rest), slowest)
			time.Sleep(time.Second)
			c.send(rest[:n], n == len(rest))
			rest = rest[n:]
		}
		if o := <-c.ended; o.status != "0" {
			t.Errorf("the call ended with %+v", o)
		}
	})
}

// TestQuietStream says nothing for days between its messages.
func TestQuietStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, echo, Options{})
		s, err := w.ModelStreamInfer(context.Background(), gogrpc.WaitForReady(true))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(24 * time.Hour)
			if err := s.Send(floats("m")); err != nil {
				t.Fatal(err)
			}
			if m, err := s.Recv(); err != nil || m.GetErrorMessage() != "" {
				t.Fatal(m, err)
			}
		}
		if err := s.CloseSend(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

// TestSlowServer: a stream whose requests wait for those before them does not keep anybody
// waiting, though its next message is not whole: it is the server that does not read.
func TestSlowServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, slowEcho, Options{})
		s, err := w.ModelStreamInfer(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		req := patterned(make([]byte, 3<<20))
		const n = 5
		go func() {
			for range n {
				if s.Send(req) != nil {
					return
				}
			}
			_ = s.CloseSend()
		}()
		for i := range n {
			if m, err := s.Recv(); err != nil || m.GetErrorMessage() != "" {
				t.Fatal(i, m.GetErrorMessage(), err)
			}
		}
	})
}

// slowEcho answers after minutes.
func slowEcho(context.Context, *serve.Event) (*serve.Event, error) {
	time.Sleep(5 * time.Minute)
	return nil, nil
}
