package record

import (
	"encoding/binary"
	"errors"
)

// The compact code of records, version 1. A chunk is a list of entries that needs
// nothing from outside:
//
//	chunk  = entry...
//	entry  = kind length body
//	source = project function host graph model version class
//	notes  = [labels] [metrics]           JSON objects, "" for none
//	record = source notes payload
//	batch  = count                        that many records follow, which go as one
//
// kind is a byte; lengths, counts and numbers are unsigned varints
// (encoding/binary), texts are their length and their bytes. Sources and notes are
// numbered from 1 in the order in which they come in their chunk; the notes 0 are
// none.
//
//	payload = flags when:8 took weight op event request answer
//
// when is microseconds since 1970, little-endian; took is microseconds. request is
// nothing, a JSON object, or an id and tensors; answer is nothing, an error, a JSON
// object, or an id, a timestamp and outputs: tensors or JSON. The id of an answer is
// "" where it is that of the event. event is 0 and 16 bytes for a UUID in lower case,
// else its length and one, and its text. See [appendPayload].
const (
	kindSource byte = 1 + iota
	kindNotes
	kindRecord
	kindBatch
)

// The flags of a payload.
const (
	requestText    = 1 << iota // a JSON object
	requestTensors             // an id and tensors
	answerError
	answerText    // a JSON object
	answerTensors // an id, a timestamp, and the outputs as tensors
	answerValue   // the same, and the outputs as JSON
	hasOp
	withoutID // an error's request has no id of its own
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
