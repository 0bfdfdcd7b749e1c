package tensorwire

import (
	"bytes"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
)

// A coming is a message of which frames have come.
type coming struct {
	rest  []byte
	data  mem.BufferSlice
	elems []byte // that are in it
	odd   bool   // its frames are not all as large as may be
}

// frame has the next n bytes come, and padding behind them, as grpc-go reads them.
func (c *coming) frame(pool mem.BufferPool, n, padding int) {
	n = min(n, len(c.rest))
	if mem.IsBelowBufferPoolingThreshold(n + padding) {
		c.data = append(c.data, mem.SliceBuffer(append([]byte(nil), c.rest[:n]...)))
	} else {
		b := pool.Get(n + padding)
		*b = (*b)[:n]
		copy(*b, c.rest)
		c.data = append(c.data, mem.NewBuffer(b, pool))
	}
	c.rest = c.rest[n:]
}

// next is frame with sizes as they come.
func (c *coming) next(t *rapid.T, pool mem.BufferPool) {
	n, padding := LargeFrame, 0
	if c.odd {
		n = rapid.SampledFrom([]int{LargeFrame, LargeFrame - 200, 9000, 1025, 700}).Draw(t, "frame")
		padding = rapid.SampledFrom([]int{0, 200}).Draw(t, "padding")
	}
	c.frame(pool, min(n, LargeFrame-padding), padding)
}

// TestInterleaved has frames of several messages come by turns, of any sizes, some with
// padding, some of streams that end before: what is read of a message is its own, and
// stays.
func TestInterleaved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := new(oip.Room)
		a := NewAdjacent(new(Frames), room)
		k := NewCodec(room, a)
		var streams [3]*coming
		var seed byte
		kept := map[byte][]byte{}
		most := rapid.IntRange(0, 2).Draw(t, "streams")
		for range rapid.IntRange(20, 200).Draw(t, "steps") {
			at := rapid.IntRange(0, most).Draw(t, "stream")
			c := streams[at]
			if c == nil {
				seed++
				c = begun(t, seed)
				streams[at] = c
			}
			c.next(t, a)
			gone := rapid.IntRange(0, 99).Draw(t, "end") == 99
			if !gone && len(c.rest) > 0 {
				continue
			}
			streams[at] = nil
			if len(c.rest) == 0 {
				kept[c.elems[0]] = c.read(t, k)
			}
			c.data.Free()
		}
		for first, elems := range kept {
			if !bytes.Equal(elems, filled(len(elems), first)) {
				t.Fatalf("the elements of %d have changed", first)
			}
		}
	})
}

// filled are n elements that are all the same.
func filled(n int, with byte) []byte { return bytes.Repeat([]byte{with}, n) }

// begun is a message of whose frames none has come, but for what gRPC has before it.
func begun(t *rapid.T, seed byte) *coming {
	elems := filled(rapid.SampledFrom([]int{66 << 10, 70 << 10, 100 << 10, 130 << 10, 200 << 10, 5 << 10}).Draw(t, "size"), seed)
	message, err := proto.Marshal(&pb.ModelInferResponse{ModelName: "m", RawOutputContents: [][]byte{elems}})
	if err != nil {
		t.Fatal(err)
	}
	return &coming{rest: append(make([]byte, prefix), message...), elems: elems, odd: rapid.IntRange(0, 4).Draw(t, "odd") == 4}
}

// read reads a message that has come, and returns its elements.
func (c *coming) read(t *rapid.T, k *Codec) []byte {
	before, rest := mem.SplitUnsafe(c.data[0], prefix)
	before.Free()
	c.data[0] = rest
	var m pb.ModelInferResponse
	if err := k.Unmarshal(c.data, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.RawOutputContents) != 1 || !bytes.Equal(m.RawOutputContents[0], c.elems) {
		t.Fatal("what is read is not what has come")
	}
	return m.RawOutputContents[0]
}

// TestFrameOfAnother has one frame of another message come in the middle of one that is
// smaller than was expected, so that all of it fits in the block.
func TestFrameOfAnother(t *testing.T) {
	room := new(oip.Room)
	a := NewAdjacent(new(Frames), room)
	k := NewCodec(room, a)
	message := func(n int, seed byte) []byte {
		m, err := proto.Marshal(&pb.ModelInferResponse{ModelName: "m", RawOutputContents: [][]byte{filled(n, seed)}})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	raw(t, k, come(a, message(200<<10, 1), LargeFrame))
	own, other := &coming{rest: append(make([]byte, prefix), message(130<<10, 2)...)}, &coming{rest: filled(LargeFrame, 3)}
	own.frame(a, LargeFrame, 0)
	other.frame(a, LargeFrame, 0)
	for len(own.rest) > 0 {
		own.frame(a, LargeFrame, 0)
	}
	before, rest := mem.SplitUnsafe(own.data[0], prefix)
	before.Free()
	own.data[0] = rest
	if elems, _ := raw(t, k, own.data); !bytes.Equal(elems, filled(130<<10, 2)) {
		t.Error("the elements have bytes of another message")
	}
	other.data.Free()
}
