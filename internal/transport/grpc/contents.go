package grpc

import (
	"cmp"
	"encoding/binary"
	"fmt"
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

// contents are the elements of a tensor that were sent one by one. They are read when
// the rest of the input has been, into memory for as many as its shape holds.
type contents struct {
	fields  uint              // which there are, as bits
	from    tensorwire.Cursor // at the first of them
	count   int               // elements of the input's datatype that there are
	raw     []byte            // those of a fixed size, as they lie in memory
	texts   []string          // those of BYTES
	bytes   []byte            // memory for what texts are copied to
	stored  bool              // there is memory for them: as many as are needed may come
	problem error             // what is wrong with the first that is wrong
}

// some says whether there are elements: MLServer's client sends contents without any
// beside raw ones.
func (k *contents) some() bool { return k != nil && k.fields != 0 }

func (k *contents) has(field int) bool { return k.fields&(1<<field) != 0 }

// minimal is how many bytes of a message an element takes at least.
func minimal(dt serve.Datatype) int {
	switch dt {
	case serve.FP32, serve.FP64:
		return dt.Size()
	case serve.Bytes:
		return 2
	}
	return 1
}

// readContents reads the elements of an input. All of a request may have as many bytes
// as there can be in raw_input_contents, which are those of a message at most: a byte of
// this one may be an element of eight, and 64 MiB of them half a gigabyte.
func (m *inferRequest) readContents(in *input) error {
	k := in.contents
	c := &k.from
	size := 4 // with which each of BYTES would begin
	if in.datatype != serve.Bytes {
		size = max(in.datatype.Size(), 1)
	}
	if in.elements <= c.Left()/minimal(in.datatype) { // or else there are fewer than that
		most := cmp.Or(m.most, DefaultMaxMessage)
		if in.elements > (most-m.taken)/size {
			return serve.Errorf(serve.TooLarge, "", "input %q: with its %d elements of %s those of the request have more than %d bytes", in.name, in.elements, in.datatype, most)
		}
		m.taken += in.elements * size
		k.stored = true
	}
	err := c.Message(func() error { return k.read(c, in) })
	for err == nil && !c.Done() {
		num, typ, e := c.Tag()
		switch {
		case e != nil:
			return e
		case num == 5 && typ == protowire.BytesType:
			err = c.Message(func() error { return k.read(c, in) })
		default:
			err = c.Skip(typ)
		}
	}
	k.from = tensorwire.Cursor{}
	return err
}

// read reads one field. A field may come in several parts, and numbers packed or
// one by one.
func (k *contents) read(c *tensorwire.Cursor, in *input) error {
	num, typ, err := c.Tag()
	if err != nil {
		return err
	}
	if num > bytesContents {
		return c.Skip(typ)
	}
	k.fields |= 1 << num
	if int(num) != contentsOf[in.datatype&0xf] { // which is said when all has been read
		return c.Skip(typ)
	}
	switch in.datatype {
	case serve.Bool:
		return varints(k, c, typ, in, func(v uint64) (bool, bool) { return v != 0, true })
	case serve.Int8:
		return varints(k, c, typ, in, signed[int8])
	case serve.Int16:
		return varints(k, c, typ, in, signed[int16])
	case serve.Int32:
		return varints(k, c, typ, in, signed[int32])
	case serve.Int64:
		return varints(k, c, typ, in, func(v uint64) (int64, bool) { return int64(v), true })
	case serve.Uint8:
		return varints(k, c, typ, in, unsigned[uint8])
	case serve.Uint16:
		return varints(k, c, typ, in, unsigned[uint16])
	case serve.Uint32:
		return varints(k, c, typ, in, unsigned[uint32])
	case serve.Uint64:
		return varints(k, c, typ, in, func(v uint64) (uint64, bool) { return v, true })
	case serve.FP32:
		return k.fixed(c, typ, protowire.Fixed32Type, in)
	case serve.FP64:
		return k.fixed(c, typ, protowire.Fixed64Type, in)
	}
	return k.text(c, typ, in)
}

// signed is an element of int_contents, and whether its datatype holds it.
func signed[T int8 | int16 | int32](v uint64) (T, bool) {
	t := T(v)
	return t, int32(t) == int32(v)
}

// unsigned is one of uint_contents.
func unsigned[T uint8 | uint16 | uint32](v uint64) (T, bool) {
	t := T(v)
	return t, uint32(t) == uint32(v)
}

// memory is where the elements are, as far as there is room for them.
func (k *contents) memory(c *tensorwire.Cursor, in *input) []byte {
	if k.raw == nil && k.stored {
		k.raw = c.Room().Make(in.elements * in.datatype.Size())
	}
	return k.raw
}

// elements is the memory for elements as them. Behind those that the shape holds they
// are only counted.
func elements[T serve.Element](k *contents, c *tensorwire.Cursor, in *input) []T {
	raw := k.memory(c, in)
	if len(raw) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&raw[0])), in.elements)
}

// varints reads the numbers of a field that are written with as many bytes as
// they need.
func varints[T serve.Element](k *contents, c *tensorwire.Cursor, typ protowire.Type, in *input, decode func(uint64) (T, bool)) error {
	dst := elements[T](k, c, in)
	if typ == protowire.VarintType {
		v, err := c.Varint()
		put(k, in, dst, v, decode)
		return err
	}
	if typ != protowire.BytesType {
		return tensorwire.ErrMalformed
	}
	return c.Message(func() error {
		v, err := c.Varint()
		put(k, in, dst, v, decode)
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
			put(k, in, dst, v, decode)
		}
		return err
	})
}

// put takes the next element of varints.
func put[T serve.Element](k *contents, in *input, dst []T, v uint64, decode func(uint64) (T, bool)) {
	t, ok := decode(v)
	if k.count < len(dst) {
		dst[k.count] = t
	}
	if !ok && k.problem == nil {
		k.problem = in.overflow(k.count, v)
	}
	k.count++
}

// overflow is what is wrong with element i, which the datatype does not hold.
func (in *input) overflow(i int, v uint64) error {
	shown := int64(uint32(v))
	if contentsOf[in.datatype&0xf] == intContents {
		shown = int64(int32(v))
	}
	return fmt.Errorf("element %d is %d, not an integer that %s holds", i, shown, in.datatype)
}

// fixed reads the numbers of a field that all have one size: packed as they lie in
// memory, or one.
func (k *contents) fixed(c *tensorwire.Cursor, typ, one protowire.Type, in *input) (err error) {
	size := in.datatype.Size()
	n := size
	switch typ {
	case one:
	case protowire.BytesType:
		if n, err = c.Length(); err != nil {
			return err
		}
	default:
		return tensorwire.ErrMalformed
	}
	if n%size != 0 {
		return tensorwire.ErrMalformed
	}
	var dst []byte // nil passes over them
	if raw := k.memory(c, in); k.count <= in.elements && n <= len(raw)-k.count*size {
		dst = raw[k.count*size:]
	}
	k.count += n / size
	return c.CopyTo(dst, n)
}

// text reads one element of BYTES.
func (k *contents) text(c *tensorwire.Cursor, typ protowire.Type, in *input) (err error) {
	if typ != protowire.BytesType {
		return tensorwire.ErrMalformed
	}
	if k.texts == nil && k.stored {
		k.texts = make([]string, in.elements)
	}
	k.count++
	if k.count > len(k.texts) {
		return c.Skip(typ)
	}
	k.texts[k.count-1], k.bytes, err = c.BlobIn(k.bytes)
	return err
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
	switch {
	case k.problem != nil:
		return k.problem
	case k.count != in.elements:
		return in.miscounted(k.count)
	case in.datatype == serve.Bytes:
		return texts(t, in, k.texts)
	}
	return serve.InitTensor(t, in.name, in.datatype, in.shape, k.raw)
}

func texts(t *serve.Tensor, in *input, elems []string) (err error) {
	if len(elems) != in.elements {
		return in.miscounted(len(elems))
	}
	*t, err = serve.MakeBytes(in.name, in.shape, elems)
	return err
}
