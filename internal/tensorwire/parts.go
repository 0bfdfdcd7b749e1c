package tensorwire

import "google.golang.org/grpc/mem"

// inPlace is the size in bytes up to which elements are copied to the others
// instead of being sent from where they are.
const inPlace = 4 << 10

// Parts collect a message. The zero value is ready for use.
type Parts struct {
	// Buf is what is being written: append to it.
	Buf  []byte
	done mem.BufferSlice
	size int // of done
}

// Raw writes bytes behind those in Buf: many are not copied, and stay as they are
// until they are sent.
func (p *Parts) Raw(b []byte) {
	if len(b) <= inPlace {
		p.Buf = append(p.Buf, b...)
		return
	}
	p.end()
	p.add(b)
}

// Message is what has been written, and its size in bytes.
func (p *Parts) Message() (mem.BufferSlice, int) {
	p.end()
	return p.done, p.size
}

// end ends the part that is being written.
func (p *Parts) end() {
	p.add(p.Buf)
	p.Buf = nil
}

func (p *Parts) add(b []byte) {
	if len(b) > 0 {
		p.done = append(p.done, mem.SliceBuffer(b))
		p.size += len(b)
	}
}
