package grpc

import "encoding/binary"

// Frames of HTTP/2 and their flags: RFC 9113, section 6.
const (
	dataFrame, headersFrame, resetFrame, settingsFrame, windowFrame = 0, 1, 3, 4, 8

	endStream, acknowledges = 1, 1
)

const (
	frameHead     = 9
	prefaceLength = 24 // of what a client begins with
)

// A parser finds the frames in what goes by in one direction of a connection. Of their
// payloads it looks at those that say what may be sent.
type parser struct {
	head [frameHead]byte
	n    int     // bytes of head
	left int     // bytes of the payload that are to come
	unit int     // bytes that the payload is of interest by; 0 if it is not
	part [6]byte // of the payload
	m    int     // bytes of part
	at   int     // where the payload begins in what goes by just now
}

// A sink is told of frames.
type sink interface {
	// frame is told of a frame, and says by how many bytes its payload is of interest.
	frame(kind, flags byte, stream uint32, size int) (unit int)
	// payload is told of so many bytes of a payload.
	payload(kind byte, stream uint32, b []byte)
}

// between says that what has gone by ends where a frame does.
func (p *parser) between() bool { return p.n == 0 && p.left == 0 }

// read reads what goes by.
func (p *parser) read(b []byte, to sink) {
	for all := len(b); len(b) > 0; {
		if p.left > 0 {
			b = p.pass(b, to)
			continue
		}
		k := copy(p.head[p.n:], b)
		p.n += k
		b = b[k:]
		if p.n == frameHead {
			h := &p.head
			p.n, p.m, p.at = 0, 0, all-len(b)
			p.left = int(h[0])<<16 | int(h[1])<<8 | int(h[2])
			p.unit = to.frame(h[3], h[4], p.stream(), p.left)
		}
	}
}

func (p *parser) stream() uint32 { return binary.BigEndian.Uint32(p.head[5:]) &^ (1 << 31) }

// pass lets payload pass, and returns what is behind.
func (p *parser) pass(b []byte, to sink) []byte {
	n := min(p.left, len(b))
	p.left -= n
	if p.unit > 0 {
		for rest := b[:n]; len(rest) > 0; {
			k := copy(p.part[p.m:p.unit], rest)
			p.m += k
			rest = rest[k:]
			if p.m == p.unit {
				p.m = 0
				to.payload(p.head[3], p.stream(), p.part[:p.unit])
			}
		}
	}
	return b[n:]
}
