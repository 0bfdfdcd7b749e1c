package record

import (
	"encoding/binary"
	"errors"
)

// The compact code of records. A chunk is a list of entries that needs
// nothing from outside:
//
//	chunk  = entry...
//	entry  = kind length body
//	source = project function host graph model version class
//	notes  = [labels] [metrics]           JSON objects, "" for none
//	time   = microseconds                 since 1970, in front of the first record
//	record = source notes when payload
//	batch  = count                        that many records follow, which go as one
//
// kind is a byte; lengths, counts and numbers are unsigned varints
// (encoding/binary), texts are their length and their bytes. Sources and notes are
// numbered from 1 in the order in which they come in their chunk; the notes 0 are
// none. when is the microseconds since the chunk's time, as a signed varint: whatever
// of a chunk is taken out, what is left can be read.
//
//	payload = flags took [weight] op event request answer
//
// took is microseconds. op is a byte, see [operations]. request is nothing, a JSON
// object as [appendDigits] writes it, or an id and tensors; answer is nothing, an error,
// a JSON object, or an id, a timestamp and outputs: tensors or JSON. The id of an answer
// is "" where it is that of the event. event is 0 and 16 bytes for a UUID in lower case,
// else its length and one, and its text. See [appendPayload].
const (
	kindSource byte = 1 + iota
	kindNotes
	_ // a record of an earlier code
	kindBatch
	kindTime
	kindRecord
)

// operations are those that are one byte, their place; others are 255 and a text.
var operations = [...]string{"", "infer", "predict", "explain"}

const otherOperation = 255

func appendOperation(dst []byte, op string) []byte {
	for i, known := range operations {
		if op == known {
			return append(dst, byte(i))
		}
	}
	return appendText(append(dst, otherOperation), op)
}

// The flags of a payload.
const (
	requestText    = 1 << iota // a JSON object
	requestTensors             // an id and tensors
	answerError
	answerText    // a JSON object
	answerTensors // an id, a timestamp, and the outputs as tensors
	answerValue   // the same, and the outputs as JSON
	hasWeight     // other than 1
	withoutID     // an error's request has no id of its own
)

// errCode says that bytes are no chunk of records.
var errCode = errors.New("not records in the compact code")

func appendText[T string | []byte](dst []byte, text T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// A cursor reads what is left of a chunk. Once it is bad it stays so.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) fail() { c.bad, c.rest = true, nil }

func (c *cursor) number() uint64 {
	if len(c.rest) > 0 && c.rest[0] < 0x80 { // as nearly always
		v := uint64(c.rest[0])
		c.rest = c.rest[1:]
		return v
	}
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[n:]
	return v
}

// signed returns the next number that may be negative.
func (c *cursor) signed() int64 {
	v := c.number()
	return int64(v>>1) ^ -int64(v&1)
}

// text returns the next text, which refers to the chunk.
func (c *cursor) text() []byte {
	n := c.number()
	if n > uint64(len(c.rest)) {
		c.fail()
		return nil
	}
	return c.take(int(n))
}

func (c *cursor) take(n int) []byte {
	if n > len(c.rest) {
		c.fail()
		return nil
	}
	text := c.rest[:n:n]
	c.rest = c.rest[n:]
	return text
}

func (c *cursor) byte() byte {
	if len(c.rest) == 0 {
		c.fail()
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}
