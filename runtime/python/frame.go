package python

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A kind is what a frame is about.
type kind uint8

// From the server.
const (
	kindConfig kind = 1 + iota
	kindDescribe
	kindCreate
	kindLoad
	kindCall
	kindCancel
	kindClose
	kindAnswer
	kindPing
	kindMore
)

// From the worker.
const (
	kindOK kind = 128 + iota
	kindError
	kindLog
	kindPart
	kindAsk
	kindBox
)

// flags say what the payload of a frame is.
type flags uint8

const (
	isJSON    flags = 1 << iota
	isTensors       // raw elements, as the metadata lists them
	isText
	isBytes
	isShared // the payload is in shared memory
	isWhole  // of an answer: a whole event or response
	isEvent  // of a call: the object gets the whole event

	isValue = isJSON | isTensors | isText | isBytes
)

const (
	headSize = 20       // of a frame, its size field included
	maxFrame = 1 << 30  // bytes that follow the size field
	maxMeta  = 16 << 20 // bytes of metadata
	maxGrasp = 4 << 20  // bytes that are reserved on the word of the other side
)

// A frame is one message in either direction (PROTOCOL.md).
type frame struct {
	kind   kind
	flags  flags
	object uint16
	call   uint64
	meta   []byte // JSON, or empty
	body   []byte
}

// appendHead appends all of a frame but its body.
func (f *frame) appendHead(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(headSize-4+len(f.meta)+len(f.body)))
	dst = append(dst, byte(f.kind), byte(f.flags))
	dst = binary.LittleEndian.AppendUint16(dst, f.object)
	dst = binary.LittleEndian.AppendUint64(dst, f.call)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.meta)))
	return append(dst, f.meta...)
}

// align lengthens the metadata by spaces, so that a large body is a multiple of 8
// from the start of the frame: the worker makes arrays of it without a copy.
func (f *frame) align() {
	if len(f.meta) > 0 && len(f.body) >= largeFrom {
		f.meta = append(f.meta, "       "[:-(headSize+len(f.meta))&7]...)
	}
}

// check refuses a frame that is too large to send.
func (f *frame) check() error {
	switch {
	case len(f.meta) > maxMeta:
		return fmt.Errorf("what is told about the request is larger than %d MiB", maxMeta>>20)
	case headSize-4+len(f.meta)+len(f.body) > maxFrame:
		return fmt.Errorf("the request is larger than %d MiB", maxFrame>>20)
	}
	return nil
}

var errFrame = errors.New("the worker sent what is no frame: does the code write to descriptor 3?")
