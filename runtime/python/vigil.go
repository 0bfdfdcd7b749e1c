package python

import (
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// The shared memory begins with words, each of which one side writes, and a box
// for one small frame (PROTOCOL.md). By them both sides can wait without asking the
// system, and be answered without waking anybody.
const (
	wordSent  = 0  // of the server: bytes that it has put into the socket, modulo 2^32
	wordAwake = 4  // not 0 while the worker shall wait awake for the next call
	wordWaits = 8  // the number of the wait for a frame in the box; 0 while nobody waits
	wordSaid  = 64 // of the worker: bytes that it has put into the socket, modulo 2^32
	wordPut   = 68 // the number of the wait that it has put a frame into the box for
	wordSize  = 72 // bytes of that frame
	wordAt    = 76 // what wordSaid was by then: what comes behind that is newer

	boxAt   = 128
	boxSize = 4096 - boxAt
	boxEnd  = boxAt + boxSize // where the memory for payloads begins
)

// How waiting awake is kept from doing harm.
const (
	awakeFor  = 150 * time.Microsecond // at most, for each call: longer than to wake a processor takes
	soonAfter = 75 * time.Microsecond  // in which an answer, or the next call, must come for it to be worth while
	closeFor  = 4                      // calls in a row that came soon, from which on both sides wait awake
	slowFor   = 4                      // answers in a row that may come later, as the first does
	restFrom  = time.Millisecond       // without waiting awake, after it was in vain
	restUpTo  = time.Second            // the most; each failure doubles it
	forgiven  = 64                     // answers in a row that came soon, after which failures are forgotten
)

// A vigil is how a connection waits for answers without sleeping: where calls follow
// one another closely, and are answered soon, a processor that falls asleep in
// between takes longer to wake than the answer takes to come. It decides for both
// sides, and belongs to who has the right to read.
type vigil struct {
	most   time.Duration // awakeFor
	near   time.Duration // soonAfter
	over   time.Time     // when the last answer came
	closer int           // calls in a row that came soon after the answer before
	told   bool          // the worker has been told to wait awake

	until time.Time     // both sides sleep
	pause time.Duration // how long they did after the last failure
	soon  int           // answers since then that came soon
	slow  int           // answers in a row that did not

	waits   uint32      // number of the last wait
	taken   uint32      // that of the last frame out of the box
	box     frameReader // of that frame
	opening bool        // it is about to be taken, and a word that it is there is no news
}

// watchers is how many goroutines of the process wait awake: fewer than it has
// processors.
var watchers atomic.Int32

// watch waits awake for the answer, if that is worth while, and takes it if it is in
// the box.
func (c *conn) watch() error {
	v := &c.vigil
	if c.shared == nil || !c.shared.words {
		return nil
	}
	now := time.Now()
	if v.closer++; now.Sub(v.over) > v.near {
		v.closer = 0
	}
	c.wake(v.closer >= closeFor && now.After(v.until))
	if !v.told || c.frames.buffered() {
		return nil
	}
	if v.waits++; v.waits == 0 {
		v.waits++ // 0 means none
	}
	came, ok := c.shared.await(now, v.most, v.waits, c.frames.total)
	if ok {
		v.note(now, came)
	}
	return c.unbox()
}

// note notes when an answer came.
func (v *vigil) note(began, came time.Time) {
	switch took := came.Sub(began); {
	case took <= v.near:
		v.slow = 0
		if v.soon++; v.soon >= forgiven {
			v.pause = 0
		}
	case took <= v.most && v.slow < slowFor:
		v.slow++
	default:
		v.slow, v.soon = 0, 0
		v.pause = min(max(restFrom, 2*v.pause), restUpTo)
		v.until = came.Add(v.pause)
	}
}

// wake tells the worker whether to wait awake.
func (c *conn) wake(awake bool) {
	if c.vigil.told == awake || awake && runtime.GOMAXPROCS(0) == 1 {
		return
	}
	c.vigil.told = awake
	var n uint32
	if awake {
		n = 1
	}
	c.shared.set(wordAwake, n)
}

// unbox takes a frame out of the box, if there is a new one, and what came through
// the socket before it. Who calls it has the right to read.
func (c *conn) unbox() error {
	v := &c.vigil
	if v.opening || c.shared == nil || !c.shared.words {
		return nil
	}
	put, at, b := c.shared.open(v.taken, v.box.buf)
	if put == v.taken {
		return nil
	}
	v.opening = true
	defer func() { v.opening = false }()
	for int32(at-c.frames.done()) > 0 {
		if err := c.readOne(); err != nil {
			return err // a deadline that was meant for somebody else: it is still in the box
		}
	}
	v.taken = put
	v.box.buf, v.box.at, v.box.end = b, 0, len(b)
	f, size, err := v.box.head()
	if err != nil || size == 0 || size != len(b) {
		return errFrame
	}
	return c.take(v.box.cut(f, size))
}

// await waits for the worker to put a frame into the box, or bytes beyond those seen
// into the socket, up to a while. It says when it ended, or that it did not begin,
// since others wait.
func (s *shared) await(began time.Time, most time.Duration, wait, seen uint32) (ended time.Time, ok bool) {
	if int(watchers.Add(1)) >= runtime.GOMAXPROCS(0) {
		watchers.Add(-1)
		return began, false
	}
	defer watchers.Add(-1)
	s.mapped.RLock()
	defer s.mapped.RUnlock()
	if s.mem == nil {
		return began, false
	}
	put, said, waits := s.word(wordPut), s.word(wordSaid), s.word(wordWaits)
	for waits.Store(wait); ; {
		now := time.Now() // takes long enough to leave the processor to its sibling
		if put.Load() == wait {
			return now, true
		}
		if said.Load() != seen || now.Sub(began) > most {
			waits.Store(0) // the worker looks at it once more when it has put a frame
			return now, true
		}
	}
}

// open says which wait the frame in the box is for. If that is not the one whose frame
// was taken last it says what the worker had sent before, and copies the frame to dst.
func (s *shared) open(taken uint32, dst []byte) (put, at uint32, b []byte) {
	s.mapped.RLock()
	defer s.mapped.RUnlock()
	if s.mem == nil {
		return taken, 0, nil
	}
	if put = s.word(wordPut).Load(); put == taken {
		return put, 0, nil
	}
	size := min(s.word(wordSize).Load(), boxSize)
	return put, s.word(wordAt).Load(), append(dst[:0], s.mem[boxAt:boxAt+size]...)
}

// word is one of the words; mapped is held.
func (s *shared) word(at int) *atomic.Uint32 {
	return (*atomic.Uint32)(unsafe.Pointer(&s.mem[at]))
}

// set writes a word, where there are words.
func (s *shared) set(at int, n uint32) {
	if s == nil || !s.words {
		return
	}
	s.mapped.RLock()
	defer s.mapped.RUnlock()
	if s.mem != nil {
		s.word(at).Store(n)
	}
}
