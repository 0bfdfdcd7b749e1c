package floor

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
)

var errNumber = errors.New("not an FP32 number")

const (
	maxDigits = 19 // decimal digits that always fit a uint64
	maxPower  = 22 // the largest power of ten that is exact as a float64
)

var powers = [maxPower + 1]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseNumber reads the number at b[i:] as the nearest float32, exactly as
// strconv.ParseFloat does, and returns the index behind it.
func parseNumber(b []byte, i int) (float32, int, error) {
	start := i
	neg := b[i] == '-'
	if neg {
		i++
	}
	mant, end := digits(b, i, 0)
	count, exp := end-i, 0
	i = end
	if i < len(b) && b[i] == '.' {
		mant, end = digits(b, i+1, mant)
		exp = i + 1 - end
		count -= exp
		i = end
	}
	if count == 0 {
		return 0, i, errNumber
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		var e int
		e, i = exponent(b, i+1)
		exp += e
	}
	if count <= maxDigits {
		if v, ok := nearest(mant, exp, neg); ok {
			return v, i, nil
		}
	}
	v, err := strconv.ParseFloat(string(b[start:i]), 32)
	if err != nil {
		return 0, i, errNumber
	}
	return float32(v), i, nil
}

// nearest returns mant * 10^exp rounded to float32, or false when the float64
// on the way cannot decide the rounding. That float64 is off by at most 2 of
// its last places; the halfway point between two float32 is the pattern
// 0x10000000 in the 29 bits that the conversion drops, so 4 places of distance
// from it are enough.
func nearest(mant uint64, exp int, neg bool) (float32, bool) {
	f := float64(mant)
	switch {
	case exp < -maxPower || exp > maxPower:
		return 0, false
	case exp < 0:
		f /= powers[-exp]
	default:
		f *= powers[exp]
	}
	dropped := math.Float64bits(f) & 0x1fffffff
	if dropped-0x0ffffffc <= 8 || f > math.MaxFloat32 {
		return 0, false
	}
	if neg {
		f = -f
	}
	return float32(f), true
}

// digits reads decimal digits behind those of mant. The value wraps around
// behind the 19th: the caller counts.
func digits(b []byte, i int, mant uint64) (uint64, int) {
	for i+8 <= len(b) {
		chunk := binary.LittleEndian.Uint64(b[i:])
		if !eightDigits(chunk) {
			break
		}
		mant = mant*1e8 + value8(chunk)
		i += 8
	}
	for i < len(b) && b[i]-'0' <= 9 {
		mant = mant*10 + uint64(b[i]-'0')
		i++
	}
	return mant, i
}

// eightDigits says whether all bytes of c are '0' to '9': the high half of
// each is 3, and stays 3 when 6 is added.
func eightDigits(c uint64) bool {
	const high = 0xf0f0f0f0f0f0f0f0
	return c&high|(c+0x0606060606060606)&high>>4 == 0x3333333333333333
}

// value8 is the number that eight ASCII digits spell: neighbours are joined
// into pairs, pairs into fours, fours into eight.
func value8(c uint64) uint64 {
	c -= 0x3030303030303030
	c = c*10 + c>>8
	pairs := c & 0x000000ff000000ff * (100 + 1000000<<32)
	return (pairs + c>>16&0x000000ff000000ff*(1+10000<<32)) >> 32
}

// exponent reads what follows an e. Without digits it returns an index that
// leaves the e behind, for strconv to refuse.
func exponent(b []byte, i int) (e, end int) {
	neg := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		neg = b[i] == '-'
		i++
	}
	first := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		e = min(e*10+int(b[i]-'0'), 9999)
	}
	if i == first {
		return 9999, i // out of the fast path
	}
	if neg {
		e = -e
	}
	return e, i
}
