package v2

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/serve"
)

// cast converts a tensor of INT64, UINT64 or FP64 to the datatype that a model
// takes. Floats round to the nearest; integers must be exact and in range.
func cast(t *serve.Tensor, dt serve.Datatype) (*serve.Tensor, error) {
	if t.Datatype == serve.Bytes || t.Datatype == serve.Bool || dt == serve.Bytes {
		return nil, fmt.Errorf("%s cannot be made %s", t.Datatype, dt)
	}
	switch dt {
	case serve.FP32:
		v, err := t.Float32s(nil)
		return like(t, v, err)
	case serve.FP64:
		v, err := t.Float64s(nil)
		return like(t, v, err)
	case serve.FP16, serve.BF16:
		return half(t, dt)
	case serve.Bool:
		return truth(t)
	case serve.Int64:
		return whole[int64](t, dt, math.MinInt64, math.MaxInt64)
	case serve.Int32:
		return whole[int32](t, dt, math.MinInt32, math.MaxInt32)
	case serve.Int16:
		return whole[int16](t, dt, math.MinInt16, math.MaxInt16)
	case serve.Int8:
		return whole[int8](t, dt, math.MinInt8, math.MaxInt8)
	case serve.Uint64:
		return whole[uint64](t, dt, 0, math.MaxInt64)
	case serve.Uint32:
		return whole[uint32](t, dt, 0, math.MaxUint32)
	case serve.Uint16:
		return whole[uint16](t, dt, 0, math.MaxUint16)
	case serve.Uint8:
		return whole[uint8](t, dt, 0, math.MaxUint8)
	}
	return nil, fmt.Errorf("%s cannot be made %s", t.Datatype, dt)
}

func like[T serve.Element](t *serve.Tensor, v []T, err error) (*serve.Tensor, error) {
	if err != nil {
		return nil, err
	}
	flat := serve.NewTensor(t.Name, v)
	return flat.Reshaped(t.Shape...)
}

func whole[T serve.Element](t *serve.Tensor, dt serve.Datatype, lo, hi int64) (*serve.Tensor, error) {
	v := make([]T, t.Len())
	for i := range v {
		n, ok := asInt64(t.At(i))
		if !ok || n < lo || n > hi {
			return nil, fmt.Errorf("element %d is %s, not an integer that %s holds", i, shown(t.At(i)), dt)
		}
		v[i] = narrow[T](n)
	}
	return like(t, v, nil)
}

func narrow[T serve.Element](n int64) T {
	var out T
	switch p := any(&out).(type) {
	case *int64:
		*p = n
	case *int32:
		*p = int32(n)
	case *int16:
		*p = int16(n)
	case *int8:
		*p = int8(n)
	case *uint64:
		*p = uint64(n)
	case *uint32:
		*p = uint32(n)
	case *uint16:
		*p = uint16(n)
	case *uint8:
		*p = uint8(n)
	}
	return out
}

func truth(t *serve.Tensor) (*serve.Tensor, error) {
	v := make([]bool, t.Len())
	for i := range v {
		b, ok := asBool(t.At(i))
		if !ok {
			return nil, fmt.Errorf("element %d is %s, not a boolean", i, shown(t.At(i)))
		}
		v[i] = b
	}
	return like(t, v, nil)
}

// half rounds to FP16 or BF16, to the nearest and to even in a tie.
func half(t *serve.Tensor, dt serve.Datatype) (*serve.Tensor, error) {
	f, err := t.Float32s(nil)
	if err != nil {
		return nil, err
	}
	v := make([]uint16, len(f))
	for i, x := range f {
		if dt == serve.FP16 {
			v[i] = serve.Float32ToHalf(x)
		} else {
			v[i] = serve.Float32ToBF16(x)
		}
	}
	out, err := serve.MakeTensor(t.Name, dt, t.Shape, v)
	return &out, err
}
