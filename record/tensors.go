package record

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"

	"github.com/leat-ml/leat/serve"
)

// Tensors in the compact code:
//
//	tensors = count tensor...
//	tensor  = datatype dimensions length... elements
//
// Records are rows, so that names are not in them. datatype is a byte, the number that serve has for it. elements are their memory,
// little-endian, with their length in front; those of BYTES are texts.

func appendTensors(dst []byte, ts []*serve.Tensor) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(ts)))
	for _, t := range ts {
		dst = appendTensor(dst, t)
	}
	return dst
}

func appendTensor(dst []byte, t *serve.Tensor) []byte {
	dst = append(dst, byte(t.Datatype))
	dst = binary.AppendUvarint(dst, uint64(len(t.Shape)))
	for _, n := range t.Shape {
		dst = binary.AppendUvarint(dst, uint64(n))
	}
	if t.Datatype != serve.Bytes {
		return appendText(dst, t.Raw())
	}
	for _, s := range t.Strings() {
		dst = appendText(dst, s)
	}
	return dst
}

// appendNumbers appends numbers as the only tensor, which has no name.
func appendNumbers[T float64 | float32 | int64](dst []byte, dt serve.Datatype, vs []T) []byte {
	dst = append(dst, 1, byte(dt), 1) // one tensor, one dimension
	dst = binary.AppendUvarint(dst, uint64(len(vs)))
	dst = binary.AppendUvarint(dst, uint64(len(vs)*dt.Size()))
	return append(dst, memory(vs)...)
}

// memory is what numbers are in memory, which is little-endian on every machine that
// serve knows.
func memory[T float64 | float32 | int64](vs []T) []byte {
	if len(vs) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&vs[0])), len(vs)*int(unsafe.Sizeof(vs[0])))
}

// maxTensors is how many tensors a message is taken to have at most, and
// maxDimensions how many dimensions one has.
const (
	maxTensors    = 1 << 16
	maxDimensions = 1 << 10
)

// tensors reads tensors, whose elements are copies.
func (c *cursor) tensors() []*serve.Tensor {
	n := c.number()
	if n > maxTensors || n > uint64(len(c.rest)) { // each takes a byte at least
		c.fail()
		return nil
	}
	ts := make([]*serve.Tensor, 0, n)
	for range n {
		t := c.tensor()
		if c.bad {
			return nil
		}
		ts = append(ts, t)
	}
	return ts
}

func (c *cursor) tensor() *serve.Tensor {
	dt, dims := serve.Datatype(c.byte()), c.number()
	if dims > maxDimensions || dims > uint64(len(c.rest)) || c.bad {
		c.fail()
		return nil
	}
	shape := make([]int, dims)
	for i := range shape {
		shape[i] = int(c.number())
	}
	var t serve.Tensor
	var err error
	if dt == serve.Bytes {
		t, err = serve.MakeBytes("", shape, c.strings(shape))
	} else {
		t, err = serve.MakeTensor("", dt, shape, aligned(c.text()))
	}
	if err != nil || c.bad {
		c.fail()
		return nil
	}
	return &t
}

func (c *cursor) strings(shape []int) []string {
	n, ok := serve.Elements(shape)
	if !ok || n > len(c.rest) { // each takes a byte at least
		c.fail()
		return nil
	}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = string(c.text())
	}
	return texts
}

// aligned is a copy of data where every datatype may be.
func aligned(data []byte) []byte {
	if len(data) == 0 {
		return nil
	}
	words := make([]uint64, (len(data)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(data))
	copy(out, data)
	return out
}

// skipTensors passes over tensors and sees that they can be read.
func (c *cursor) skipTensors() {
	n := c.number()
	if n > maxTensors || n > uint64(len(c.rest)) {
		c.fail()
		return
	}
	for range n {
		c.skipTensor()
	}
}

func (c *cursor) skipTensor() {
	dt, dims := serve.Datatype(c.byte()), c.number()
	if dims > maxDimensions || dims > uint64(len(c.rest)) {
		c.fail()
		return
	}
	elements := uint64(1)
	for range dims {
		n := c.number()
		if hi, lo := bits.Mul64(elements, n); hi != 0 || lo > math.MaxInt64 {
			c.fail()
			return
		}
		elements *= n
	}
	if dt != serve.Bytes {
		if size := dt.Size(); size == 0 || uint64(len(c.text())) != elements*uint64(size) {
			c.fail()
		}
		return
	}
	if elements > uint64(len(c.rest)) {
		c.fail()
		return
	}
	for range elements {
		c.text()
	}
}
