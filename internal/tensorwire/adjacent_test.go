package tensorwire

import (
	"bytes"
	"sync"
	"testing"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/leat-ml/leat/oip"
	pb "github.com/leat-ml/leat/oip/inference"
)

// raw is the elements of the answer that came in data, and whether they are where it
// came.
func raw(t *testing.T, k *Codec, data mem.BufferSlice) (elems []byte, inPlace bool) {
	t.Helper()
	first, last := data[0].ReadOnlyData(), data[len(data)-1].ReadOnlyData()
	var m pb.ModelInferResponse
	read(t, k, data, &m)
	if len(m.RawOutputContents) != 1 {
		t.Fatalf("there are %d raw contents", len(m.RawOutputContents))
	}
	elems = m.RawOutputContents[0]
	within := func(d []byte) bool { return len(d) > 0 && &d[len(d)-1] == &elems[len(elems)-1] }
	return elems, within(last) || len(data) > 1 && bytes.Contains(first, elems[:8]) && &first[bytes.Index(first, elems[:8])] == &elems[0]
}

// TestInPlace has answers come one after the other: from the second on they stay where
// they came, unless the frames of others are in between.
func TestInPlace(t *testing.T) {
	room := new(oip.Room)
	a := NewAdjacent(new(Frames), room)
	k := NewCodec(room, a)
	message, err := proto.Marshal(answerOf(100 << 10))
	if err != nil {
		t.Fatal(err)
	}
	var kept [][]byte
	for i, want := range []bool{false, true, true, false, true} {
		var other mem.BufferSlice
		if i == 3 {
			other = come(a, message, LargeFrame) // another stream's, which is not read yet
		}
		elems, inPlace := raw(t, k, come(a, message, LargeFrame))
		other.Free()
		if inPlace != want {
			t.Errorf("answer %d: in place is %t, want %t", i, inPlace, want)
		}
		kept = append(kept, elems)
	}
	for i, elems := range kept {
		if !bytes.Equal(elems, pattern(100<<10, 0)) {
			t.Errorf("answer %d has changed", i)
		}
	}
}

// TestGivenUp has a message's first frames never be read nor given back, as those of a
// stream that has ended: sooner or later others are in place again.
func TestGivenUp(t *testing.T) {
	room := new(oip.Room)
	a := NewAdjacent(new(Frames), room)
	k := NewCodec(room, a)
	message, err := proto.Marshal(answerOf(100 << 10))
	if err != nil {
		t.Fatal(err)
	}
	raw(t, k, come(a, message, LargeFrame))
	_ = a.Get(LargeFrame)
	_ = a.Get(LargeFrame - 1)
	for range 10 {
		if _, inPlace := raw(t, k, come(a, message, LargeFrame)); inPlace {
			return
		}
	}
	t.Error("no answer is in place any more")
}

// TestExpected has small messages behind a large one: no more is set aside for them
// than for one.
func TestExpected(t *testing.T) {
	room := new(oip.Room)
	a := NewAdjacent(new(Frames), room)
	k := NewCodec(room, a)
	for _, n := range []int{1 << 20, 20 << 10, 20 << 10} {
		message, err := proto.Marshal(answerOf(n))
		if err != nil {
			t.Fatal(err)
		}
		var m pb.ModelInferResponse
		read(t, k, come(a, message, LargeFrame), &m)
	}
	if a.expected.Load() != 0 || a.block != nil {
		t.Errorf("a message of %d bytes is expected", a.expected.Load())
	}
	a.expect(largestBlock+1, 0)
	if n := a.expected.Load(); n != 0 {
		t.Errorf("a message of %d bytes is expected", n)
	}
}

// TestTogether has several goroutines read what came over one connection.
func TestTogether(t *testing.T) {
	room := new(oip.Room)
	a := NewAdjacent(new(Frames), room)
	k := NewCodec(room, a)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			want := answerOf(80<<10 + i)
			message, err := proto.Marshal(want)
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				data := come(a, message, LargeFrame)
				var got pb.ModelInferResponse
				err := k.Unmarshal(data, &got)
				data.Free()
				if err != nil || !proto.Equal(want, &got) {
					t.Errorf("another answer is read: %v", err)
				}
			}
		})
	}
	wg.Wait()
}
