package grpc

import (
	"sync"

	"google.golang.org/grpc/mem"
)

// The sizes in bytes of the memory that frames are read into: those of a few KiB,
// and the largest that there are. grpc-go asks for none below 1 KiB.
const (
	smallFrame = 4 << 10
	largeFrame = 16 << 10
)

// frames is memory for frames that is not cleared before it is used again, as that
// of grpc-go's own pool is: a frame is written whole before anybody reads it.
type frames struct{ small, large sync.Pool } // of *[]byte

var _ mem.BufferPool = (*frames)(nil)

// Get implements [mem.BufferPool].
func (f *frames) Get(n int) *[]byte {
	if n > largeFrame {
		return mem.DefaultBufferPool().Get(n)
	}
	pool, size := &f.large, largeFrame
	if n <= smallFrame {
		pool, size = &f.small, smallFrame
	}
	b, ok := pool.Get().(*[]byte)
	if !ok {
		fresh := make([]byte, size)
		b = &fresh
	}
	*b = (*b)[:n]
	return b
}

// Put implements [mem.BufferPool].
func (f *frames) Put(b *[]byte) {
	switch cap(*b) {
	case smallFrame:
		f.small.Put(b)
	case largeFrame:
		f.large.Put(b)
	default:
		mem.DefaultBufferPool().Put(b)
	}
}
