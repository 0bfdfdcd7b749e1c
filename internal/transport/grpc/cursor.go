package grpc

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/oip"
)

// errMalformed is what is said of bytes that are no message of protobuf.
var errMalformed = errors.New("the message is not one of protobuf")

// ownedSize is the largest message, in bytes, that is copied as a whole before
// it is read, so that all of its strings share one allocation.
const ownedSize = 4 << 10

// A cursor reads the wire format of protobuf from a message as it lies in the
// buffers that it came in, which are given back once it has been read: what is
// kept of it is copied, once.
type cursor struct {
	rest  []byte          // of the buffer under the cursor
	more  mem.BufferSlice // the buffers behind it
	left  int             // bytes to the end of the message that is read
	owned bool            // rest is memory that stays
	room  *oip.Room       // where memory that stays is made
}

func newCursor(data mem.BufferSlice, in *oip.Room) cursor {
	n := data.Len()
	if n > ownedSize {
		return cursor{more: data, left: n, room: in}
	}
	all := make([]byte, n)
	data.CopyTo(all)
	return cursor{rest: all, left: n, owned: true, room: in}
}

// done says whether the message has been read to its end.
func (c *cursor) done() bool { return c.left == 0 }

// here are the bytes under the cursor that lie in one buffer: at least one
// unless the message has been read.
func (c *cursor) here() []byte {
	for len(c.rest) == 0 && len(c.more) > 0 {
		c.rest, c.more = c.more[0].ReadOnlyData(), c.more[1:]
	}
	return c.rest[:min(len(c.rest), c.left)]
}

func (c *cursor) advance(n int) {
	c.rest = c.rest[n:]
	c.left -= n
}

// varint reads a number of up to ten bytes.
func (c *cursor) varint() (uint64, error) {
	here := c.here()
	if len(here) > 0 && here[0] < 0x80 {
		c.advance(1)
		return uint64(here[0]), nil
	}
	if len(here) < binary.MaxVarintLen64 && len(here) < c.left {
		return c.longVarint()
	}
	v, n := protowire.ConsumeVarint(here)
	if n < 0 {
		return 0, errMalformed
	}
	c.advance(n)
	return v, nil
}

// longVarint is varint across buffers.
func (c *cursor) longVarint() (uint64, error) {
	var all [binary.MaxVarintLen64]byte
	for i := range all {
		here := c.here()
		if len(here) == 0 {
			return 0, errMalformed
		}
		all[i] = here[0]
		c.advance(1)
		if all[i] < 0x80 {
			v, n := protowire.ConsumeVarint(all[:i+1])
			if n < 0 {
				return 0, errMalformed
			}
			return v, nil
		}
	}
	return 0, errMalformed
}

// tag reads the number and the type of the next field.
func (c *cursor) tag() (protowire.Number, protowire.Type, error) {
	v, err := c.varint()
	if err != nil {
		return 0, 0, err
	}
	num, typ := protowire.DecodeTag(v)
	if num < protowire.MinValidNumber || num > protowire.MaxValidNumber {
		return 0, 0, errMalformed
	}
	return num, typ, nil
}

// length reads the length of what follows, which is not more than there is.
func (c *cursor) length() (int, error) {
	v, err := c.varint()
	if err != nil {
		return 0, err
	}
	if v > uint64(c.left) {
		return 0, errMalformed
	}
	return int(v), nil
}

// message reads a message within this one: read is called until it has been read
// to its end.
func (c *cursor) message(read func() error) error {
	n, err := c.length()
	if err != nil {
		return err
	}
	behind := c.left - n
	c.left = n
	for c.left > 0 {
		if err := read(); err != nil {
			return err
		}
	}
	c.left = behind
	return nil
}

// varints is how many numbers end before the message does.
func (c *cursor) varints() (n int) {
	here, left := c.here(), c.left
	for i := 0; left > 0; i++ {
		for _, b := range here {
			n += 1 - int(b>>7)
		}
		if left -= len(here); left > 0 {
			here = c.more[i].ReadOnlyData()
			here = here[:min(len(here), left)]
		}
	}
	return n
}

// skip passes over the value of a field that nobody knows.
func (c *cursor) skip(typ protowire.Type) error {
	n := 0
	switch typ {
	case protowire.VarintType:
		_, err := c.varint()
		return err
	case protowire.Fixed32Type:
		n = 4
	case protowire.Fixed64Type:
		n = 8
	case protowire.BytesType:
		var err error
		if n, err = c.length(); err != nil {
			return err
		}
	default: // groups, which none of the messages has ever had
		return errMalformed
	}
	return c.copyTo(nil, n)
}

// copyTo copies the next n bytes to dst, or passes over them where dst is nil.
func (c *cursor) copyTo(dst []byte, n int) error {
	if n > c.left {
		return errMalformed
	}
	for n > 0 {
		here := c.here()
		here = here[:min(len(here), n)]
		if dst != nil {
			dst = dst[copy(dst, here):]
		}
		n -= len(here)
		c.advance(len(here))
	}
	return nil
}

// bytes reads a field of bytes. They stay, and are aligned to 8 bytes, so that
// elements of every datatype can be seen in them.
func (c *cursor) bytes() ([]byte, error) {
	n, err := c.length()
	if err != nil || n == 0 {
		return nil, err
	}
	if here := c.here(); c.owned && aligned(here) {
		c.advance(n)
		return here[:n:n], nil
	}
	return c.take(n)
}

// take copies the next n bytes.
func (c *cursor) take(n int) ([]byte, error) {
	if n > c.left {
		return nil, errMalformed
	}
	b := c.room.Make(n)
	return b, c.copyTo(b, n)
}

// errText is what is said of a string that is none.
var errText = errors.New("a string of the message is not UTF-8")

// text reads a field of text.
func (c *cursor) text() (string, error) {
	s, err := c.blob()
	if err == nil && !utf8.ValidString(s) {
		err = errText
	}
	return s, err
}

// blob reads a field of bytes as a string.
func (c *cursor) blob() (string, error) {
	n, err := c.length()
	if err != nil || n == 0 {
		return "", err
	}
	here := c.here()
	switch {
	case len(here) < n:
		b, err := c.take(n)
		return alias(b), err
	case c.owned:
		c.advance(n)
		return alias(here[:n]), nil
	}
	c.advance(n)
	return string(here[:n]), nil
}

// fixed32 reads a number of four bytes.
func (c *cursor) fixed32() (uint32, error) {
	var b [4]byte
	err := c.copyTo(b[:], len(b))
	return binary.LittleEndian.Uint32(b[:]), err
}

// fixed64 reads a number of eight bytes.
func (c *cursor) fixed64() (uint64, error) {
	var b [8]byte
	err := c.copyTo(b[:], len(b))
	return binary.LittleEndian.Uint64(b[:]), err
}

func aligned(b []byte) bool {
	return len(b) > 0 && uintptr(unsafe.Pointer(&b[0]))%8 == 0
}

// alias is b, which is never written again, as a string.
func alias(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
