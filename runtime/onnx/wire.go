package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A message is a protobuf message within a file, read field by field without
// reading the contents of long fields (the encoding:
// https://protobuf.dev/programming-guides/encoding/). Positions are those of
// the file.
type message struct {
	file    *window
	at, end int64
}

// A field is one field of a message.
type field struct {
	number  int
	kind    int    // of the encoding: varint, bytes …
	value   uint64 // of a number
	content message
	start   int64 // where the field begins, its tag included
}

const (
	kindVarint  = 0
	kindFixed64 = 1
	kindBytes   = 2
	kindFixed32 = 5
)

var errWire = errors.New("not protobuf")

// more says whether there are fields left.
func (m *message) more() bool { return m.at < m.end }

// next reads one field.
func (m *message) next() (field, error) {
	f := field{start: m.at}
	tag, err := m.varint()
	if err != nil {
		return f, err
	}
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return f, fmt.Errorf("%w: field number %d at byte %d", errWire, tag>>3, f.start)
	}
	f.number, f.kind = int(tag>>3), int(tag&7)
	switch f.kind {
	case kindVarint:
		f.value, err = m.varint()
	case kindFixed64:
		err = m.skip(8)
	case kindFixed32:
		err = m.skip(4)
	case kindBytes:
		f.content, err = m.bytes()
	default:
		err = fmt.Errorf("%w: a field of kind %d at byte %d", errWire, f.kind, f.start)
	}
	return f, err
}

func (m *message) skip(n int64) error {
	if n > m.end-m.at {
		return fmt.Errorf("%w: it ends within the field at byte %d", io.ErrUnexpectedEOF, m.at)
	}
	m.at += n
	return nil
}

func (m *message) bytes() (message, error) {
	n, err := m.varint()
	if err != nil {
		return message{}, err
	}
	start := m.at
	if n > math.MaxInt64 {
		return message{}, fmt.Errorf("%w: a length of %d at byte %d", errWire, n, start)
	}
	return message{file: m.file, at: start, end: start + int64(min(n, uint64(m.end-start)))}, m.skip(int64(n))
}

func (m *message) varint() (uint64, error) {
	head, err := m.file.read(m.at, min(binary.MaxVarintLen64, m.end-m.at))
	if err != nil {
		return 0, err
	}
	v, n := binary.Uvarint(head)
	switch {
	case n > 0:
		m.at += int64(n)
		return v, nil
	case n == 0 && len(head) < binary.MaxVarintLen64:
		return 0, fmt.Errorf("%w: it ends within the number at byte %d", io.ErrUnexpectedEOF, m.at)
	}
	return 0, fmt.Errorf("%w: a number of more than 64 bits at byte %d", errWire, m.at)
}

// text reads the message as a string.
func (m message) text() (string, error) {
	b := make([]byte, m.end-m.at)
	err := m.file.readFull(m.at, b)
	return string(b), err
}

// A window is a file seen through a small buffer.
type window struct {
	file io.ReaderAt
	at   int64
	buf  []byte
}

const windowSize = 4096

func newWindow(file io.ReaderAt) *window {
	return &window{file: file, buf: make([]byte, 0, windowSize)}
}

// read returns up to n bytes at a position, valid until the next read.
func (w *window) read(at, n int64) ([]byte, error) {
	if at < w.at || at+n > w.at+int64(len(w.buf)) {
		got, err := w.file.ReadAt(w.buf[:windowSize], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		w.at, w.buf = at, w.buf[:got]
	}
	have := w.buf[at-w.at:]
	return have[:min(n, int64(len(have)))], nil
}

// readFull fills b from a position, past the buffer.
func (w *window) readFull(at int64, b []byte) error {
	n, err := w.file.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	return err
}
