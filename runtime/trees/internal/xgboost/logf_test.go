package xgboost

import (
	"math"
	"testing"
)

// TestLogf compares with what glibc 2.36 answers: the numbers after the first
// three are some whose nearest float32 is another.
func TestLogf(t *testing.T) {
	for _, test := range [][2]uint32{
		{0x3efb645a, 0xbf36187d}, {0x37073fbc, 0xc13ba797}, {0x45581290, 0x41025f0a},
		{0x400af680, 0x3f467b9f}, {0x3f83a247, 0x3ce55447}, {0x3f83a6ba, 0x3ce66926},
		{0x3e9a1412, 0xbf99b5e1}, {0x3f84b338, 0x3d13b4f0}, {0x3f800000, 0},
	} {
		if got := math.Float32bits(logf(math.Float32frombits(test[0]))); got != test[1] {
			t.Errorf("logf(%v) is %#x, want %#x", math.Float32frombits(test[0]), got, test[1])
		}
	}
	for x := float32(1e-30); x < 1e30; x *= 1.0009 {
		want := math.Log(float64(x))
		if d := math.Abs(float64(logf(x)) - want); d > 1e-7*math.Abs(want) {
			t.Fatalf("logf(%v) is %v, want %v", x, logf(x), want)
		}
	}
}
