package onnxml

import (
	"math"
	"testing"
)

func TestExp32(t *testing.T) {
	for v := float32(-104); v < 88.7; v += 0.0137 {
		want := math.Exp(float64(v))
		got := float64(exp32(v))
		if d := math.Abs(got - want); d > 0.51*0x1p-23*want+0x1p-149 {
			t.Fatalf("e^%v is %v, want %v", v, got, want)
		}
	}
	for _, test := range [][2]float32{
		{0, 1}, {float32(math.Inf(1)), float32(math.Inf(1))}, {float32(math.Inf(-1)), 0}, {100, float32(math.Inf(1))}, {-110, 0},
	} {
		if got := exp32(test[0]); got != test[1] {
			t.Errorf("e^%v is %v, want %v", test[0], got, test[1])
		}
	}
	if v := exp32(float32(math.NaN())); v == v {
		t.Errorf("e^NaN is %v", v)
	}
}

// TestExp32Bits compares with what glibc 2.36 answers: numbers whose nearest
// float32 is another.
func TestExp32Bits(t *testing.T) {
	for _, test := range exp32Bits {
		if got := math.Float32bits(exp32(math.Float32frombits(test[0]))); got != test[1] {
			t.Errorf("e^%v is %#x, want %#x", math.Float32frombits(test[0]), got, test[1])
		}
	}
}

// of 400,000 numbers, 237 are such
var exp32Bits = [][2]uint32{
	{0x41174fea, 0x4647f644},
	{0xc1070f87, 0x396240b5},
	{0x4040c9ab, 0x41a2aca3},
	{0x40fe3837, 0x45303a23},
	{0x40ac65d3, 0x435aa405},
	{0x4140d5eb, 0x4827762e},
	{0xc13dc95d, 0x36ecc0d7},
	{0x40aa5103, 0x434cdf6e},
	{0xc1146f90, 0x38c4251b},
	{0x417c73d4, 0x4ad94138},
	{0x409200da, 0x42bfaa58},
	{0x4101cb07, 0x4550676c},
}
