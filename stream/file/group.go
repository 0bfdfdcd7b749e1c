package file

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"

	"github.com/leat-ml/leat/stream/driver"
)

// How much of the file a group has in memory, and how much is read at a time.
const (
	windowRecords = 1024
	windowBytes   = 4 << 20
	chunk         = 128 << 10
)

// A group is a consumer group that is open: somebody reads for it.
type group struct {
	driver.Group
	name    string
	members []*driver.Member
	known   bool  // path.offsets has it
	read    int64 // the place up to which the window goes
	f       *os.File
	from    int64 // the place of the beginning of f
}

func (g *group) notify() {
	for _, m := range g.members {
		m.Notify()
	}
}

// low is where the group would go on after a crash.
func (g *group) low() int64 {
	if front, ok := g.Front(); ok {
		return front.Offset
	}
	return g.read
}

func (g *group) closeFile() {
	if g.f != nil {
		_ = g.f.Close() // it was only read
		g.f = nil
	}
}

// group returns an open group, which goes on where it was. One that is behind
// what there is, or ahead of it because somebody has replaced the file, begins
// with the oldest record. The lock mu is held.
func (l *log) group(name string, latest bool) *group {
	if g := l.groups[name]; g != nil {
		return g
	}
	g := &group{name: name}
	offset, known := l.saved[name]
	switch {
	case known && offset >= l.start() && offset <= l.end():
		g.read, g.known = offset, true
	case known || !latest:
		g.read = l.start()
	default:
		g.read = l.end()
	}
	l.groups[name] = g
	return g
}

// fill reads more of the file into the window, unless that is full. It reports
// false when there is no more for now.
func (l *log) fill(g *group) (more bool, err error) {
	if g.Len() >= windowRecords || g.Bytes() >= windowBytes || g.read >= l.end() {
		return false, nil
	}
	end, err := l.position(g)
	if err != nil {
		return false, err
	}
	for size := int64(chunk); ; size *= 8 {
		buf := make([]byte, min(size, end-g.read))
		n, err := g.f.ReadAt(buf, g.read-g.from)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		buf = buf[:n]
		if n == 0 { // somebody has cut it off
			l.logger.Warn("a stream is shorter than it was", "path", l.path, "missing", end-g.read)
			g.read = end
			return true, nil
		}
		last := g.read+int64(n) >= end
		older := g.from < l.base
		if l.push(g, buf, last && older) {
			return true, nil
		}
		if last { // of the current file: somebody is writing it
			return false, nil
		}
		if size > l.record {
			l.logger.Error("a line of a stream is longer than max_record; it is left out", "path", l.path, "offset", g.read)
			return true, l.skipLine(g, end)
		}
	}
}

// position opens the file that the group reads on in, and returns the place
// behind it.
func (l *log) position(g *group) (end int64, err error) {
	path, from, end := l.path, l.base, l.end()
	if g.read < l.base {
		path, from, end = l.path+".1", l.start(), l.base
	}
	if g.read < from { // it was rotated away: not while the group is known
		g.read = from
	}
	if g.f != nil && g.from == from {
		return end, nil
	}
	g.closeFile()
	if g.f, err = os.Open(path); err != nil {
		return 0, err
	}
	g.from = from
	return end, nil
}

// push adds the records of whole lines. It reports false when there is no whole
// line; the last line of the older file is whole without an end.
func (l *log) push(g *group, buf []byte, last bool) (moved bool) {
	for len(buf) > 0 {
		i := bytes.IndexByte(buf, '\n')
		line, size := buf, len(buf)
		switch {
		case i >= 0:
			line, size = buf[:i:i], i+1
		case !last:
			return moved
		}
		at := driver.Place{Offset: g.read, End: g.read + int64(size)}
		g.read, buf, moved = at.End, buf[size:], true
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if m, ok := parseRecord(line); ok {
			g.Push(m, at)
		} else {
			l.logger.Error("a line of a stream is no record; it is left out", "path", l.path, "offset", at.Offset, "bytes", len(line))
		}
	}
	return moved
}

// skipLine moves behind a line that is too long.
func (l *log) skipLine(g *group, end int64) error {
	buf := make([]byte, chunk)
	for g.read < end {
		n, err := g.f.ReadAt(buf[:min(chunk, end-g.read)], g.read-g.from)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			g.read += int64(i) + 1
			return nil
		}
		g.read += int64(n)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if n == 0 {
			g.read = end
		}
	}
	return nil
}

// Lag implements [driver.Stream]: the lines that are not acknowledged.
func (s *stream) Lag(_ context.Context, name string) (int64, error) {
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil {
		return 0, err
	}
	g, unacked := l.groups[name], int64(0)
	look := group{read: l.start()}
	if g != nil {
		look.read, unacked = g.read, g.Unacked()
	} else if offset, known := l.saved[name]; known {
		look.read = max(look.read, offset)
	}
	defer look.closeFile()
	for look.read < l.end() {
		n, err := l.countLines(&look)
		if err != nil {
			return 0, err
		}
		unacked += n
	}
	return unacked, nil
}

// countLines counts those in the next piece of the file.
func (l *log) countLines(g *group) (int64, error) {
	end, err := l.position(g)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, min(chunk, end-g.read))
	n, err := g.f.ReadAt(buf, g.read-g.from)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	g.read += int64(n)
	if n == 0 {
		g.read = end
	}
	return int64(bytes.Count(buf[:n], []byte{'\n'})), nil
}
