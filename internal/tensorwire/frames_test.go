package tensorwire

import (
	"testing"

	"google.golang.org/grpc/mem"
)

func TestFrames(t *testing.T) {
	var f Frames
	for _, tt := range []struct{ n, room int }{
		{1 << 10, SmallFrame}, {SmallFrame, SmallFrame}, {SmallFrame + 1, LargeFrame}, {LargeFrame, LargeFrame},
	} {
		b := f.Get(tt.n)
		if len(*b) != tt.n || cap(*b) != tt.room {
			t.Errorf("Get(%d) has %d bytes of %d, want %d", tt.n, len(*b), cap(*b), tt.room)
		}
		*b = (*b)[:1] // as grpc-go does with the padding of a frame
		f.Put(b)
		if b = f.Get(tt.n); len(*b) != tt.n || cap(*b) != tt.room {
			t.Errorf("after Put, Get(%d) has %d bytes of %d, want %d", tt.n, len(*b), cap(*b), tt.room)
		}
	}
	large := f.Get(LargeFrame + 1) // as for what grpc-go puts together
	if len(*large) != LargeFrame+1 {
		t.Errorf("Get(%d) has %d bytes", LargeFrame+1, len(*large))
	}
	f.Put(large)
}

// come has a message come in frames of some size, whose memory is that of pool. The
// first has the bytes before the message in it, as grpc-go reads it.
func come(pool mem.BufferPool, message []byte, size int) (data mem.BufferSlice) {
	sent := append(make([]byte, prefix), message...)
	for len(sent) > 0 {
		n := min(len(sent), size)
		if mem.IsBelowBufferPoolingThreshold(n) {
			data = append(data, mem.SliceBuffer(append([]byte(nil), sent[:n]...)))
		} else {
			b := pool.Get(n)
			copy(*b, sent)
			data = append(data, mem.NewBuffer(b, pool))
		}
		sent = sent[n:]
	}
	before, rest := mem.SplitUnsafe(data[0], prefix)
	before.Free()
	data[0] = rest
	return data
}
