package serve

import (
	"fmt"
	"math"
)

// Float32s returns the elements as float32: a view when the tensor is FP32
// (read it only), else a conversion written over dst, which may be nil. BOOL
// counts as 0 and 1; BYTES is an error.
func (t *Tensor) Float32s(dst []float32) ([]float32, error) {
	if t.Datatype == FP32 {
		return view[float32](t.Raw()), nil
	}
	return convert(t, dst)
}

// Float64s is [Tensor.Float32s] for float64 and FP64.
func (t *Tensor) Float64s(dst []float64) ([]float64, error) {
	if t.Datatype == FP64 {
		return view[float64](t.Raw()), nil
	}
	return convert(t, dst)
}

func convert[F float32 | float64](t *Tensor, dst []F) ([]F, error) {
	dst = sized(dst, t.Len())
	switch t.Datatype {
	case FP32:
		numbers[float32](dst, t.Raw())
	case FP64:
		numbers[float64](dst, t.Raw())
	case Int64:
		numbers[int64](dst, t.Raw())
	case Int32:
		numbers[int32](dst, t.Raw())
	case Int16:
		numbers[int16](dst, t.Raw())
	case Int8:
		numbers[int8](dst, t.Raw())
	case Uint64:
		numbers[uint64](dst, t.Raw())
	case Uint32:
		numbers[uint32](dst, t.Raw())
	case Uint16:
		numbers[uint16](dst, t.Raw())
	case Uint8, Bool:
		numbers[uint8](dst, t.Raw())
	case FP16:
		halves(dst, t.Raw(), HalfToFloat32)
	case BF16:
		halves(dst, t.Raw(), func(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) })
	default:
		return nil, fmt.Errorf("tensor %q of %s has no numbers", t.Name, t.Datatype)
	}
	return dst, nil
}

func sized[T any](dst []T, n int) []T {
	if cap(dst) < n {
		return make([]T, n)
	}
	return dst[:n]
}

func numbers[E uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64, F float32 | float64](dst []F, data []byte) {
	for i, v := range view[E](data) {
		dst[i] = F(v)
	}
}

func halves[F float32 | float64](dst []F, data []byte, widen func(uint16) float32) {
	for i, v := range view[uint16](data) {
		dst[i] = F(widen(v))
	}
}

// HalfToFloat32 widens an IEEE 754 binary16 number, exactly.
func HalfToFloat32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10)&0x1f, uint32(h&0x3ff)
	switch {
	case exp == 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	}
	f := float32(frac) * (1.0 / (1 << 24)) // zero and the subnormals
	return math.Float32frombits(math.Float32bits(f) | sign)
}

// At returns element i of the flat data as nil-free Go value: int64, uint64,
// float64, bool or string. A whole number that JSON wrote without a fraction
// comes back as int64 even where its neighbours made the tensor FP64.
func (t *Tensor) At(i int) any {
	switch t.Datatype {
	case Bytes:
		return t.Strings()[i]
	case Bool:
		return t.Raw()[i] != 0
	case Int64:
		return view[int64](t.Raw())[i]
	case Uint64:
		return view[uint64](t.Raw())[i]
	case FP64:
		return t.wide(i)
	}
	return t.narrow(i)
}

func (t *Tensor) wide(i int) any {
	f := view[float64](t.Raw())[i]
	if t.mixed && f == math.Trunc(f) && math.Abs(f) < 1<<53 && t.wroteInteger(i) {
		return int64(f)
	}
	return f
}

func (t *Tensor) narrow(i int) any {
	switch t.Datatype {
	case FP32:
		return float64(view[float32](t.Raw())[i])
	case Int32:
		return int64(view[int32](t.Raw())[i])
	case Int16:
		return int64(view[int16](t.Raw())[i])
	case Int8:
		return int64(view[int8](t.Raw())[i])
	case Uint32:
		return int64(view[uint32](t.Raw())[i])
	case Uint16:
		return int64(view[uint16](t.Raw())[i])
	case Uint8:
		return int64(t.Raw()[i])
	case FP16:
		return float64(HalfToFloat32(view[uint16](t.Raw())[i]))
	case BF16:
		return float64(math.Float32frombits(uint32(view[uint16](t.Raw())[i]) << 16))
	}
	return nil
}

// wroteInteger finds element i in the JSON text and says whether it was
// written as an integer. Only mixed tensors pay for it.
func (t *Tensor) wroteInteger(i int) (integer bool) {
	t.spellings(func(whole bool) bool {
		integer = whole
		i--
		return i >= 0
	})
	return integer && i < 0
}

// spellings tells yield of each element of the JSON text whether it was written
// as an integer, until yield has had enough.
func (t *Tensor) spellings(yield func(integer bool) bool) {
	inside, integer := false, false
	for _, c := range t.src {
		switch {
		case c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E' || c >= 'a' && c <= 'z':
			if !inside {
				inside, integer = true, true
			}
			if c == '.' || c == 'e' || c == 'E' || c == 'n' {
				integer = false
			}
		case inside:
			if inside = false; !yield(integer) {
				return
			}
		}
	}
}

// Mixed says whether the tensor is FP64 only because some of its elements have
// fractions: then finding one element takes [Tensor.At] a pass over the text.
func (t *Tensor) Mixed() bool { return t.mixed }

// Values returns every element as [Tensor.At] has it, in one pass.
func (t *Tensor) Values() []any {
	out := make([]any, t.Len())
	if !t.mixed {
		for i := range out {
			out[i] = t.At(i)
		}
		return out
	}
	floats := view[float64](t.Raw())
	for i, f := range floats {
		out[i] = f
	}
	i := 0
	t.spellings(func(integer bool) bool {
		if f := floats[i]; integer && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			out[i] = int64(f)
		}
		i++
		return i < len(out)
	})
	return out
}

// Rows returns the tensor as nested Go slices, outermost dimension first: for
// code that wants plain values. A scalar tensor is its one element; a tensor
// without elements is an empty slice.
func (t *Tensor) Rows() any {
	if t.Len() == 0 {
		return []any{}
	}
	if len(t.Shape) == 0 {
		return t.At(0)
	}
	rows, _ := nest(t.Values(), t.Shape)
	return rows
}

// nest takes from flat what has that shape, of one dimension at least.
func nest(flat []any, shape []int) (list, rest []any) {
	if len(shape) == 1 {
		return flat[:shape[0]:shape[0]], flat[shape[0]:]
	}
	list = make([]any, shape[0])
	for i := range list {
		list[i], flat = nest(flat, shape[1:])
	}
	return list, flat
}

// Float32ToHalf rounds to IEEE 754 binary16, to the nearest and to even in a
// tie; what is too large becomes an infinity.
func Float32ToHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	abs := bits & 0x7fffffff
	switch {
	case abs > 0x7f800000: // NaN stays one
		return sign | 0x7e00
	case abs >= 0x477ff000: // rounds to 65536 or more
		return sign | 0x7c00
	case abs >= 0x38800000: // normal
		abs -= 112 << 23
		return sign | uint16((abs+0xfff+(abs>>13&1))>>13)
	}
	// Subnormal: adding 0.5 aligns the bits so that the addition itself rounds.
	sum := math.Float32frombits(abs) + 0.5
	return sign | uint16(math.Float32bits(sum)-math.Float32bits(0.5))
}

// Float32ToBF16 rounds to bfloat16, to the nearest and to even in a tie.
func Float32ToBF16(f float32) uint16 {
	bits := math.Float32bits(f)
	if f != f {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + (bits >> 16 & 1)) >> 16)
}
