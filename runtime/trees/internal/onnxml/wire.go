package onnxml

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A message is the rest of a protobuf message
// (https://protobuf.dev/programming-guides/encoding/).
type message []byte

// A field is one field of a message. Bytes are part of the file.
type field struct {
	number int
	kind   int
	value  uint64 // of a number
	bytes  message
}

const (
	kindVarint  = 0
	kindFixed64 = 1
	kindBytes   = 2
	kindFixed32 = 5
)

var errWire = errors.New("not protobuf")

// next takes one field off the message.
func (m *message) next() (f field, err error) {
	tag, err := m.varint()
	if err != nil {
		return f, err
	}
	if tag>>3 == 0 || tag>>3 > 1<<29-1 {
		return f, fmt.Errorf("%w: field number %d", errWire, tag>>3)
	}
	f.number, f.kind = int(tag>>3), int(tag&7)
	switch f.kind {
	case kindVarint:
		f.value, err = m.varint()
	case kindFixed32:
		f.value, err = m.fixed(4)
	case kindFixed64:
		f.value, err = m.fixed(8)
	case kindBytes:
		f.bytes, err = m.content()
	default:
		err = fmt.Errorf("%w: a field of kind %d", errWire, f.kind)
	}
	return f, err
}

func (m *message) varint() (uint64, error) {
	v, n := binary.Uvarint(*m)
	switch {
	case n > 0:
		*m = (*m)[n:]
		return v, nil
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return 0, fmt.Errorf("%w: a number of more than 64 bits", errWire)
}

// fixed reads a little-endian number of n bytes.
func (m *message) fixed(n int) (uint64, error) {
	if len(*m) < n {
		return 0, io.ErrUnexpectedEOF
	}
	var b [8]byte
	copy(b[:], (*m)[:n])
	*m = (*m)[n:]
	return binary.LittleEndian.Uint64(b[:]), nil
}

func (m *message) content() (message, error) {
	n, err := m.varint()
	if err != nil {
		return nil, err
	}
	if n > uint64(len(*m)) {
		return nil, io.ErrUnexpectedEOF
	}
	part := (*m)[:n:n]
	*m = (*m)[n:]
	return part, nil
}

// each calls do for every field of the message.
func (m message) each(do func(field) error) error {
	for len(m) > 0 {
		f, err := m.next()
		if err != nil {
			return err
		}
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// ints appends the integers of a repeated field, packed or one by one.
func (f *field) ints(list []int64) ([]int64, error) {
	switch f.kind {
	case kindVarint:
		return append(list, int64(f.value)), nil
	case kindBytes:
		for m := f.bytes; len(m) > 0; {
			v, err := m.varint()
			if err != nil {
				return nil, err
			}
			list = append(list, int64(v))
		}
		return list, nil
	}
	return nil, fmt.Errorf("%w: integers of kind %d", errWire, f.kind)
}

// floats is ints for float32.
func (f *field) floats(list []float32) ([]float32, error) {
	switch {
	case f.kind == kindFixed32:
		return append(list, math.Float32frombits(uint32(f.value))), nil
	case f.kind == kindBytes && len(f.bytes)%4 == 0:
		for m := f.bytes; len(m) > 0; m = m[4:] {
			list = append(list, math.Float32frombits(binary.LittleEndian.Uint32(m)))
		}
		return list, nil
	}
	return nil, fmt.Errorf("%w: %d bytes of floats", errWire, len(f.bytes))
}

// doubles is ints for float64.
func (f *field) doubles(list []float64) ([]float64, error) {
	switch {
	case f.kind == kindFixed64:
		return append(list, math.Float64frombits(f.value)), nil
	case f.kind == kindBytes && len(f.bytes)%8 == 0:
		for m := f.bytes; len(m) > 0; m = m[8:] {
			list = append(list, math.Float64frombits(binary.LittleEndian.Uint64(m)))
		}
		return list, nil
	}
	return nil, fmt.Errorf("%w: %d bytes of doubles", errWire, len(f.bytes))
}
