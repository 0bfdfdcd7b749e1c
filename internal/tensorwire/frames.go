package tensorwire

import (
	"sync"
	"unsafe"

	"google.golang.org/grpc/mem"
)

// The sizes in bytes of the memory that frames are read into: those of a few KiB,
// and the largest that there are. grpc-go asks for none below 1 KiB.
const (
	SmallFrame = 4 << 10
	LargeFrame = 16 << 10
)

// Frames is memory for frames that is not cleared before it is used again, as that
// of grpc-go's own pool is: a frame is written whole before anybody reads it. It is
// for any number of connections. The zero value is ready for use, by several
// goroutines at a time.
type Frames struct{ small, large sync.Pool } // of *frame

// A frame is memory that one is read into.
type frame struct {
	b  []byte // first, so that who has its address has that of the frame
	of *block // nil if it is of a pool
}

var _ mem.BufferPool = (*Frames)(nil)

// Get implements [mem.BufferPool].
func (f *Frames) Get(n int) *[]byte {
	if n > LargeFrame {
		return mem.DefaultBufferPool().Get(n)
	}
	pool, size := &f.large, LargeFrame
	if n <= SmallFrame {
		pool, size = &f.small, SmallFrame
	}
	m, ok := pool.Get().(*frame)
	if !ok {
		m = &frame{b: make([]byte, size)}
	}
	m.b = m.b[:n]
	return &m.b
}

// Put implements [mem.BufferPool].
func (f *Frames) Put(b *[]byte) {
	switch cap(*b) {
	case SmallFrame:
		f.small.Put(frameOf(b))
	case LargeFrame:
		f.large.Put(frameOf(b))
	default:
		mem.DefaultBufferPool().Put(b)
	}
}

// frameOf is the frame that b, which Get has returned, is the memory of.
func frameOf(b *[]byte) *frame { return (*frame)(unsafe.Pointer(b)) }
