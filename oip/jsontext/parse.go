package jsontext

import (
	"math"
	"strconv"
	"unsafe"
)

// isNumber tells whether tok is exactly one JSON number.
func isNumber(tok []byte) (number, isInt bool) {
	l := Lexer{Data: tok}
	_, isInt, err := l.Number()
	return err == nil && l.Pos == len(tok) && tok[0] > ' ', isInt
}

// ParseFloat32 returns the float32 nearest to the JSON number tok, to even in a
// tie. The error is [ErrRange] for one that rounds to infinity and [ErrNumber]
// for what is not a JSON number.
func ParseFloat32(tok []byte) (float32, error) {
	if f, end := quickFloat32(tok, 0); end == len(tok) && end > 0 {
		return f, nil
	}
	if ok, _ := isNumber(tok); !ok {
		return 0, ErrNumber
	}
	return carefulFloat32(tok)
}

// ParseFloat64 returns the float64 nearest to the JSON number tok, to even in a
// tie. The error is [ErrRange] for one that rounds to infinity and [ErrNumber]
// for what is not a JSON number.
func ParseFloat64(tok []byte) (float64, error) {
	if f, end := quickFloat64(tok, 0); end == len(tok) && end > 0 {
		return f, nil
	}
	if ok, _ := isNumber(tok); !ok {
		return 0, ErrNumber
	}
	return carefulFloat64(tok)
}

// quickFloat32 reads the number at data[i:], which ends before data[end]. end is
// 0 when it takes carefulFloat32, or a look for errors, to read it.
func quickFloat32(data []byte, i int) (f float32, end int) {
	mant, frac, end := quickDecimal(data, i)
	b, ok := divideFloat32(mant, frac)
	if !ok || end == 0 {
		return 0, 0
	}
	return signFloat32(b, data[i]), end
}

// signFloat32 returns the float32 with the bits b, negative if c is a minus.
func signFloat32(b uint32, c byte) float32 {
	return math.Float32frombits(b | uint32(isMinus(c))<<31)
}

// divideFloat32 returns the bits of the float32 nearest to mant / 10^frac, or
// false when it takes more care to tell.
//
// The quotient of float64s has at most two rounding errors, mant's and its own:
// it is less than 2 units off in the last of its 53 bits. As mant is an integer,
// the float32 is 0 or normal, with 24 bits, and rounding the quotient to these is
// right unless a number half-way between two float32s is that near.
func divideFloat32(mant uint64, frac int) (b uint32, ok bool) {
	if uint(frac) >= uint(len(exactPow10)) {
		return scaleFloat32(mant, frac)
	}
	q := float64(int64(mant)) / exactPow10[frac]
	if int64(mant) < 0 || nearHalf32(math.Float64bits(q)) {
		return 0, false
	}
	return math.Float32bits(float32(q)), true
}

// scaleFloat32 is divideFloat32 for powers of ten that are not exact.
func scaleFloat32(mant uint64, frac int) (b uint32, ok bool) {
	if mant == 0 {
		return 0, true
	}
	u, ok := eiselLemire(mant, -frac, &layout32)
	return uint32(u), ok
}

// nearHalf32 tells whether the positive float64 with the bits u lies within 4
// of its last places of a number half-way between two normal float32s.
func nearHalf32(u uint64) bool {
	const below = 1<<29 - 1 // the bits that a float32 lacks
	return (u-(1<<28-4))&below <= 8
}

// quickFloat64 is quickFloat32 for float64.
func quickFloat64(data []byte, i int) (f float64, end int) {
	mant, frac, end := quickDecimal(data, i)
	b, ok := divideFloat64(mant, frac)
	if !ok || end == 0 {
		return 0, 0
	}
	return signFloat64(b, data[i]), end
}

// signFloat64 returns the float64 with the bits b, negative if c is a minus.
func signFloat64(b uint64, c byte) float64 {
	return math.Float64frombits(b | uint64(isMinus(c))<<63)
}

// divideFloat64 returns the bits of the float64 nearest to mant / 10^frac, or
// false when it takes more care to tell.
func divideFloat64(mant uint64, frac int) (b uint64, ok bool) {
	if mant <= 1<<53 && uint(frac) < uint(len(exactPow10)) { // exact: this rounds once
		return math.Float64bits(float64(int64(mant)) / exactPow10[frac]), true
	}
	if mant == 0 {
		return 0, true
	}
	return eiselLemire(mant, -frac, &layout64)
}

// carefulFloat32 converts the valid JSON number tok.
func carefulFloat32(tok []byte) (float32, error) {
	if b, ok := decimalBits(tok, &layout32); ok {
		return math.Float32frombits(uint32(b)), nil
	}
	f, err := exactFloat(tok, 32)
	return float32(f), err
}

// carefulFloat64 converts the valid JSON number tok.
func carefulFloat64(tok []byte) (float64, error) {
	if b, ok := decimalBits(tok, &layout64); ok {
		return math.Float64frombits(b), nil
	}
	return exactFloat(tok, 64)
}

// decimalBits returns the bits of the float nearest to tok, if the first 19
// digits tell which that is.
func decimalBits(tok []byte, lay *layout) (b uint64, ok bool) {
	sign := uint64(0)
	if tok[0] == '-' {
		tok, sign = tok[1:], 1<<lay.signBit
	}
	d := parseDecimal(tok)
	if d.mant == 0 {
		return sign, true
	}
	if b, ok = eiselLemire(d.mant, d.exp, lay); !ok {
		return 0, false
	}
	if d.cut {
		above, ok := eiselLemire(d.mant+1, d.exp, lay)
		return b | sign, ok && above == b
	}
	return b | sign, true
}

// exactFloat converts tok with the standard library's exact, slow arithmetic.
func exactFloat(tok []byte, bits int) (float64, error) {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(tok), len(tok)), bits)
	if err != nil {
		return 0, ErrRange
	}
	return f, nil
}
