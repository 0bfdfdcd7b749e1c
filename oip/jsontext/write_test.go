package jsontext

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestAppendFloat(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "-0.0"},
		{1, "1"},
		{-1.5, "-1.5"},
		{0.1, "0.1"},
		{0.000001, "0.000001"},
		{9.9e-7, "9.9e-7"},
		{1e-7, "1e-7"},
		{100, "100"},
		{1.0 / 4096, "0.00024414062"}, // half-way: to the even digit
		{123456789, "123456790"},
		{1e20, "100000000000000000000"},
		{1e21, "1e+21"},
		{-1.5e30, "-1.5e+30"},
		{1e-10, "1e-10"},
		{math.MaxFloat32, "3.4028235e+38"},
		{math.SmallestNonzeroFloat32, "1e-45"},
		{1.1754944e-38, "1.1754944e-38"},
		{math.NaN(), "null"},
		{math.Inf(1), "null"},
		{math.Inf(-1), "null"},
	} {
		if got := string(AppendFloat32(nil, float32(c.f))); got != c.want {
			t.Errorf("AppendFloat32(%v) = %s, want %s", c.f, got, c.want)
		}
	}
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0.1, "0.1"}, {0.30000000000000004, "0.30000000000000004"}, {1e-6, "0.000001"},
		{1e-7, "1e-7"}, {123456789012345680, "123456789012345680"}, {1e20, "100000000000000000000"},
		{1e21, "1e+21"}, {math.MaxFloat64, "1.7976931348623157e+308"}, {5e-324, "5e-324"},
		{2.2250738585072014e-308, "2.2250738585072014e-308"}, {math.Copysign(0, -1), "-0.0"},
		{-4503599627370495.5, "-4503599627370495.5"}, {1234567890.1234567, "1234567890.1234567"},
		{math.NaN(), "null"},
	} {
		if got := string(AppendFloat64(nil, c.f)); got != c.want {
			t.Errorf("AppendFloat64(%v) = %s, want %s", c.f, got, c.want)
		}
	}
}

func TestAppendLists(t *testing.T) {
	pre := func() []byte { return append(make([]byte, 0, 8), '[') }
	for _, c := range []struct{ got, want string }{
		{string(AppendFloat32s(pre(), nil)), "["},
		{string(AppendFloat32s(nil, nil)), ""},
		{string(AppendFloat32s(pre(), []float32{1.5})), "[1.5"},
		{string(AppendFloat32s(pre(), []float32{1, -0.5, 3e30})), "[1,-0.5,3e+30"},
		{string(AppendFloat64s(pre(), []float64{1, -0.5, 3e30})), "[1,-0.5,3e+30"},
		{string(AppendFloat64s(pre(), nil)), "["},
		{string(AppendInts(pre(), []int8{-128, 127})), "[-128,127"},
		{string(AppendInts(pre(), []uint8{0, 255})), "[0,255"},
		{string(AppendInts(pre(), []int64{math.MinInt64, math.MaxInt64})), "[-9223372036854775808,9223372036854775807"},
		{string(AppendInts(pre(), []uint64{math.MaxUint64})), "[18446744073709551615"},
		{string(AppendBools(pre(), []bool{true, false})), "[true,false"},
		{string(AppendStrings(pre(), []string{"a", `"`})), `["a","\""`},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// TestAppendManyFloats grows the buffer often.
func TestAppendManyFloats(t *testing.T) {
	vs := image()[:5000]
	want := make([]string, len(vs))
	for i, v := range vs {
		want[i] = string(AppendFloat32(nil, v))
	}
	if got := string(AppendFloat32s(nil, vs)); got != strings.Join(want, ",") {
		t.Error("elements of a long list differ from single ones")
	}
}

func TestAppendString(t *testing.T) {
	for s, want := range map[string]string{
		"":                       `""`,
		"plain text":             `"plain text"`,
		`quote " backslash \ /`:  `"quote \" backslash \\ /"`,
		"\n\r\t\b\x00\x1f":       `"\n\r\t\u0008\u0000\u001f"`,
		"<a>&\u2028":             "\"<a>&\u2028\"",
		"č😀\x7f":                 "\"č😀\x7f\"",
		"bad\xffbytes\xc3":       "\"bad\ufffdbytes\ufffd\"",
		"\xed\xa0\x80":           "\"\ufffd\ufffd\ufffd\"",
		"the rune itself \ufffd": "\"the rune itself \ufffd\"",
	} {
		got := string(AppendString([]byte("x"), s))
		if got != "x"+want {
			t.Errorf("AppendString(%q) = %s, want %s", s, got, want)
		}
		var back string
		if err := json.Unmarshal([]byte(got[1:]), &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && len(back) == len(s) {
			t.Errorf("AppendString(%q) reads back as %q, %v", s, back, err)
		}
	}
}
