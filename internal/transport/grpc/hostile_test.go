package grpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Flags of frames of HTTP/2: RFC 9113, section 6.
const (
	endHeaders, padded = 4, 8
)

// A wire is a connection to which frames are written by hand.
type wire struct {
	net.Conn
	stream uint32 // of the last call
}

func (w *wire) frame(kind, flags byte, stream uint32, payload []byte) error {
	n := len(payload)
	head := binary.BigEndian.AppendUint32([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, flags}, stream)
	_, err := w.Write(append(head, payload...))
	return err
}

// open begins a call. Its headers are literals without a place in a table: RFC 7541,
// section 6.2.2.
func (w *wire) open() error {
	var block []byte
	for _, s := range []string{":method", "POST", ":scheme", "http", ":path", "/inference.GRPCInferenceService/ModelInfer", ":authority", "x", "content-type", "application/grpc"} {
		if s[0] == ':' || s == "content-type" {
			block = append(block, 0)
		}
		block = append(append(block, byte(len(s))), s...)
	}
	w.stream += 2
	return w.frame(headersFrame, endHeaders, w.stream-1, block)
}

// call sends a message in frames of any sizes, some padded, or only its beginning and
// then a reset.
func (w *wire) call(message []byte, random *rand.Rand) (whole bool, err error) {
	if err := w.open(); err != nil {
		return false, err
	}
	stream, fill := w.stream-1, random.IntN(3)
	whole = random.IntN(5) > 0
	rest := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...) //nolint:gosec // it is no larger
	for end := len(rest) * random.IntN(4) / 4; len(rest) > 0 && (whole || len(rest) > end); {
		n := 16 << 10
		if fill == 0 || fill == 1 && random.IntN(4) == 0 {
			n = 1 + random.IntN(n)
		}
		n = min(n, len(rest))
		var flags byte
		if n == len(rest) && whole {
			flags = endStream
		}
		payload := rest[:n]
		rest = rest[n:]
		if n < 16000 && random.IntN(3) == 0 {
			flags |= padded
			size := random.IntN(256)
			payload = append(append([]byte{byte(size)}, payload...), make([]byte, size)...)
		}
		if err := w.frame(dataFrame, flags, stream, payload); err != nil {
			return false, err
		}
	}
	if !whole {
		return false, w.frame(resetFrame, 0, stream, []byte{0, 0, 0, 8})
	}
	return true, nil
}

// TestFramesOfAll has many connections, which share memory for their frames, send large
// tensors in frames of any sizes, with padding and resets: each comes as it was sent.
func TestFramesOfAll(t *testing.T) {
	var served, asked atomic.Int64
	server := New(handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		req, err := oip.Request(ev.Body)
		if err != nil {
			return nil, err
		}
		seed, err := strconv.Atoi(ev.Target.Model)
		raw := req.Inputs[0].Raw()
		if err != nil || !bytes.Equal(raw, pattern(len(raw), byte(seed))) {
			t.Errorf("of %s came %d bytes, and others than were sent", ev.Target.Model, len(raw))
		}
		served.Add(1)
		return nil, nil
	}), &host{}, Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	var wg sync.WaitGroup
	for k := range 4 * lanes {
		wg.Go(func() { asked.Add(ramble(t, l.Addr().String(), byte(k))) })
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx, 0); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if served.Load() != asked.Load() || asked.Load() == 0 {
		t.Errorf("%d requests were served of %d", served.Load(), asked.Load())
	}
}

// ramble sends requests over one connection, and returns how many were whole.
func ramble(t *testing.T, addr string, seed byte) (whole int64) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer c.Close()
	w, random := &wire{Conn: c}, rand.New(rand.NewPCG(uint64(seed), 1))
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Error(err)
	}
	if err := w.frame(settingsFrame, 0, 0, nil); err != nil {
		t.Error(err)
	}
	answers := make(chan bool, 100)
	go func() { defer close(answers); ends(c, answers) }()
	for range 20 {
		req := patterned(pattern([]int{80 << 10, 100000, 300 << 10, 5000}[random.IntN(4)], seed))
		req.ModelName = strconv.Itoa(int(seed))
		message, err := proto.Marshal(req)
		if err != nil {
			t.Error(err)
		}
		ok, err := w.call(message, random)
		if err != nil {
			t.Error(err)
			return whole
		}
		if !ok {
			continue
		}
		whole++
		select {
		case _, ok = <-answers:
			if !ok {
				t.Error("the connection has ended")
				return whole
			}
		case <-time.After(patience):
			t.Error("no answer came")
			return whole
		}
	}
	return whole
}

// ends reads frames, and tells of each that ends a stream.
func ends(c net.Conn, each chan<- bool) {
	for {
		var head [9]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, c, int64(head[0])<<16|int64(head[1])<<8|int64(head[2])); err != nil {
			return
		}
		if head[3] == headersFrame && head[4]&endStream != 0 {
			each <- true
		}
	}
}
