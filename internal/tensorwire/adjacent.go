package tensorwire

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"google.golang.org/grpc/mem"

	"github.com/leat-ml/leat/oip"
)

const (
	// largeTensor is how many bytes elements have at least for another message like
	// theirs to be expected.
	largeTensor = 64 << 10
	// largestBlock is the most bytes that are set aside for a message that is expected.
	largestBlock = 4 << 20
	// spare is how many bytes more than the last a message may have.
	spare = 1 << 10
	// mostFailures is the most messages that are copied before it is tried again.
	mostFailures = 63
)

// Adjacent is memory for the frames of one connection. After a message with a large
// tensor it reads the next one's frames into one block, one behind the other, at such
// an address that the elements can stay where they are: what has been read need not be
// copied to be in one piece. A message for which that does not work out, because it is
// larger, or frames of others came in between, is copied as it is without; the same
// goes for all but one of several that come at a time. The more often in succession it
// does not, the longer it is before it is tried again: up to 64 messages.
//
// One block at most is being filled, of the size of a message that the connection has
// had before, and of no more than 4 MiB. It is safe for concurrent use.
type Adjacent struct {
	frames   *Frames
	room     *oip.Room
	expected atomic.Int64 // bytes of the next message; 0 if nothing is known of it

	mu    sync.Mutex
	block *block // that is being filled, or waits for the message in it to be read
	at    int    // where in the next message its elements begin
	past  int    // bytes that have come since block was begun and are not in it

	failures int // how many of the next messages are not expected after another failure
	pause    int // how many are not now
}

// A block is where the frames of a message lie.
type block struct {
	mem    []byte
	used   int     // bytes of mem
	ended  bool    // the last frame has come
	frames []frame // in mem
	out    int     // frames that are in use
}

// NewAdjacent returns memory for one connection: what is not in a block is that of
// frames, blocks are made by room.
func NewAdjacent(frames *Frames, room *oip.Room) *Adjacent {
	return &Adjacent{frames: frames, room: room}
}

var _ mem.BufferPool = (*Adjacent)(nil)

// Get implements [mem.BufferPool].
func (a *Adjacent) Get(n int) *[]byte {
	if n <= LargeFrame && a.expected.Load() > 0 {
		if b := a.next(n); b != nil {
			return b
		}
	}
	return a.frames.Get(n)
}

// next is the memory for a frame behind the last; nil if there is none.
func (a *Adjacent) next(n int) *[]byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.block == nil && n == LargeFrame {
		a.begin()
	}
	b := a.block
	switch {
	case b == nil:
		return nil
	case b.ended, b.used+n > len(b.mem), len(b.frames) == cap(b.frames):
		if a.past += n; a.past > 2*len(b.mem) {
			a.block = nil // nobody reads what is in it: its stream may have ended
		}
		return nil
	}
	b.frames = append(b.frames, frame{b.mem[b.used : b.used+n : b.used+n], b})
	b.used += n
	b.out++
	b.ended = n < LargeFrame
	return &b.frames[len(b.frames)-1].b
}

// prefix is how many bytes gRPC has before a message.
const prefix = 5

// begin makes a block for the message that is expected.
func (a *Adjacent) begin() {
	size := int(a.expected.Load())
	skip := -(prefix + a.at) & 7 // so that the elements are aligned
	b := &block{mem: a.room.Make(skip + prefix + size + spare), used: skip}
	b.frames = make([]frame, 0, len(b.mem)/LargeFrame+1)
	a.block, a.past = b, 0
}

// Put implements [mem.BufferPool].
func (a *Adjacent) Put(m *[]byte) {
	if cap(*m) > LargeFrame {
		mem.DefaultBufferPool().Put(m)
		return
	}
	b := frameOf(m).of
	if b == nil {
		a.frames.Put(m)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if b.out--; b.out == 0 && a.block == b {
		a.block = nil
	}
}

// whole is the message that lies in data in one piece, in a block; nil if it does not.
func (a *Adjacent) whole(data mem.BufferSlice) ([]byte, *block) {
	if a == nil || a.expected.Load() == 0 {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	all, b := a.joined(data)
	if b == nil {
		a.expected.Store(0)
		a.pause, a.failures = a.failures, min(2*a.failures+1, mostFailures)
	}
	return all, b
}

// joined is whole, of messages that are expected.
func (a *Adjacent) joined(data mem.BufferSlice) ([]byte, *block) {
	b := a.block
	if b == nil {
		return nil, nil
	}
	begin := b.offset(data[0].ReadOnlyData())
	end := begin
	for i, piece := range data {
		d := piece.ReadOnlyData()
		switch {
		case begin < 0:
			return nil, nil
		case b.offset(d) == end:
		case i == len(data)-1 && len(d) <= SmallFrame && b.used == end && end+len(d) <= len(b.mem):
			copy(b.mem[end:], d) // a frame of less than 1 KiB is not asked for here
			b.used, b.ended = end+len(d), true
		default:
			return nil, nil
		}
		end += len(d)
	}
	if 2*(end-begin) < len(b.mem) {
		a.expected.Store(0)
	}
	return b.mem[begin:end:end], b
}

// offset is where in the block d begins; -1 if it is not in it.
func (b *block) offset(d []byte) int {
	if len(d) == 0 {
		return -1
	}
	at := uintptr(unsafe.Pointer(&d[0])) - uintptr(unsafe.Pointer(&b.mem[0]))
	if at >= uintptr(len(b.mem)) {
		return -1
	}
	return int(at)
}

// keep has n bytes of b stay as they are: from now on b is theirs. It says whether
// they may: they are most of the block that they would hold.
func (a *Adjacent) keep(b *block, n int) bool {
	if 2*n < len(b.mem) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.block == b {
		a.block = nil
	}
	a.failures = 0
	return true
}

// expect says that a message of some size has come whose elements began at a place
// in it.
func (a *Adjacent) expect(size, at int) {
	if a == nil || size > largestBlock {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pause > 0 {
		a.pause--
		return
	}
	a.expected.Store(int64(size))
	a.at = at
}
