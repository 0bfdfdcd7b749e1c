package python

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
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
)

// From the worker.
const (
	kindOK kind = 128 + iota
	kindError
	kindLog
	kindPart
	kindAsk
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

// A frameReader reads what a worker sends.
type frameReader struct {
	r    *bufio.Reader
	head [headSize]byte
}

// lookahead is how much is read without knowing what it is. A large body goes to its
// place directly.
const lookahead = 8 << 10

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, lookahead)}
}

// read returns the next frame, whose memory is the caller's. The body begins at
// a multiple of 8 in memory, as elements of tensors want it.
func (d *frameReader) read() (f frame, err error) {
	if _, err = io.ReadFull(d.r, d.head[:]); err != nil {
		return f, err
	}
	size, meta := binary.LittleEndian.Uint32(d.head[:]), binary.LittleEndian.Uint32(d.head[16:])
	f = frame{
		kind: kind(d.head[4]), flags: flags(d.head[5]),
		object: binary.LittleEndian.Uint16(d.head[6:]), call: binary.LittleEndian.Uint64(d.head[8:]),
	}
	rest := int(size) - (headSize - 4)
	if size > maxFrame || rest < int(meta) || meta > maxMeta || f.kind < kindOK || f.kind > kindAsk {
		return f, errFrame
	}
	body := (int(meta) + 7) &^ 7 // where it begins
	buf, err := d.fill(int(meta), body, body+rest-int(meta))
	if err != nil {
		return f, err
	}
	f.meta, f.body = buf[:meta:meta], buf[body:]
	return f, nil
}

// fill reads meta bytes to the start of a buffer of size bytes, and what belongs
// at body and behind. Room for much is made only as it arrives.
func (d *frameReader) fill(meta, body, size int) ([]byte, error) {
	buf := make([]byte, min(size, maxGrasp), max(min(size, maxGrasp), 16)) // 16: smaller ones are not aligned
	if meta > len(buf) {
		return d.grow(buf, 0, meta, body, size)
	}
	if _, err := io.ReadFull(d.r, buf[:meta]); err != nil {
		return nil, cut(err)
	}
	return d.grow(buf, meta, meta, body, size)
}

// grow reads on from byte n, making room as bytes come.
func (d *frameReader) grow(buf []byte, n, meta, body, size int) ([]byte, error) {
	for n < size {
		if n == meta {
			n = body // between them nothing is sent
		}
		if n >= len(buf) && len(buf) < size {
			more := min(size, max(4*len(buf), n)) - len(buf)
			buf = slices.Grow(buf, more)[:len(buf)+more]
		}
		end := len(buf)
		if n < meta {
			end = min(end, meta)
		}
		if n >= end {
			break
		}
		if _, err := io.ReadFull(d.r, buf[n:end]); err != nil {
			return nil, cut(err)
		}
		n = end
	}
	return buf, nil
}

// cut is the error of a frame that breaks off.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
