package ensemble_test

import (
	"testing"

	"github.com/leat-ml/leat/ensemble"
	"github.com/leat-ml/leat/serve"
)

// of makes a vector of a datatype; six elements, which are more than a few.
func of(t *testing.T, dt serve.Datatype, x float64) *serve.Tensor {
	t.Helper()
	n := 6
	switch dt {
	case serve.Uint8:
		return fill[uint8](n, x)
	case serve.Uint16:
		return fill[uint16](n, x)
	case serve.Uint32:
		return fill[uint32](n, x)
	case serve.Uint64:
		return fill[uint64](n, x)
	case serve.Int8:
		return fill[int8](n, x)
	case serve.Int16:
		return fill[int16](n, x)
	case serve.Int32:
		return fill[int32](n, x)
	case serve.Int64:
		return fill[int64](n, x)
	case serve.FP32:
		return fill[float32](n, x)
	case serve.FP64:
		return fill[float64](n, x)
	}
	bits := serve.Float32ToHalf(float32(x))
	if dt == serve.BF16 {
		bits = serve.Float32ToBF16(float32(x))
	}
	halves := make([]uint16, n)
	for i := range halves {
		halves[i] = bits
	}
	h, err := serve.MakeTensor("y", dt, []int{n}, halves)
	if err != nil {
		t.Fatal(err)
	}
	return &h
}

func fill[T uint8 | uint16 | uint32 | uint64 | int8 | int16 | int32 | int64 | float32 | float64](n int, x float64) *serve.Tensor {
	v := make([]T, n)
	for i := range v {
		v[i] = T(x)
	}
	return serve.NewTensor("y", v)
}

// TestDatatypes: every numeric datatype has a majority, of its own datatype where
// JSON has it, and a mean.
func TestDatatypes(t *testing.T) {
	for dt := serve.Uint8; dt < serve.Bytes; dt++ {
		answers := values(tensors{of(t, dt, 3), of(t, dt, 6), of(t, dt, 6)})
		p := panel(t, 3)
		won, err := p.Combine(ensemble.Classification, answers, false)
		if err != nil {
			t.Fatal(err)
		}
		winner := dt
		if dt == serve.FP16 || dt == serve.BF16 {
			winner = serve.FP32
		}
		same(t, of(t, winner, 6), won, 0)
		mean, err := p.Combine(ensemble.Regression, answers, false)
		if err != nil {
			t.Fatal(err)
		}
		averaged := serve.FP64
		if winner == serve.FP32 {
			averaged = serve.FP32
		}
		same(t, of(t, averaged, 5), mean, 0)
	}
}
