package serve

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// A Tensor is a dense, row-major array. It is immutable once it is part of a
// request or a response: those may be shared between branches of a graph and
// with recorders, so a model that wants to change one changes a [Tensor.Clone].
// Reading is safe from any number of goroutines.
type Tensor struct {
	Name     string
	Datatype Datatype
	texts    bool // the elements are strings
	mixed    bool // FP64 made of integers and fractions: an element may have been an integer
	// Shape has one length a dimension; empty for a scalar. Read it only.
	Shape []int
	// Parameters are what a client sent with the tensor; usually nil.
	Parameters map[string]any

	// The elements are at data: size bytes in memory order, aligned to the size of
	// one, or so many strings. Slices would make a tensor half as large again, and
	// every small request has one.
	data unsafe.Pointer
	size int
	src  string // the JSON text that the elements were read from, written back as it is
}

// An Element is a Go type that a tensor's elements can be seen as.
type Element interface {
	bool | uint8 | uint16 | uint32 | uint64 |
		int8 | int16 | int32 | int64 | float32 | float64
}

// NewTensor returns a tensor over data, which it takes over without a copy.
// Without a shape the tensor is one-dimensional. It panics when shape and data
// disagree, since only a mistake in the program can make them.
func NewTensor[T Element](name string, data []T, shape ...int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	t, err := MakeTensor(name, datatypeOf[T](), shape, asBytes(data))
	if err != nil {
		panic("serve: NewTensor: " + err.Error()) //nolint:forbidigo // a mistake in the program, as documented
	}
	return &t
}

// NewBytes returns a BYTES tensor over elems, which it takes over. Without a
// shape it is one-dimensional. It panics when shape and elems disagree.
func NewBytes(name string, elems []string, shape ...int) *Tensor {
	if len(shape) == 0 {
		shape = []int{len(elems)}
	}
	if n, ok := Elements(shape); !ok || n != len(elems) {
		panic(fmt.Sprintf("serve: NewBytes: shape %v does not hold %d elements", shape, len(elems))) //nolint:forbidigo // a mistake in the program, as documented
	}
	t := &Tensor{Name: name, Datatype: Bytes, Shape: shape}
	t.setStrings(elems)
	return t
}

// MakeTensor returns a tensor of the datatype over data, which it takes over: it
// is how codecs build tensors. T is the Go type of the datatype, uint16 for FP16
// and BF16, or uint8 for the raw little-endian memory of any datatype but Bytes,
// which must be aligned to the element's size.
func MakeTensor[T Element](name string, dt Datatype, shape []int, data []T) (Tensor, error) {
	var t Tensor
	err := InitTensor(&t, name, dt, shape, data)
	return t, err
}

// InitTensor is [MakeTensor] in place: t, a zero tensor, becomes the tensor.
func InitTensor[T Element](t *Tensor, name string, dt Datatype, shape []int, data []T) error {
	n, ok := Elements(shape)
	size := dt.Size()
	if !ok || size == 0 || n > math.MaxInt/8 {
		return fmt.Errorf("shape %v of %s is not one a tensor can have", shape, dt)
	}
	raw := asBytes(data)
	if n*size != len(raw) {
		return fmt.Errorf("shape %v holds %d elements of %s, but there are %d", shape, n, dt, len(raw)/size)
	}
	t.Name, t.Datatype, t.Shape = name, dt, shape
	t.setRaw(raw)
	return nil
}

// InitOver is InitTensor over the first bytes of words, which are zero.
func InitOver(t *Tensor, name string, dt Datatype, shape []int, words []uint64) error {
	n, ok := Elements(shape)
	if raw := asBytes(words); ok && n <= len(raw) && n*dt.Size() <= len(raw) {
		return InitTensor(t, name, dt, shape, raw[:n*dt.Size()])
	}
	return fmt.Errorf("shape %v of %s does not fit into %d bytes", shape, dt, 8*len(words))
}

// MakeBytes is [MakeTensor] for BYTES.
func MakeBytes(name string, shape []int, elems []string) (Tensor, error) {
	n, ok := Elements(shape)
	if !ok || n != len(elems) {
		return Tensor{}, fmt.Errorf("shape %v holds %d elements of BYTES, but there are %d", shape, n, len(elems))
	}
	t := Tensor{Name: name, Datatype: Bytes, Shape: shape}
	t.setStrings(elems)
	return t, nil
}

func (t *Tensor) setRaw(raw []byte) {
	t.data, t.size, t.texts = unsafe.Pointer(unsafe.SliceData(raw)), len(raw), false
}

func (t *Tensor) setStrings(elems []string) {
	t.data, t.size, t.texts = unsafe.Pointer(unsafe.SliceData(elems)), len(elems), true
}

// SetSource makes t remember the JSON text of its data, which is written back
// byte for byte as long as the tensor is passed on unchanged. mixed says that
// the text held integers and fractions side by side. It is for codecs, while
// they make a tensor.
func (t *Tensor) SetSource(src []byte, mixed bool) {
	t.src, t.mixed = unsafe.String(unsafe.SliceData(src), len(src)), mixed // requests never change
}

// Source is the JSON text that the data was read from; nil when there is none.
// Read it only.
func (t *Tensor) Source() []byte {
	if t.src == "" {
		return nil
	}
	return unsafe.Slice(unsafe.StringData(t.src), len(t.src))
}

// Named returns t under another name; the elements are shared.
func (t *Tensor) Named(name string) *Tensor {
	if t.Name == name {
		return t
	}
	c := *t
	c.Name = name
	return &c
}

// Reshaped returns t with another shape over the same elements.
func (t *Tensor) Reshaped(shape ...int) (*Tensor, error) {
	n, ok := Elements(shape)
	if !ok || n != t.Len() {
		return nil, fmt.Errorf("shape %v does not hold the %d elements of shape %v", shape, t.Len(), t.Shape)
	}
	c := *t
	c.Shape, c.src = shape, ""
	return &c, nil
}

// Clone returns a copy whose elements may be changed through [Data].
func (t *Tensor) Clone() *Tensor {
	c := *t
	c.Shape = slices.Clone(t.Shape)
	c.src = ""
	if t.texts {
		c.setStrings(slices.Clone(t.Strings()))
		return &c
	}
	words := make([]uint64, (t.size+7)/8) // aligned for every datatype
	c.setRaw(asBytes(words)[:t.size])
	copy(c.Raw(), t.Raw())
	return &c
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	if t.texts {
		return t.size
	}
	if size := t.Datatype.Size(); size > 0 {
		return t.size / size
	}
	return 0
}

// Raw is the memory of the elements, little-endian; nil for BYTES. Read it only.
func (t *Tensor) Raw() []byte {
	if t.texts {
		return nil
	}
	return unsafe.Slice((*byte)(t.data), t.size)
}

// Strings are the elements of a BYTES tensor; nil for others. Read them only.
func (t *Tensor) Strings() []string {
	if !t.texts {
		return nil
	}
	return unsafe.Slice((*string)(t.data), t.size)
}

// Data sees the elements as []T without a copy; ok is false when T is not the
// Go type of the tensor's datatype. FP16 and BF16 are seen as uint16. Read the
// elements only, unless the tensor is your own clone.
func Data[T Element](t *Tensor) (elems []T, ok bool) {
	want := datatypeOf[T]()
	half := want == Uint16 && (t.Datatype == FP16 || t.Datatype == BF16)
	if want != t.Datatype && !half {
		return nil, false
	}
	return view[T](t.Raw()), true
}

// Elements is the number of elements that shape holds; ok is false when a
// length is negative or the product overflows.
func Elements(shape []int) (n int, ok bool) {
	n = 1
	empty := false
	for _, d := range shape {
		if d == 0 { // the other lengths have to make a number all the same
			empty = true
			continue
		}
		hi, lo := bits.Mul(uint(n), uint(d)) // a division takes as long as the rest of a small request's check
		if d < 0 || hi != 0 || lo > math.MaxInt {
			return 0, false
		}
		n = int(lo)
	}
	if empty {
		n = 0
	}
	return n, true
}

func datatypeOf[T Element]() Datatype {
	var zero T
	switch any(zero).(type) { // looked through in this order
	case float64:
		return FP64
	case float32:
		return FP32
	case int64:
		return Int64
	case bool:
		return Bool
	case uint8:
		return Uint8
	case uint16:
		return Uint16
	case uint32:
		return Uint32
	case uint64:
		return Uint64
	case int8:
		return Int8
	case int16:
		return Int16
	case int32:
		return Int32
	}
	return Invalid
}

// asBytes sees elems as bytes. Every platform that leat runs on is
// little-endian (amd64 and arm64), as the protocol's binary form is.
func asBytes[T Element](elems []T) []byte {
	if len(elems) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&elems[0])), len(elems)*int(unsafe.Sizeof(elems[0])))
}

func view[T Element](data []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(data))), len(data)/int(unsafe.Sizeof(zero)))
}
