package python

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"sync"
)

const (
	sharedSize = 64 << 20 // bytes of the memory that a worker shares with the server
	sharedFrom = 32 << 10 // bytes from which on a payload is in it
	sharedUnit = 64       // bytes that places begin at a multiple of
)

// A shared is memory that this process and a worker have in common. Every byte of
// it is the server's to give away: for the payload of a call, and as room for that
// of its answer, until the answer is there.
type shared struct {
	fd    int  // for the worker to open
	words bool // it begins with words and a box
	mu    sync.Mutex
	free  []span // by offset, none touching the next

	mapped sync.RWMutex // held while mem is read or written
	mem    []byte       // nil once it is unmapped
}

// A span is a part of the memory; the zero span is none.
type span struct{ at, size int }

func (s span) end() int { return s.at + s.size }

// take finds room for n bytes; ok is false where there is none.
func (s *shared) take(n int) (got span, ok bool) {
	n = (n + sharedUnit - 1) &^ (sharedUnit - 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.free {
		f := &s.free[i]
		if f.size < n {
			continue
		}
		got = span{f.at, n}
		f.at, f.size = f.at+n, f.size-n
		if f.size == 0 {
			s.free = slices.Delete(s.free, i, i+1)
		}
		return got, true
	}
	return got, false
}

// give takes back what a call had, which is nothing as a rule.
func (s *shared) give(l lease) {
	if l == (lease{}) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range []span{l.payload, l.room} {
		if g.size > 0 {
			s.put(g)
		}
	}
}

// put puts one span among those that are free.
func (s *shared) put(g span) {
	i, _ := slices.BinarySearchFunc(s.free, g, func(a, b span) int { return a.at - b.at })
	if i < len(s.free) && g.end() == s.free[i].at {
		g.size += s.free[i].size
		s.free = slices.Delete(s.free, i, i+1)
	}
	if i > 0 && s.free[i-1].end() == g.at {
		s.free[i-1].size += g.size
		return
	}
	s.free = slices.Insert(s.free, i, g)
}

// errUnmapped is the error of who comes after the end of the worker.
var errUnmapped = errors.New("the memory that was shared with the worker is no more")

// write copies bytes to a span.
func (s *shared) write(to span, b []byte) error {
	s.mapped.RLock()
	defer s.mapped.RUnlock()
	if s.mem == nil {
		return errUnmapped
	}
	copy(s.mem[to.at:to.end()], b)
	return nil
}

// read copies n bytes from the start of a span.
func (s *shared) read(from span, n int) ([]byte, error) {
	s.mapped.RLock()
	defer s.mapped.RUnlock()
	if s.mem == nil {
		return nil, errUnmapped
	}
	src := s.mem[from.at:]
	b := make([]byte, n)
	copy(b, src)
	return b, nil
}

// A lease is what a call has of the shared memory.
type lease struct{ payload, room span }

// share puts a large payload, and room for an answer of size bytes, into the
// memory, as far as there is room. The frame that it returns is what is sent.
func (s *shared) share(f *frame, answer int) (frame, lease) {
	var l lease
	out := *f
	if len(f.body) >= sharedFrom {
		if got, ok := s.take(len(f.body)); ok {
			if s.write(got, f.body) != nil {
				return *f, l // the worker is gone, as the call will find
			}
			l.payload = got
			out.flags |= isShared
			out.meta, out.body = withPlace(out.meta, "shm", got.at, len(f.body)), nil
		}
	}
	if answer >= sharedFrom {
		if got, ok := s.take(answer); ok {
			l.room = got
			out.meta = withPlace(out.meta, "room", got.at, got.size)
		}
	}
	return out, l
}

// withPlace is metadata with a place more.
func withPlace(meta []byte, key string, at, size int) []byte {
	out := make([]byte, 0, len(meta)+len(key)+48)
	if len(meta) == 0 {
		out = append(out, '{')
	} else {
		out = append(append(out, meta[:len(meta)-1]...), ',')
	}
	out = append(append(append(out, '"'), key...), `":[`...)
	out = strconv.AppendInt(out, int64(at), 10)
	out = strconv.AppendInt(append(out, ','), int64(size), 10)
	return append(out, ']', '}')
}

// fetch takes the payload of an answer out of its room.
func (s *shared) fetch(f *frame, room span) error {
	size, ok := sizeIn(f.meta, room)
	if !ok {
		return errAnswer
	}
	body, err := s.read(room, size)
	if err != nil {
		return err
	}
	f.body, f.flags = body, f.flags&^isShared
	return nil
}

// sizeIn is the size of what is in a room by the metadata, which ends in
// "shm":[at,size]}.
func sizeIn(meta []byte, room span) (size int, ok bool) {
	_, place, ok := bytes.Cut(meta[max(0, bytes.LastIndexByte(meta, '"')-5):], []byte(`"shm":[`+strconv.Itoa(room.at)+","))
	if !ok {
		return 0, false
	}
	text, ok := bytes.CutSuffix(place, []byte("]}"))
	size, err := strconv.Atoi(string(text))
	return size, ok && err == nil && size >= 0 && size <= room.size
}
