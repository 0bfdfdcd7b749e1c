package serve_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/serve"
)

func TestTensorViews(t *testing.T) {
	x := serve.NewTensor("x", []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	if v, ok := serve.Data[float32](x); !ok || len(v) != 6 || v[5] != 6 {
		t.Errorf("float32 view %v %v", v, ok)
	}
	if _, ok := serve.Data[float64](x); ok {
		t.Error("FP32 was seen as float64")
	}
	if d := cmp.Diff([]any{[]any{1.0, 2.0, 3.0}, []any{4.0, 5.0, 6.0}}, x.Rows()); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	c := x.Clone()
	v, _ := serve.Data[float32](c)
	v[0] = 9
	if x.At(0) != 1.0 {
		t.Error("changing a clone changed the tensor")
	}
	y, err := x.Reshaped(3, 2)
	if err != nil || len(y.Rows().([]any)) != 3 {
		t.Errorf("reshaped %v (%v)", y, err)
	}
	if _, err := x.Reshaped(4, 2); err == nil {
		t.Error("6 elements were made 4x2")
	}
}

func TestMakeTensor(t *testing.T) {
	for _, shape := range [][]int{{-1}, {3}, {math.MaxInt, 2}, {math.MaxInt / 4, 4}} {
		if _, err := serve.MakeTensor("x", serve.FP32, shape, []float32{1, 2}); err == nil {
			t.Errorf("shape %v was taken for two elements", shape)
		}
	}
	if _, err := serve.MakeTensor("x", serve.Bytes, []int{0}, []byte(nil)); err == nil {
		t.Error("BYTES was made of memory")
	}
	h, err := serve.MakeTensor("x", serve.FP16, []int{1}, []uint16{0x3c00})
	if err != nil || h.At(0) != 1.0 {
		t.Errorf("half %v (%v)", h.At(0), err)
	}
	raw, err := serve.MakeTensor("x", serve.Int32, []int{2}, []byte{1, 0, 0, 0, 255, 255, 255, 255})
	if err != nil || raw.At(1) != int64(-1) {
		t.Errorf("raw %v (%v)", raw.At(1), err)
	}
	defer func() {
		if recover() == nil {
			t.Error("NewTensor took a shape that does not fit")
		}
	}()
	serve.NewTensor("x", []int64{1}, 2)
}

func TestConversions(t *testing.T) {
	for _, x := range []*serve.Tensor{
		serve.NewTensor("x", []float32{1, 2}), serve.NewTensor("x", []float64{1, 2}), serve.NewTensor("x", []int64{1, 2}), serve.NewTensor("x", []int32{1, 2}),
		serve.NewTensor("x", []int16{1, 2}), serve.NewTensor("x", []int8{1, 2}), serve.NewTensor("x", []uint64{1, 2}), serve.NewTensor("x", []uint32{1, 2}),
		serve.NewTensor("x", []uint16{1, 2}), serve.NewTensor("x", []uint8{1, 2}),
	} {
		f, err := x.Float32s(nil)
		if err != nil || f[0] != 1 || f[1] != 2 {
			t.Errorf("%v as float32: %v (%v)", x.Datatype, f, err)
		}
		d, err := x.Float64s(make([]float64, 1))
		if err != nil || len(d) != 2 || d[1] != 2 {
			t.Errorf("%v as float64: %v (%v)", x.Datatype, d, err)
		}
	}
	if _, err := serve.NewBytes("x", []string{"a"}).Float32s(nil); err == nil {
		t.Error("text was converted to numbers")
	}
}

// TestHalf goes through every binary16 number: widening is exact, and narrowing
// what was widened gives it back.
func TestHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		f := serve.HalfToFloat32(h)
		if exp := h >> 10 & 0x1f; exp == 0x1f && h&0x3ff != 0 {
			if f == f || serve.Float32ToHalf(f)&0x7c00 != 0x7c00 {
				t.Fatalf("%04x: NaN became %v", h, f)
			}
			continue
		}
		if want := wide(h); float64(f) != want {
			t.Fatalf("%04x is %v, want %v", h, f, want)
		}
		if back := serve.Float32ToHalf(f); back != h {
			t.Fatalf("%04x came back as %04x", h, back)
		}
	}
}

// wide is the value of a binary16 number by its definition.
func wide(h uint16) float64 {
	sign := 1.0
	if h>>15 == 1 {
		sign = -1
	}
	exp, frac := int(h>>10&0x1f), float64(h&0x3ff)
	switch exp {
	case 0:
		return sign * frac * math.Pow(2, -24)
	case 0x1f:
		return sign * math.Inf(1)
	}
	return sign * (1 + frac/1024) * math.Pow(2, float64(exp-15))
}

// TestHalfRounding goes through the neighbourhood of every tie.
func TestHalfRounding(t *testing.T) {
	for i := range uint32(0x7bff) {
		lo, hi := serve.HalfToFloat32(uint16(i)), serve.HalfToFloat32(uint16(i+1))
		mid := (lo + hi) / 2 // exact
		even := uint16(i + i&1)
		if got := serve.Float32ToHalf(mid); got != even {
			t.Fatalf("%v is a tie: %04x, want %04x", mid, got, even)
		}
		if got := serve.Float32ToHalf(math.Nextafter32(mid, 0)); uint32(got) != i {
			t.Fatalf("below the tie at %v: %04x, want %04x", mid, got, i)
		}
		if got := serve.Float32ToHalf(math.Nextafter32(mid, 1e9)); uint32(got) != i+1 {
			t.Fatalf("above the tie at %v: %04x, want %04x", mid, got, i+1)
		}
	}
	for f, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, float32(math.Inf(-1)): 0xfc00, 1e-30: 0} {
		if got := serve.Float32ToHalf(f); got != want {
			t.Errorf("%v: %04x, want %04x", f, got, want)
		}
	}
}

// TestMixed tells integers that stood among fractions from floats.
func TestMixed(t *testing.T) {
	x, err := serve.MakeTensor("", serve.FP64, []int{2, 2}, []float64{1, 2.5, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	x.SetSource([]byte(`[[1, 2.5],[3.0,4]]`), true)
	want := []any{int64(1), 2.5, 3.0, int64(4)}
	for i := range want {
		if got := x.At(i); got != want[i] {
			t.Errorf("element %d is %v (%T), want %v (%T)", i, got, got, want[i], want[i])
		}
	}
	if d := cmp.Diff(want, x.Values()); d != "" || !x.Mixed() {
		t.Errorf("all values (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]any{want[:2], want[2:]}, x.Rows()); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}
