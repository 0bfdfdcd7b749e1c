package grpc

import (
	"bytes"
	"sync"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
)

// pattern is n bytes that no other seed has.
func pattern(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i) ^ seed
	}
	return b
}

// patterned is a request with these bytes as its tensor.
func patterned(b []byte) *pb.ModelInferRequest {
	req := request("m", input1("x", "UINT8", []int64{int64(len(b))}, nil))
	req.RawInputContents = [][]byte{b}
	return req
}

// TestTensorsStay has the memory of a message overwritten once it has been read, as
// it is when frames are read into it again.
func TestTensorsStay(t *testing.T) {
	f := &tensorwire.Frames{}
	for _, n := range []int{8, tensorwire.OwnedSize, 3 * tensorwire.LargeFrame, 10*tensorwire.LargeFrame + 1} {
		want := pattern(n, 1)
		message, err := proto.Marshal(patterned(want))
		if err != nil {
			t.Fatal(err)
		}
		var data mem.BufferSlice
		var used [][]byte
		for len(message) > 0 {
			b := f.Get(min(len(message), tensorwire.LargeFrame))
			message = message[copy(*b, message):]
			used = append(used, *b)
			data = append(data, mem.NewBuffer(b, f))
		}
		var m inferRequest
		if err := newCodec(new(oip.Room), nil, 0).Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		data.Free()
		for _, b := range used {
			clear(b)
		}
		req, err := m.request()
		if err != nil {
			t.Fatal(err)
		}
		if got := req.Inputs[0].Raw(); m.model != "m" || req.Inputs[0].Name != "x" || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: what was read changes with the memory that it came in", n)
		}
	}
}

// TestMemoryIsNobodyElses has clients send different tensors at the same time, over
// the same connection and several, and compares each answer with what was sent.
func TestMemoryIsNobodyElses(t *testing.T) {
	w := start(t, echo, Options{})
	others := w.dial(t)
	defer others.Close()
	clients := []pb.GRPCInferenceServiceClient{w, pb.NewGRPCInferenceServiceClient(others)}
	ctx := in(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 6 {
				want := pattern(50<<10*j+1<<i, byte(i+8*j))
				resp, err := clients[i%2].ModelInfer(ctx, patterned(want))
				if err != nil {
					t.Error(err)
					return
				}
				if got := resp.GetRawOutputContents(); len(got) != 1 || !bytes.Equal(got[0], want) {
					t.Errorf("client %d, request %d: another tensor came back", i, j)
				}
			}
		})
	}
	wg.Wait()
}
