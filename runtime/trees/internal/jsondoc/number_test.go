package jsondoc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestParseFloat32 compares with strconv, on numbers in the ways that they are
// written and halfway between two float32, where rounding twice would show.
func TestParseFloat32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	texts := []string{
		"0", "-0", "0.0", "1E0", "5E-1", "-1.25e+2", "16777217", "16777216.5", "1e38", "3.4028235e38", "3.4028236e38",
		"1e-45", "7e-46", "1.1754942e-38", "1.1754944e-38", "0.1", "123456789012345678901234567890", "1e22", "1e23", "9007199254740993",
		"0.000000000000000000000000000000000000000000000001", "1e-400", "8388608.5", "8388609.5", "33554434.0000000001",
	}
	for range 300_000 {
		v := math.Float32frombits(r.Uint32())
		if v != v || math.IsInf(float64(v), 0) {
			continue
		}
		half := (float64(v) + float64(math.Nextafter32(v, 0))) / 2
		texts = append(texts,
			strconv.FormatFloat(float64(v), 'E', -1, 32), strconv.FormatFloat(float64(v), 'g', -1, 32),
			strconv.FormatFloat(half, 'e', -1, 64), fmt.Sprintf("%.6f", r.NormFloat64()*1000), fmt.Sprintf("%de%d", r.IntN(1<<30), r.IntN(40)-30))
	}
	for _, text := range texts {
		want, err := strconv.ParseFloat(text, 32)
		got, ok := parseFloat32([]byte(text))
		if ok != (err == nil) || (ok && math.Float32bits(got) != math.Float32bits(float32(want))) {
			t.Fatalf("%s: %v %v, want %v %v", text, got, ok, want, err)
		}
	}
}

func TestParseFloat32NotFinite(t *testing.T) {
	for text, want := range map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)} {
		got, ok := parseFloat32([]byte(text))
		if !ok || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
}

func TestParseFloat32Refuses(t *testing.T) {
	for _, text := range []string{
		"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1e5.0", "0x10", "1_000", "nan", "inf", "-NaN", "Inf", "1e39", "-1e39", "1f", "--1", "true",
	} {
		if v, ok := parseFloat32([]byte(text)); ok {
			t.Errorf("%q is %v", text, v)
		}
	}
}

func TestParseInt32(t *testing.T) {
	for text, want := range map[string]int32{
		"0": 0, "-1": -1, "2147483647": math.MaxInt32, "-2147483648": math.MinInt32, "true": 1, "false": 0,
	} {
		if got, ok := parseInt32([]byte(text)); !ok || got != want {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "+1", "1.0", "1e3", "NaN", "2147483648", "-2147483649", "99999999999999999999", "null", "0x1"} {
		if v, ok := parseInt32([]byte(text)); ok {
			t.Errorf("%q is %v", text, v)
		}
	}
}
