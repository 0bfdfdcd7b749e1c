package grpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/internal/socket"
)

// Answers wait in memory until their client has taken those before them, or gives room for
// more: grpc-go has no time for that. Who holds the answers is grpc-go, which tells nobody,
// so a flow follows the frames of a connection: it knows which streams have begun to be
// answered and are not through, and which of them have nothing left of the room that the
// client gave.

const (
	// standing is how many bytes of room a client has to give in its time to a stream that
	// has none left, and of a connection of which none of the answers goes on as many for
	// each of them, up to moving: a quarter of the slowest rate, since where answers are
	// interleaved it is the connection that is slow.
	standing = 4 << 10
	moving   = tolerance * slowest / 4

	// A client that takes an answer little by little, as it needs it, says so when it has
	// taken a part of its window: at sipping bytes a second it has time for that, up to
	// longest seconds.
	sipping = 1 << 10
	longest = 240

	firstWindow  = 65535 // of a connection and of its streams
	mostFollowed = 4 * maxStreams
)

// A flow is a connection whose frames are followed.
type flow struct {
	net.Conn
	set *flows

	pending atomic.Bool // there is something to be read that did not come from the client

	mu      sync.Mutex
	in, out parser
	answers map[uint32]answer // by stream
	last    uint32            // stream that the client began
	first   int64             // room of a stream to begin with
	all     room
	stall   stall

	passed, written int64 // bytes that were to be written, and have been
	writing         bool
	watched, closed bool
	insert          []byte // to be read between frames
	woken           bool   // the read has been given a deadline for that
	calm            []int  // where in what is being written are the reasons of streams that it ended
}

// A room is what a client has given, and what has been used of it, in bytes.
type room struct{ given, step, used int64 }

// give adds to it.
func (r *room) give(n int64) {
	r.given += n
	r.step = max(r.step, n)
}

// lump is how many bytes a client may take before it says so.
func (r *room) lump(first int64) int64 { return min(max(r.step, first), r.used) }

// An answer is what is known of the one of a stream.
type answer struct {
	begun, over bool // it is on its way; it has been given up
	room        room
	end         int64 // of what has been written of it among all that was
	stall       stall
}

// A stall is a time in which too little goes on.
type stall struct {
	on         bool
	mark       int64 // what had been done
	left, full int   // seconds
}

// late says that less than least has been done in the time for it. That it goes on for a moment, as it does for every byte of room, makes
// up for a second and no more.
func (s *stall) late(stands bool, done, least int64, seconds int) bool {
	moved := done-s.mark >= least
	switch {
	case !stands && (!s.on || moved || s.left >= s.full):
		s.on = false
		return false
	case !s.on || moved:
		s.on, s.mark, s.full = true, done, seconds
		s.left = s.full
	case stands:
		s.left--
	default:
		s.left++
	}
	return s.left < 0
}

// timeFor is in how many seconds a client has to take something, of which lump bytes do not
// show: as they are on their way, or as it sips.
func timeFor(lump int64, sips bool) int {
	if sips {
		return tolerance + int(max(lump/slowest, min(lump/sipping, longest)))
	}
	return tolerance + int(lump/slowest)
}

// follow is a connection whose frames are followed, from its beginning.
func (s *flows) follow(c net.Conn) net.Conn {
	f := &flow{Conn: c, set: s, answers: map[uint32]answer{}, first: firstWindow, all: room{given: firstWindow}}
	f.in.left = prefaceLength
	if r, ok := c.(readyReader); ok {
		return &readyFlow{f, r}
	}
	return f
}

// fromClient and toClient are told of frames in one direction each.
type (
	fromClient flow
	toClient   flow
)

func (f *fromClient) frame(kind, flags byte, stream uint32, _ int) (unit int) {
	switch kind {
	case headersFrame:
		if stream > f.last && len(f.answers) < mostFollowed {
			f.last, f.answers[stream] = stream, answer{}
			(*flow)(f).watch()
		}
	case resetFrame:
		delete(f.answers, stream)
	case settingsFrame:
		if flags&acknowledges == 0 {
			return 6
		}
	case windowFrame:
		return 4
	}
	return 0
}

// initialWindow is the setting of what room streams have to begin with.
const initialWindow = 4

func (f *fromClient) payload(kind byte, stream uint32, b []byte) {
	if kind == settingsFrame {
		if binary.BigEndian.Uint16(b) == initialWindow {
			f.first = int64(binary.BigEndian.Uint32(b[2:]))
		}
		return
	}
	n := int64(binary.BigEndian.Uint32(b) &^ (1 << 31))
	if stream == 0 {
		f.all.give(n)
	} else if a, ok := f.answers[stream]; ok {
		a.room.give(n)
		f.answers[stream] = a
	}
}

func (f *toClient) frame(kind, flags byte, stream uint32, size int) (unit int) {
	switch kind {
	case resetFrame:
		if f.answers[stream].over {
			f.calm = append(f.calm, f.out.at)
		}
		delete(f.answers, stream)
		return 0
	case dataFrame:
		f.all.used += int64(size)
	case headersFrame:
		size = 0
	default:
		return 0
	}
	if flags&endStream != 0 {
		delete(f.answers, stream)
	} else if a, ok := f.answers[stream]; ok {
		a.begun, a.end = true, f.passed
		a.room.used += int64(size)
		f.answers[stream] = a
	}
	return 0
}

func (f *toClient) payload(byte, uint32, []byte) {}

// Write implements [net.Conn].
func (f *flow) Write(p []byte) (int, error) {
	f.mu.Lock()
	f.passed += int64(len(p))
	f.out.read(p, (*toClient)(f))
	if len(f.calm) > 0 {
		p = f.reasoned(p)
	}
	f.writing = true
	f.mu.Unlock()
	n, err := f.Conn.Write(p)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written += int64(n)
	f.writing = false
	return n, err
}

// enhanceYourCalm is why a stream ends whose client is to blame: RESOURCE_EXHAUSTED to those
// of gRPC.
const enhanceYourCalm = 11

// reasoned is p with the reason of streams that were ended here, and not that of
// [flow.end]. One that is in two pieces stays.
func (f *flow) reasoned(p []byte) []byte {
	p = bytes.Clone(p)
	for _, at := range f.calm {
		if at+4 <= len(p) {
			binary.BigEndian.PutUint32(p[at:], enhanceYourCalm)
		}
	}
	f.calm = nil
	return p
}

// Read implements [net.Conn].
func (f *flow) Read(p []byte) (int, error) {
	for {
		if n := f.inserted(p); n > 0 {
			return n, nil
		}
		n, err := f.Conn.Read(p)
		if !f.came(p[:n], err) {
			return n, err
		}
	}
}

// came follows what was read, and says whether to read again.
func (f *flow) came(p []byte, err error) (again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in.read(p, (*fromClient)(f))
	if err == nil || !f.woken || !timedOut(err) {
		return false
	}
	f.woken = false
	return f.Conn.SetReadDeadline(time.Time{}) == nil
}

func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// inserted reads what did not come from the client, if it may come now.
func (f *flow) inserted(p []byte) (n int) {
	if !f.pending.Load() {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.in.between() {
		n = copy(p, f.insert)
		f.insert = f.insert[n:]
		f.pending.Store(len(f.insert) > 0)
	}
	return n
}

// end has grpc-go end a stream, and free what it holds for it, as one whose client breaks
// the protocol: by a window that is made larger by nothing. It is called with the lock.
func (f *flow) end(stream uint32) {
	f.insert = append(f.insert, 0, 0, 4, windowFrame, 0)
	f.insert = binary.BigEndian.AppendUint32(f.insert, stream)
	f.insert = append(f.insert, 0, 0, 0, 0)
	f.pending.Store(true)
	f.woken = true
	_ = f.SetReadDeadline(time.Unix(1, 0)) // fails where the connection has ended
}

// Close implements [net.Conn].
func (f *flow) Close() error {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	return f.Conn.Close()
}

// watch has the flow be looked at as long as there are streams. It is called with the lock.
func (f *flow) watch() {
	if !f.watched {
		f.watched = true
		f.set.add(f)
	}
}

// look ends what is late: it is to be called once a second.
func (f *flow) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.answers) == 0 && !f.writing {
		f.watched = false
		f.set.remove(f)
		return
	}
	delivered := sync.OnceValue(f.delivered)
	full := f.all.used >= f.all.given
	waiting, stands := int64(0), f.writing
	for stream, a := range f.answers {
		if !a.begun || a.over {
			continue
		}
		waiting++
		stands = stands || full
		none := a.room.used >= f.first+a.room.given
		if none || a.stall.on {
			a.over = a.stall.late(none && delivered() >= a.end, a.room.given, standing, timeFor(a.room.lump(f.first), true))
			f.answers[stream] = a
		}
		if a.over {
			f.end(stream)
		}
	}
	if !stands && !f.stall.on {
		return
	}
	lump := f.all.lump(firstWindow)
	if !full { // the system tells what is taken
		lump = f.all.lump(0)
	}
	if f.stall.late(stands, delivered()+f.all.given, min(moving, standing*max(1, waiting)), timeFor(lump, full)) {
		f.closed = true
		_ = f.Conn.Close() // what is not taken is lost in any case
	}
}

// delivered is how much of what was written the client's system has.
func (f *flow) delivered() int64 {
	n, _ := socket.Untaken(f.Conn)
	return f.written - int64(n)
}

// flows are those that have streams.
type flows struct {
	unit time.Duration // that is called a second here; 0 is one

	mu      sync.Mutex
	watched map[*flow]struct{}
	ticking bool
}

func (s *flows) add(f *flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watched == nil {
		s.watched = map[*flow]struct{}{}
	}
	s.watched[f] = struct{}{}
	if !s.ticking {
		s.ticking = true
		s.wind()
	}
}

func (s *flows) remove(f *flow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watched, f)
}

// wind has the flows be looked at in a second. It is called with the lock.
func (s *flows) wind() {
	if s.unit == 0 {
		s.unit = second
	}
	time.AfterFunc(s.unit, s.tick)
}

func (s *flows) tick() {
	for _, f := range s.list() {
		f.look()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ticking = len(s.watched) > 0; s.ticking {
		s.wind()
	}
}

func (s *flows) list() []*flow {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*flow, 0, len(s.watched))
	for f := range s.watched {
		all = append(all, f)
	}
	return all
}
