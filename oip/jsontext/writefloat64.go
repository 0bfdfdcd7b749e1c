package jsontext

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// AppendFloat64 is [AppendFloat32] for float64.
func AppendFloat64(dst []byte, f float64) []byte {
	n := len(dst)
	dst = slices.Grow(dst, maxFloatText)
	buf := (*[maxFloatText]byte)(dst[n : n+maxFloatText])
	return dst[:n+putFloat64(buf, f)]
}

// AppendFloat64s is [AppendFloat32s] for float64.
func AppendFloat64s(dst []byte, vs []float64) []byte {
	n := len(dst)
	for _, v := range vs {
		if n+maxFloatText >= cap(dst) {
			dst = slices.Grow(dst[:n], maxFloatText+1)
		}
		room := dst[n : n+maxFloatText+1]
		end := putFloat64((*[maxFloatText]byte)(room), v)
		room[end] = ','
		n += end + 1
	}
	return dst[:max(n-1, len(dst))]
}

// putFloat64 is putFloat32 for float64, of 17 digits: one and two words.
func putFloat64(buf *[maxFloatText]byte, f float64) int {
	b := math.Float64bits(f)
	sign := int(b >> 63)
	b &= 1<<63 - 1
	if b == 0 || b >= 0x7FF<<52 {
		return putSpecial(buf, sign, b == 0)
	}
	if n := putFew(buf, sign, math.Float64frombits(b)); n != 0 {
		return n
	}
	d, k := shortest64(b)
	n := decimalLen64(d)
	d *= intPow10[(17-n)&31]
	first := d / 1e16
	d -= first * 1e16
	high, low := digits8(uint32(d/1e8)), digits8(uint32(d%1e8))
	buf[0] = '-'
	t := floatText{buf: (*[maxFloatText - 1]byte)(buf[sign:]), first: byte('0' + first)}
	t.high, t.low, t.digits = high|asciiZeros, low|asciiZeros, 17-bits.LeadingZeros64(low)>>3
	if low == 0 {
		t.digits = 9 - bits.LeadingZeros64(high)>>3
	}
	return sign + t.put(n+k)
}

// putFew writes f, with a minus before it if sign is 1, when it has up to four
// digits before the decimal point and up to four behind it, as many numbers do
// that people have written. It returns the length, and 0 when it has more. No other
// decimal of up to 15 digits is nearest to the same float64, so that what is found
// is the shortest.
func putFew(buf *[maxFloatText]byte, sign int, f float64) int {
	const scale = 1e4
	if f >= scale {
		return 0
	}
	n := uint32(f*scale + 0.5)
	if float64(n)/scale != f {
		return 0
	}
	d := digits8(n)
	zeros := min(bits.TrailingZeros64(d)/8, 3) // before the point, but for one
	whole := 4 - zeros
	text := d | asciiZeros
	buf[0] = '-'
	t := buf[sign:]
	binary.LittleEndian.PutUint32(t, uint32(text)>>(8*zeros))
	t[whole] = '.'
	binary.LittleEndian.PutUint32(t[whole+1:], uint32(text>>32))
	behind := 4 - bits.LeadingZeros32(uint32(d>>32))/8
	if behind == 0 {
		return sign + whole
	}
	return sign + whole + 1 + behind
}

// decimalLen64 returns how many digits d > 0 has, at most 19.
func decimalLen64(d uint64) int {
	n := bits.Len64(d) * 1233 >> 12 // about log10
	return n + int(btou64(d >= intPow10[n&31]))
}

// floatText is the 17 digits of a float64 on their way into buf: the first, and
// two words of ASCII, of which only so many digits count.
type floatText struct {
	buf       *[maxFloatText - 1]byte
	first     byte
	high, low uint64
	digits    int
}

// put writes the digits with point of them before the decimal point and returns
// the text's length.
func (t *floatText) put(point int) int {
	switch {
	case minPoint <= point && point <= 0:
		binary.LittleEndian.PutUint64(t.buf[:], asciiPoint)
		t.putDigits(2 - point)
		return 2 - point + t.digits
	case t.digits > point && point > 0:
		t.putDigits(0)
		t.putFraction(point)
		t.buf[point] = '.'
		return t.digits + 1
	case 0 < point && point <= 21:
		binary.LittleEndian.PutUint64(t.buf[17:], asciiZeros)
		t.putDigits(0)
		return point
	}
	t.putDigits(0)
	n := 1
	if t.digits > 1 {
		t.putFraction(1)
		t.buf[1] = '.'
		n = t.digits + 1
	}
	return n + putExponent(t.buf[n:], point-1)
}

func (t *floatText) putDigits(at int) {
	out := t.buf[at&15:]
	out[0] = t.first
	binary.LittleEndian.PutUint64(out[1:], t.high)
	binary.LittleEndian.PutUint64(out[9:], t.low)
}

// putFraction writes the digits behind the first point ones, one place behind
// where they would follow these.
func (t *floatText) putFraction(point int) {
	out := t.buf[(point+1)&31:]
	shift := 8 * uint(point-1)
	if shift >= 64 {
		binary.LittleEndian.PutUint64(out, t.low>>(shift-64))
		return
	}
	binary.LittleEndian.PutUint64(out, t.high>>shift|t.low<<(64-shift))
	binary.LittleEndian.PutUint64(out[8:], t.low>>shift)
}
