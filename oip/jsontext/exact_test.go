package jsontext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// rounds is how many values of each kind the comparisons with strconv take:
// the environment variable LEAT_HEAVY=1 takes 300 times as many.
func rounds() int {
	if os.Getenv("LEAT_HEAVY") != "" {
		return 3_000_000
	}
	return 10_000
}

// float32Step is by how much TestEveryFloat32 counts up: 1 with LEAT_HEAVY=all.
func float32Step() uint64 {
	switch os.Getenv("LEAT_HEAVY") {
	case "":
		return 50_021
	case "all":
		return 1
	}
	return 499
}

// numberKinds make number texts that are hard to convert in different ways.
var numberKinds = []struct {
	name string
	make func(r *rand.Rand) string
}{
	{"random bits, shortest", func(r *rand.Rand) string {
		return strconv.FormatFloat(randomFloat64(r), 'g', -1, 64)
	}},
	{"random bits, 17 digits", func(r *rand.Rand) string {
		return strconv.FormatFloat(randomFloat64(r), 'e', 16, 64)
	}},
	{"random float32 bits, shortest", func(r *rand.Rand) string {
		return strconv.FormatFloat(float64(randomFloat32(r)), 'g', -1, 32)
	}},
	{"near 1, fixed", func(r *rand.Rand) string {
		return strconv.FormatFloat(r.NormFloat64(), 'f', r.IntN(25), 64)
	}},
	{"random decimal", randomDecimal},
	{"between two float32s", func(r *rand.Rand) string { return near(r, halfway32(r)) }},
	{"between two float64s", func(r *rand.Rand) string { return near(r, halfway64(r)) }},
	{"subnormal float64", func(r *rand.Rand) string {
		return strconv.FormatFloat(math.Float64frombits(r.Uint64N(1<<53)), 'e', r.IntN(20), 64)
	}},
	{"subnormal float32", func(r *rand.Rand) string {
		f := math.Float32frombits(r.Uint32N(1 << 24))
		return strconv.FormatFloat(float64(f), 'e', r.IntN(20), 32)
	}},
	{"power of ten", func(r *rand.Rand) string {
		return strconv.Itoa(1+r.IntN(9)) + "e" + strconv.Itoa(r.IntN(700)-360)
	}},
	{"about the largest float32", func(r *rand.Rand) string {
		return strconv.FormatFloat(math.MaxFloat32*(1+r.NormFloat64()*1e-8), 'e', r.IntN(20), 64)
	}},
	{"about the largest float64", func(r *rand.Rand) string {
		return "1.797693134862315" + strconv.Itoa(r.IntN(1e9)) + "e308"
	}},
	{"small fraction", func(r *rand.Rand) string {
		return string(appendDigits([]byte("0."+strings.Repeat("0", r.IntN(12))), r, 1+r.IntN(25)))
	}},
	{"zeros in the exponent", func(r *rand.Rand) string {
		return strconv.Itoa(r.IntN(1000)) + ".5e-" + strings.Repeat("0", r.IntN(5)) + strconv.Itoa(r.IntN(50))
	}},
	{"halves", func(r *rand.Rand) string {
		return strconv.FormatUint(r.Uint64()>>r.IntN(64), 10) + ".5"
	}},
	{"whole", func(r *rand.Rand) string {
		return strconv.FormatUint(r.Uint64()>>r.IntN(64), 10)
	}},
}

func randomFloat64(r *rand.Rand) float64 {
	for {
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	}
}

func randomFloat32(r *rand.Rand) float32 {
	for {
		if f := math.Float32frombits(r.Uint32()); f-f == 0 {
			return f
		}
	}
}

// randomDecimal has up to 40 digits around a point and perhaps an exponent.
func randomDecimal(r *rand.Rand) string {
	var b []byte
	if r.IntN(2) == 0 {
		b = append(b, '-')
	}
	b = append(b, byte('0'+r.IntN(10)))
	if b[len(b)-1] != '0' {
		b = appendDigits(b, r, r.IntN(20))
	}
	if r.IntN(4) > 0 {
		b = append(b, '.')
		b = appendDigits(b, r, 1+r.IntN(20))
	}
	if r.IntN(3) == 0 {
		b = append(b, "eE"[r.IntN(2)])
		b = append(b, []string{"", "+", "-"}[r.IntN(3)]...)
		b = strconv.AppendInt(b, int64(r.IntN([]int{4, 40, 400}[r.IntN(3)])), 10)
	}
	return string(b)
}

func appendDigits(b []byte, r *rand.Rand, n int) []byte {
	for range n {
		b = append(b, byte('0'+r.IntN(10)))
	}
	return b
}

// halfway32 is the exact number between a normal float32 of moderate size and
// the next.
func halfway32(r *rand.Rand) *big.Float {
	bits := uint32(117+r.IntN(60))<<23 | r.Uint32()>>9
	f := new(big.Float).SetPrec(2000).SetFloat64(float64(math.Float32frombits(bits)))
	f.Add(f, new(big.Float).SetFloat64(float64(math.Float32frombits(bits+1))))
	return f.Quo(f, big.NewFloat(2))
}

func halfway64(r *rand.Rand) *big.Float {
	bits := uint64(900+r.IntN(250))<<52 | r.Uint64()>>12
	f := new(big.Float).SetPrec(2000).SetFloat64(math.Float64frombits(bits))
	f.Add(f, new(big.Float).SetFloat64(math.Float64frombits(bits+1)))
	return f.Quo(f, big.NewFloat(2))
}

// near writes f exactly, or cut off or rounded to some digits.
func near(r *rand.Rand, f *big.Float) string {
	if r.IntN(4) == 0 {
		return f.Text('e', 300)
	}
	if r.IntN(2) == 0 {
		return f.Text('f', max(1, 18-max(1, f.MantExp(nil)*3/10)-r.IntN(5)))
	}
	return f.Text('e', 7+r.IntN(30))
}

func TestParseFloatAgainstStrconv(t *testing.T) {
	for i, kind := range numberKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(i), 7))
			for range rounds() {
				checkParse(t, kind.make(r))
			}
		})
	}
}

// checkParse compares what this package makes of a JSON number with strconv, as
// a token of its own and in an array, where other code reads it.
func checkParse(t *testing.T, s string) {
	t.Helper()
	want32, err32 := strconv.ParseFloat(s, 32)
	got32, err := ParseFloat32([]byte(s))
	if (err == nil) != (err32 == nil) || err == nil && !same32(got32, float32(want32)) {
		t.Errorf("ParseFloat32(%s) = %v, %v, want %v, %v", s, got32, err, want32, err32)
	}
	want64, err64 := strconv.ParseFloat(s, 64)
	got64, err := ParseFloat64([]byte(s))
	if (err == nil) != (err64 == nil) || err == nil && !same64(got64, want64) {
		t.Errorf("ParseFloat64(%s) = %v, %v, want %v, %v", s, got64, err, want64, err64)
	}
	text := []byte("[" + s + ",0,0.0000000000000000,0.0000000000000000000]")
	l32 := Lexer{Data: text}
	f32, err := l32.Float32s(nil, new(Dims))
	if (err == nil) != (err32 == nil) || err == nil && !same32(f32[0], float32(want32)) {
		t.Errorf("Float32s(%s) = %v, %v, want %v, %v", text, f32, err, want32, err32)
	}
	l64 := Lexer{Data: text}
	f64, err := l64.Float64s(nil, new(Dims))
	if (err == nil) != (err64 == nil) || err == nil && !same64(f64[0], want64) {
		t.Errorf("Float64s(%s) = %v, %v, want %v, %v", text, f64, err, want64, err64)
	}
}

func same32(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
func same64(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

func TestParseIntAgainstStrconv(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range rounds() {
		s := strconv.FormatUint(r.Uint64()>>r.IntN(64), 10)
		if r.IntN(2) == 0 {
			s = "-" + s
		}
		checkInt(t, s)
	}
	for _, s := range []string{
		"0", "-0", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"-9223372036854775809", "18446744073709551615", "18446744073709551616",
		"99999999999999999999", "123456789012345678901234567890", "18446744073709551620",
	} {
		checkInt(t, s)
	}
}

func checkInt(t *testing.T, s string) {
	t.Helper()
	want, wantErr := strconv.ParseInt(s, 10, 64)
	got, err := ParseInt64([]byte(s))
	if (err == nil) != (wantErr == nil) || err == nil && got != want {
		t.Errorf("ParseInt64(%s) = %d, %v, want %d, %v", s, got, err, want, wantErr)
	}
	text := []byte("[" + s + ",0,1,2,3,4,5,6,7,8,9,10,11,12,13,14]")
	l := Lexer{Data: text}
	list, err := l.Int64s(nil, new(Dims))
	if (err == nil) != (wantErr == nil) || err == nil && list[0] != want {
		t.Errorf("Int64s(%s) = %d, %v, want %d, %v", text, list, err, want, wantErr)
	}
	if s == "-0" {
		return // strconv refuses it as unsigned
	}
	wantU, wantErr := strconv.ParseUint(s, 10, 64)
	gotU, err := ParseUint64([]byte(s))
	if (err == nil) != (wantErr == nil) || err == nil && gotU != wantU {
		t.Errorf("ParseUint64(%s) = %d, %v, want %d, %v", s, gotU, err, wantU, wantErr)
	}
	l = Lexer{Data: text}
	listU, err := l.Uint64s(nil, new(Dims))
	if (err == nil) != (wantErr == nil) || err == nil && listU[0] != wantU {
		t.Errorf("Uint64s(%s) = %d, %v, want %d, %v", text, listU, err, wantU, wantErr)
	}
}

func TestNarrowInts(t *testing.T) {
	for v := -70_000; v <= 70_000; v++ {
		s := strconv.Itoa(v)
		checkNarrow(t, s, int8(v), int(int8(v)) == v)
		checkNarrow(t, s, int16(v), int(int16(v)) == v)
		checkNarrow(t, s, int32(v), true)
		checkNarrow(t, s, uint8(v), int(uint8(v)) == v)
		checkNarrow(t, s, uint16(v), int(uint16(v)) == v)
		checkNarrow(t, s, uint32(v), v >= 0)
	}
}

func checkNarrow[T Integer](t *testing.T, s string, want T, fits bool) {
	t.Helper()
	l := Lexer{Data: []byte("[" + s + "]")}
	got, err := Ints[T](&l, nil, new(Dims))
	if fits != (err == nil) || fits && (len(got) != 1 || got[0] != want) {
		t.Errorf("Ints[%T](%s) = %v, %v", want, s, got, err)
	}
}

func TestWriteFloatAgainstEncodingJSON(t *testing.T) {
	for i, kind := range numberKinds {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(i), 8))
			for range rounds() {
				s := kind.make(r)
				if f, err := strconv.ParseFloat(s, 64); err == nil {
					checkWrite64(t, f)
				}
				if f, err := strconv.ParseFloat(s, 32); err == nil {
					checkWrite32(t, float32(f))
				}
			}
		})
	}
}

func checkWrite32(t *testing.T, f float32) {
	t.Helper()
	want, _ := json.Marshal(f)
	want = withSign(fixTie(want))
	if got := AppendFloat32(nil, f); !bytes.Equal(got, want) {
		t.Errorf("AppendFloat32(%x) = %s, want %s", math.Float32bits(f), got, want)
	}
}

func checkWrite64(t *testing.T, f float64) {
	t.Helper()
	want, _ := json.Marshal(f)
	want = withSign(want)
	if got := AppendFloat64(nil, f); !bytes.Equal(got, want) {
		t.Errorf("AppendFloat64(%x) = %s, want %s", math.Float64bits(f), got, want)
	}
}

// TestEveryFloat32 writes float32s of all magnitudes and reads them back, those
// of one exponent and sign in each subtest.
func TestEveryFloat32(t *testing.T) {
	step := float32Step()
	for top := range uint64(512) {
		t.Run(strconv.FormatUint(top, 10), func(t *testing.T) {
			for b := top<<23 + (step-top<<23%step)%step; b < (top+1)<<23; b += step {
				if !checkFloat32(t, uint32(b)) {
					return
				}
			}
		})
	}
}

func checkFloat32(t *testing.T, b uint32) bool {
	var buf, reference [maxFloatText]byte
	f := math.Float32frombits(b)
	got, want := AppendFloat32(buf[:0], f), appendReference(reference[:0], f)
	if !bytes.Equal(got, want) {
		t.Errorf("AppendFloat32(%x) = %s, want %s", b, got, want)
		return false
	}
	if f-f != 0 {
		return true
	}
	back, err := ParseFloat32(got)
	if err != nil || !same32(back, f) {
		t.Errorf("ParseFloat32(%s) = %x, %v, want %x", got, math.Float32bits(back), err, b)
		return false
	}
	return true
}

// TestEdgeFloats writes the numbers at which intervals and exponents change:
// powers of two with their neighbours, and the first subnormal ones.
func TestEdgeFloats(t *testing.T) {
	for e := uint64(0); e < 0x7FF<<52; e += 1 << 52 {
		for _, b := range []uint64{e + 1, e, e + 1<<52 - 1} {
			checkWrite64(t, math.Float64frombits(b))
		}
	}
	for e := uint32(0); e < 0xFF<<23; e += 1 << 23 {
		for _, b := range []uint32{e + 1, e, e + 1<<23 - 1} {
			checkWrite32(t, math.Float32frombits(b))
		}
	}
	for b := range uint64(5000) {
		checkWrite64(t, math.Float64frombits(b))
		checkWrite32(t, math.Float32frombits(uint32(b)))
	}
}

// appendReference writes f as encoding/json does, with strconv.
func appendReference(dst []byte, f float32) []byte {
	if f-f != 0 {
		return append(dst, "null"...)
	}
	if f == 0 {
		return append(dst, withSign(fmt.Append(nil, f))...)
	}
	format := byte('f')
	if f < 1e-6 && f > -1e-6 || f >= 1e21 || f <= -1e21 {
		format = 'e'
	}
	dst = fixTie(strconv.AppendFloat(dst, float64(f), format, -1, 32))
	return bytes.Replace(dst, []byte("e-0"), []byte("e-"), 1)
}

// withSign is a number whose sign Python reads, too.
func withSign(text []byte) []byte {
	if string(text) == "-0" {
		return []byte("-0.0")
	}
	return text
}

// fixTie puts right what strconv makes of the one float32 half-way between its
// two nearest decimals of the shortest length, 2^-12 = 0.000244140625: up to Go
// 1.26 it chose the odd one, where every other tie goes to the even one.
func fixTie(text []byte) []byte {
	return bytes.Replace(text, []byte("0.00024414063"), []byte("0.00024414062"), 1)
}
