package python

import (
	"encoding/binary"
	"errors"
	"io"
	"unsafe"
)

// A frameReader reads what a worker sends. After an error of the reader that is
// not its end, such as a deadline, it goes on where it was.
type frameReader struct {
	r       io.Reader
	buf     []byte // read ahead
	at, end int    // the part of it that no frame has been made of
	total   uint32 // bytes that have been read, modulo 2^32

	large int // size of the last frame, if it was large: the next is likely to be as large
	begin int // where a frame must begin in memory for the body of the last to be aligned
}

const (
	// lookahead is how much is read without knowing what it is.
	lookahead = 8 << 10
	// largeFrom is the size from which a frame stays where it was read to, while
	// smaller ones are copied out of what is read ahead.
	largeFrom = 16 << 10
	// guessed is the most that is reserved because the last frame was large.
	guessed = 1 << 20
)

func newFrameReader(r io.Reader) *frameReader { return &frameReader{r: r} }

// read returns the next frame, whose memory is the caller's. The body begins at
// a multiple of 8 in memory, as elements of tensors want it.
func (d *frameReader) read() (frame, error) {
	for {
		f, size, err := d.head()
		switch {
		case err != nil:
			return f, err
		case size > 0 && d.end-d.at >= size:
			return d.cut(f, size), nil
		}
		if err := d.more(size); err != nil {
			return f, err
		}
	}
}

// buffered says whether there is anything that no frame has been made of.
func (d *frameReader) buffered() bool { return d.end > d.at }

// done is how many bytes frames have been made of, modulo 2^32.
func (d *frameReader) done() uint32 { return d.total - uint32(d.end-d.at) }

// head reads the head of the next frame: its fields but metadata and body, and how
// many bytes it has, 0 if the head is not there yet.
func (d *frameReader) head() (f frame, size int, err error) {
	if d.end-d.at < headSize {
		return f, 0, nil
	}
	b := d.buf[d.at:]
	said, meta := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[16:])
	f = frame{
		kind: kind(b[4]), flags: flags(b[5]),
		object: binary.LittleEndian.Uint16(b[6:]), call: binary.LittleEndian.Uint64(b[8:]),
	}
	rest := int(said) - (headSize - 4)
	if said > maxFrame || rest < int(meta) || meta > maxMeta || f.kind < kindOK || f.kind > kindBox {
		return f, 0, errFrame
	}
	d.begin = -(headSize + int(meta)) & 7
	return f, headSize + rest, nil
}

// cut takes a frame of size bytes out of what has been read.
func (d *frameReader) cut(f frame, size int) frame {
	b := d.buf[d.at : d.at+size : d.at+size]
	d.at += size
	meta := headSize + int(binary.LittleEndian.Uint32(b[16:]))
	d.large = 0
	if size >= largeFrom {
		d.large = size
		if 2*size > len(d.buf) && (meta == size || uintptr(unsafe.Pointer(&b[meta]))&7 == 0) {
			d.keep()
			f.meta, f.body = b[headSize:meta:meta], b[meta:]
			return f
		}
	}
	body := (meta - headSize + 7) &^ 7                           // where it begins
	out := make([]byte, body+size-meta, max(body+size-meta, 16)) // 16: smaller ones are not aligned
	copy(out, b[headSize:meta])
	copy(out[body:], b[meta:])
	f.meta, f.body = out[:meta-headSize:meta-headSize], out[body:]
	return f
}

// keep leaves the buffer to a frame.
func (d *frameReader) keep() {
	rest := d.buf[d.at:d.end]
	d.buf, d.at, d.end = nil, 0, 0
	if len(rest) > 0 {
		d.buf = make([]byte, max(lookahead, len(rest)))
		d.end = copy(d.buf, rest)
	}
}

// more reads once, into room for a frame of size bytes; 0 where that is unknown.
func (d *frameReader) more(size int) error {
	d.reserve(size)
	n, err := d.r.Read(d.buf[d.end:])
	d.end += n
	d.total += uint32(n)
	switch {
	case n > 0: // an error comes again
		return nil
	case errors.Is(err, io.EOF) && d.end > d.at:
		return io.ErrUnexpectedEOF
	}
	return err
}

// reserve makes room. Room for much is made only as it arrives.
func (d *frameReader) reserve(size int) {
	have := d.end - d.at
	var to int // where what is there begins in a new buffer
	want := max(size, headSize)
	switch {
	case have == 0:
		d.at, d.end = 0, 0
		want = lookahead
		if d.large > 0 && d.large <= guessed {
			want, to = d.large+256, d.begin // 256: not all metadata is as long
		}
	case size >= largeFrom:
		to = d.begin
	case len(d.buf) < lookahead:
		want = lookahead
	}
	want = min(want, max(maxGrasp, 4*have))
	if len(d.buf)-d.at-have > 0 && len(d.buf)-d.at >= want {
		if have == 0 && d.at+to <= len(d.buf) {
			d.at, d.end = to, to
		}
		return
	}
	buf := d.buf
	if to+want > len(buf) {
		buf = make([]byte, to+want)
	}
	d.end = to + copy(buf[to:], d.buf[d.at:d.end])
	d.at, d.buf = to, buf
}
