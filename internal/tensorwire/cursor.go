package tensorwire

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/oip"
)

// ErrMalformed is what is said of bytes that are no message of protobuf.
var ErrMalformed = errors.New("the message is not one of protobuf")

// OwnedSize is the largest message, in bytes, that is copied as a whole before
// it is read, so that all of its strings share one allocation.
const OwnedSize = 4 << 10

// A Cursor reads the wire format of protobuf from a message as it lies in the
// buffers that it came in, which are given back once it has been read: what is
// kept of it is copied, once, but for elements that lie in one piece already.
// It is for one goroutine.
type Cursor struct {
	rest  []byte          // of the buffer under the cursor
	more  mem.BufferSlice // the buffers behind it
	left  int             // bytes to the end of the message that is read
	owned bool            // rest is memory that stays
	room  *oip.Room       // where memory that stays is made

	size  int       // of the message, in bytes
	from  *Adjacent // whose block the message is in; nil if it is in none
	block *block
}

// NewCursor returns a cursor at the start of the message in data. What is kept of it
// is copied to memory that room makes. The frames of the message have come from
// adjacent, which is nil if they are only copied.
func NewCursor(data mem.BufferSlice, room *oip.Room, adjacent *Adjacent) Cursor {
	n := data.Len()
	if n > OwnedSize {
		c := Over(data, room)
		c.from = adjacent
		if all, b := adjacent.whole(data); b != nil {
			c.rest, c.more, c.block = all, nil, b
		}
		return c
	}
	all := make([]byte, n)
	data.CopyTo(all)
	return Cursor{rest: all, left: n, owned: true, room: room, size: n}
}

// Over is NewCursor without what it does for small messages and for those in one
// piece.
func Over(data mem.BufferSlice, room *oip.Room) Cursor {
	n := data.Len()
	return Cursor{more: data, left: n, room: room, size: n}
}

// Left is how many bytes there are to the end of the message that is read.
func (c *Cursor) Left() int { return c.left }

// Room is where memory that stays is made.
func (c *Cursor) Room() *oip.Room { return c.room }

// Done says whether the message has been read to its end.
func (c *Cursor) Done() bool { return c.left == 0 }

// Here are the bytes under the cursor that lie in one buffer: at least one
// unless the message has been read.
func (c *Cursor) Here() []byte {
	for len(c.rest) == 0 && len(c.more) > 0 {
		c.rest, c.more = c.more[0].ReadOnlyData(), c.more[1:]
	}
	return c.rest[:min(len(c.rest), c.left)]
}

// Advance passes over n bytes, which are not more than those here.
func (c *Cursor) Advance(n int) {
	c.rest = c.rest[n:]
	c.left -= n
}

// Varint reads a number of up to ten bytes.
func (c *Cursor) Varint() (uint64, error) {
	here := c.Here()
	if len(here) > 0 && here[0] < 0x80 {
		c.Advance(1)
		return uint64(here[0]), nil
	}
	if len(here) < binary.MaxVarintLen64 && len(here) < c.left {
		return c.longVarint()
	}
	v, n := protowire.ConsumeVarint(here)
	if n < 0 {
		return 0, ErrMalformed
	}
	c.Advance(n)
	return v, nil
}

// longVarint is Varint across buffers.
func (c *Cursor) longVarint() (uint64, error) {
	var all [binary.MaxVarintLen64]byte
	for i := range all {
		here := c.Here()
		if len(here) == 0 {
			return 0, ErrMalformed
		}
		all[i] = here[0]
		c.Advance(1)
		if all[i] < 0x80 {
			v, n := protowire.ConsumeVarint(all[:i+1])
			if n < 0 {
				return 0, ErrMalformed
			}
			return v, nil
		}
	}
	return 0, ErrMalformed
}

// Tag reads the number and the type of the next field.
func (c *Cursor) Tag() (protowire.Number, protowire.Type, error) {
	v, err := c.Varint()
	if err != nil {
		return 0, 0, err
	}
	num, typ := protowire.DecodeTag(v)
	if num < protowire.MinValidNumber || num > protowire.MaxValidNumber {
		return 0, 0, ErrMalformed
	}
	return num, typ, nil
}

// Length reads the length of what follows, which is not more than there is.
func (c *Cursor) Length() (int, error) {
	v, err := c.Varint()
	if err != nil {
		return 0, err
	}
	if v > uint64(c.left) {
		return 0, ErrMalformed
	}
	return int(v), nil
}

// Message reads a message within this one: read is called until it has been read
// to its end.
func (c *Cursor) Message(read func() error) error {
	return c.within(func() error {
		for c.left > 0 {
			if err := read(); err != nil {
				return err
			}
		}
		return nil
	})
}

// within reads a message within this one by read, which reads it to its end.
func (c *Cursor) within(read func() error) error {
	n, err := c.Length()
	if err != nil {
		return err
	}
	behind := c.left - n
	c.left = n
	if err := read(); err != nil {
		return err
	}
	c.left = behind
	return nil
}

// largeField is the most bytes of a field that is put beside others.
const largeField = 64 << 10

var errLarge = errors.New("a field is too large")

// field appends a field whose tag has been read to dst, unless it is large.
func (c *Cursor) field(dst []byte, num protowire.Number, typ protowire.Type) ([]byte, error) {
	dst = protowire.AppendTag(dst, num, typ)
	n := 0
	switch typ {
	case protowire.VarintType:
		v, err := c.Varint()
		return protowire.AppendVarint(dst, v), err
	case protowire.Fixed32Type:
		n = 4
	case protowire.Fixed64Type:
		n = 8
	case protowire.BytesType:
		var err error
		if n, err = c.Length(); err != nil {
			return dst, err
		}
		dst = protowire.AppendVarint(dst, uint64(n))
	default: // groups, which none of the messages has ever had
		return dst, ErrMalformed
	}
	if n > c.left {
		return dst, ErrMalformed
	}
	if n > largeField {
		return dst, errLarge
	}
	at := len(dst)
	dst = append(dst, make([]byte, n)...)
	return dst, c.CopyTo(dst[at:], n)
}

// Skip passes over the value of a field that nobody knows.
func (c *Cursor) Skip(typ protowire.Type) error {
	n := 0
	switch typ {
	case protowire.VarintType:
		_, err := c.Varint()
		return err
	case protowire.Fixed32Type:
		n = 4
	case protowire.Fixed64Type:
		n = 8
	case protowire.BytesType:
		var err error
		if n, err = c.Length(); err != nil {
			return err
		}
	default: // groups, which none of the messages has ever had
		return ErrMalformed
	}
	return c.CopyTo(nil, n)
}

// CopyTo copies the next n bytes to dst, or passes over them where dst is nil.
func (c *Cursor) CopyTo(dst []byte, n int) error {
	if n > c.left {
		return ErrMalformed
	}
	for n > 0 {
		here := c.Here()
		here = here[:min(len(here), n)]
		if dst != nil {
			dst = dst[copy(dst, here):]
		}
		n -= len(here)
		c.Advance(len(here))
	}
	return nil
}

// Bytes reads a field of bytes. They stay, and are aligned to 8 bytes, so that
// elements of every datatype can be seen in them.
func (c *Cursor) Bytes() ([]byte, error) {
	n, err := c.Length()
	if err != nil || n == 0 {
		return nil, err
	}
	if n >= largeTensor {
		c.from.expect(c.size, c.size-len(c.rest)-c.more.Len())
	}
	if here := c.Here(); aligned(here) && (c.owned || c.block != nil && c.from.keep(c.block, n)) {
		c.Advance(n)
		return here[:n:n], nil
	}
	return c.Take(n)
}

// Take copies the next n bytes.
func (c *Cursor) Take(n int) ([]byte, error) {
	if n > c.left {
		return nil, ErrMalformed
	}
	b := c.room.Make(n)
	return b, c.CopyTo(b, n)
}

// errText is what is said of a string that is none.
var errText = errors.New("a string of the message is not UTF-8")

// Text reads a field of text, which is "" if it is none.
func (c *Cursor) Text() (string, error) {
	s, err := c.Blob()
	if err == nil && !utf8.ValidString(s) {
		return "", errText
	}
	return s, err
}

// Blob reads a field of bytes as a string.
func (c *Cursor) Blob() (string, error) {
	n, err := c.Length()
	if err != nil || n == 0 {
		return "", err
	}
	here := c.Here()
	switch {
	case len(here) < n:
		b, err := c.Take(n)
		return alias(b), err
	case c.owned:
		c.Advance(n)
		return alias(here[:n]), nil
	}
	c.Advance(n)
	return string(here[:n]), nil
}

// BlobIn is Blob for one of many fields of a message, whose bytes are copied to one
// piece of memory: room, or what is made of a size for all that is left of the message.
// What is left of it is returned.
func (c *Cursor) BlobIn(room []byte) (string, []byte, error) {
	n, err := c.Length()
	if err != nil || n == 0 {
		return "", room, err
	}
	if c.owned {
		here := c.Here()[:n]
		c.Advance(n)
		return alias(here), room, nil
	}
	if len(room) < n {
		room = c.room.Make(c.left)
	}
	if err := c.CopyTo(room, n); err != nil {
		return "", room, err
	}
	return alias(room[:n]), room[n:], nil
}

// Fixed32 reads a number of four bytes.
func (c *Cursor) Fixed32() (uint32, error) {
	var b [4]byte
	err := c.CopyTo(b[:], len(b))
	return binary.LittleEndian.Uint32(b[:]), err
}

// Fixed64 reads a number of eight bytes.
func (c *Cursor) Fixed64() (uint64, error) {
	var b [8]byte
	err := c.CopyTo(b[:], len(b))
	return binary.LittleEndian.Uint64(b[:]), err
}

func aligned(b []byte) bool {
	return len(b) > 0 && uintptr(unsafe.Pointer(&b[0]))%8 == 0
}

// alias is b, which is never written again, as a string.
func alias(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}
