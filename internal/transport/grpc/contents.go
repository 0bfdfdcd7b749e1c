package grpc

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/serve"
)

// The fields of InferTensorContents.
const (
	boolContents = iota + 1
	intContents
	int64Contents
	uintContents
	uint64Contents
	fp32Contents
	fp64Contents
	bytesContents
)

var contentsNames = [...]string{
	boolContents: "bool_contents", intContents: "int_contents", int64Contents: "int64_contents", uintContents: "uint_contents",
	uint64Contents: "uint64_contents", fp32Contents: "fp32_contents", fp64Contents: "fp64_contents", bytesContents: "bytes_contents",
}

// contentsOf is the field that the elements of a datatype are in; 0 for those
// that have none.
var contentsOf = [...]int{
	serve.Bool: boolContents, serve.Int8: intContents, serve.Int16: intContents, serve.Int32: intContents, serve.Int64: int64Contents,
	serve.Uint8: uintContents, serve.Uint16: uintContents, serve.Uint32: uintContents, serve.Uint64: uint64Contents,
	serve.FP32: fp32Contents, serve.FP64: fp64Contents, serve.Bytes: bytesContents,
}

// contents are the elements of a tensor that were sent one by one.
type contents struct {
	fields  uint // which there are, as bits
	bools   []bool
	ints    []int32
	longs   []int64
	uints   []uint32
	ulongs  []uint64
	floats  []float32
	doubles []float64
	texts   []string
}

// some says whether there are elements: MLServer's client sends contents without any
// beside raw ones.
func (k *contents) some() bool { return k != nil && k.fields != 0 }

func (k *contents) has(field int) bool { return k.fields&(1<<field) != 0 }

// read reads one field. A field may come in several parts, and numbers packed or
// one by one.
func (k *contents) read(c *tensorwire.Cursor) error {
	num, typ, err := c.Tag()
	if err != nil {
		return err
	}
	if num > bytesContents {
		return c.Skip(typ)
	}
	field := int(num)
	k.fields |= 1 << field
	switch field {
	case boolContents:
		k.bools, err = varints(c, typ, k.bools, protowire.DecodeBool)
	case intContents:
		k.ints, err = varints(c, typ, k.ints, func(v uint64) int32 { return int32(v) })
	case int64Contents:
		k.longs, err = varints(c, typ, k.longs, func(v uint64) int64 { return int64(v) })
	case uintContents:
		k.uints, err = varints(c, typ, k.uints, func(v uint64) uint32 { return uint32(v) })
	case uint64Contents:
		k.ulongs, err = varints(c, typ, k.ulongs, func(v uint64) uint64 { return v })
	case fp32Contents:
		k.floats, err = fixed(c, typ, protowire.Fixed32Type, k.floats, func() (float32, error) {
			v, err := c.Fixed32()
			return math.Float32frombits(v), err
		})
	case fp64Contents:
		k.doubles, err = fixed(c, typ, protowire.Fixed64Type, k.doubles, func() (float64, error) {
			v, err := c.Fixed64()
			return math.Float64frombits(v), err
		})
	case bytesContents:
		if typ != protowire.BytesType {
			return tensorwire.ErrMalformed
		}
		var s string
		s, err = c.Blob()
		k.texts = append(k.texts, s)
	}
	return err
}

// varints appends the numbers of a field that are written with as many bytes as
// they need.
func varints[T serve.Element](c *tensorwire.Cursor, typ protowire.Type, dst []T, decode func(uint64) T) ([]T, error) {
	if typ == protowire.VarintType {
		v, err := c.Varint()
		return append(dst, decode(v)), err
	}
	if typ != protowire.BytesType {
		return dst, tensorwire.ErrMalformed
	}
	err := c.Message(func() error {
		if dst == nil {
			dst = make([]T, 0, c.Varints())
		}
		v, err := c.Varint()
		dst = append(dst, decode(v))
		for err == nil {
			here := c.Here()
			if len(here) < binary.MaxVarintLen64 {
				return nil // its end: again from the start
			}
			n := 1
			if v = uint64(here[0]); v >= 0x80 {
				if v, n = protowire.ConsumeVarint(here); n < 0 {
					return tensorwire.ErrMalformed
				}
			}
			c.Advance(n)
			dst = append(dst, decode(v))
		}
		return err
	})
	return dst, err
}

// fixed appends the numbers of a field that all have the size of T: packed as
// they lie in memory, or one, which next reads.
func fixed[T float32 | float64](c *tensorwire.Cursor, typ, one protowire.Type, dst []T, next func() (T, error)) ([]T, error) {
	if typ == one {
		v, err := next()
		return append(dst, v), err
	}
	if typ != protowire.BytesType {
		return dst, tensorwire.ErrMalformed
	}
	n, err := c.Length()
	if err != nil || n == 0 {
		return dst, err
	}
	size := int(unsafe.Sizeof(dst[0]))
	if n%size != 0 {
		return dst, tensorwire.ErrMalformed
	}
	raw, err := c.Take(n)
	if err != nil {
		return dst, err
	}
	elems := unsafe.Slice((*T)(unsafe.Pointer(&raw[0])), n/size)
	if dst == nil {
		return elems, nil
	}
	return append(dst, elems...), nil
}

// tensor makes t a tensor of the elements.
func (k *contents) tensor(t *serve.Tensor, in *input) error {
	want := contentsOf[in.datatype&0xf]
	if want == 0 {
		return fmt.Errorf("%s can only be sent in raw_input_contents", in.datatype)
	}
	for field := boolContents; field <= bytesContents; field++ {
		if k.has(field) && field != want {
			return fmt.Errorf("the elements are in %s, but those of %s are sent in %s", contentsNames[field], in.datatype, contentsNames[want])
		}
	}
	switch in.datatype {
	case serve.Bool:
		return filled(t, in, k.bools)
	case serve.Int8:
		return narrowed[int8](t, in, k.ints, math.MinInt8, math.MaxInt8)
	case serve.Int16:
		return narrowed[int16](t, in, k.ints, math.MinInt16, math.MaxInt16)
	case serve.Int32:
		return filled(t, in, k.ints)
	case serve.Int64:
		return filled(t, in, k.longs)
	case serve.Uint8:
		return narrowed[uint8](t, in, k.uints, 0, math.MaxUint8)
	case serve.Uint16:
		return narrowed[uint16](t, in, k.uints, 0, math.MaxUint16)
	case serve.Uint32:
		return filled(t, in, k.uints)
	case serve.Uint64:
		return filled(t, in, k.ulongs)
	case serve.FP32:
		return filled(t, in, k.floats)
	case serve.FP64:
		return filled(t, in, k.doubles)
	}
	return texts(t, in, k.texts)
}

func filled[T serve.Element](t *serve.Tensor, in *input, elems []T) error {
	if len(elems) != in.elements {
		return in.miscounted(len(elems))
	}
	return serve.InitTensor(t, in.name, in.datatype, in.shape, elems)
}

func texts(t *serve.Tensor, in *input, elems []string) (err error) {
	if len(elems) != in.elements {
		return in.miscounted(len(elems))
	}
	*t, err = serve.MakeBytes(in.name, in.shape, elems)
	return err
}

// narrowed is filled for datatypes that are sent in a larger one.
func narrowed[T int8 | int16 | uint8 | uint16, W int32 | uint32](t *serve.Tensor, in *input, wide []W, lo, hi W) error {
	elems := make([]T, len(wide))
	for i, v := range wide {
		if v < lo || v > hi {
			return fmt.Errorf("element %d is %d, not an integer that %s holds", i, v, in.datatype)
		}
		elems[i] = T(v)
	}
	return filled(t, in, elems)
}
