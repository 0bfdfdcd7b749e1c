package jsontext

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
)

// AppendFloat32 appends the shortest decimal text that reads back as f, in the
// format of encoding/json: an exponent only below 1e-6 and from 1e21 on. Only -0.0 is
// written so, which is -0 there. NaN and the infinities, which JSON lacks, become null.
func AppendFloat32(dst []byte, f float32) []byte {
	n := len(dst)
	dst = slices.Grow(dst, maxFloatText)
	buf := (*[maxFloatText]byte)(dst[n : n+maxFloatText])
	return dst[:n+putFloat32(buf, f)]
}

// AppendFloat32s appends the elements of vs with commas between them, as
// [AppendFloat32] writes each. Like it, it may use the capacity of dst beyond the
// end of what it returns as scratch space.
func AppendFloat32s(dst []byte, vs []float32) []byte {
	n := len(dst)
	for _, v := range vs {
		if n+maxFloatText >= cap(dst) {
			dst = slices.Grow(dst[:n], maxFloatText+1)
		}
		room := dst[n : n+maxFloatText+1]
		end := putFloat32((*[maxFloatText]byte)(room), v)
		room[end] = ','
		n += end + 1
	}
	return dst[:max(n-1, len(dst))]
}

// maxFloatText is the room that putFloat32 and putFloat64 want; the text is
// shorter.
const maxFloatText = 48

// putFloat32 writes f at the start of buf, and perhaps garbage behind it, and
// returns the text's length.
func putFloat32(buf *[maxFloatText]byte, f float32) int {
	b := math.Float32bits(f)
	sign := int(b >> 31)
	b &= 1<<31 - 1
	if b == 0 || b >= 0xFF<<23 {
		return putSpecial(buf, sign, b == 0)
	}
	d, k := shortest32(b)
	n := decimalLen32(d)
	d *= uint32(intPow10[(9-n)&31]) // to nine digits
	first := d / 1e8
	rest := digits8(d - first*1e8)
	sig := 9 - bits.LeadingZeros64(rest)>>3 // digits without the zeros at the end
	point := n + k                          // digits before the decimal point
	buf[0] = '-'
	if uint(point-minPoint) >= uint(len(placements)) {
		return putFar(buf, sign, first, rest, sig, point)
	}
	text := rest | asciiZeros
	at := &placements[point-minPoint]
	out := (*[32]byte)(buf[sign:])
	binary.LittleEndian.PutUint64(out[0:], asciiPoint)
	out[at.first&15] = byte('0' + first)
	binary.LittleEndian.PutUint64(out[(at.first+1)&15:], text)
	binary.LittleEndian.PutUint64(out[at.fraction&15:], text>>(at.shift&63))
	out[at.point&15] = '.'
	if sig <= point {
		return sign + point
	}
	return sign + sig + int(at.extra)
}

const (
	asciiZeros = 0x3030303030303030 // 00000000
	asciiPoint = 0x3030303030302E30 // 0.000000 in memory
)

// A placement says where the parts of a nine-digit number go whose decimal
// point is in a certain place.
type placement struct {
	first    uint8 // the first digit; the other eight follow it
	fraction uint8 // of these eight, those behind the point once more
	shift    uint8 // 8 times how many lie before it
	point    uint8
	extra    uint8 // characters besides the digits, when there is a fraction
}

// minPoint is the place of the decimal point in 0.000001, six before its first
// digit's end.
const minPoint = -5

// placements are for points from minPoint to 9, after the last digit.
var placements = [15]placement{
	{7, 8, 0, 1, 7}, {6, 7, 0, 1, 6}, {5, 6, 0, 1, 5}, {4, 5, 0, 1, 4}, {3, 4, 0, 1, 3}, {2, 3, 0, 1, 2},
	{0, 2, 0, 1, 1}, {0, 3, 8, 2, 1}, {0, 4, 16, 3, 1}, {0, 5, 24, 4, 1}, {0, 6, 32, 5, 1},
	{0, 7, 40, 6, 1}, {0, 8, 48, 7, 1}, {0, 9, 56, 8, 1}, {0, 10, 0, 9, 1},
}

// putSpecial writes zero, or null for what is no number. To Python -0 is an integer,
// which has no sign, and -0.0 the number that it is.
func putSpecial(buf *[maxFloatText]byte, sign int, zero bool) int {
	switch {
	case !zero:
		return copy(buf[:], "null")
	case sign == 1:
		return copy(buf[:], "-0.0")
	}
	return copy(buf[:], "0")
}

// putFar writes a number of nine digits whose point is far from them: a whole
// number with zeros at its end below 1e21, else one with an exponent.
func putFar(buf *[maxFloatText]byte, sign int, first uint32, rest uint64, sig, point int) int {
	digits := buf[sign:]
	digits[0] = byte('0' + first)
	if 0 < point && point <= 21 {
		binary.LittleEndian.PutUint64(digits[1:], rest|asciiZeros)
		for i := 9; i < point; i++ {
			digits[i] = '0'
		}
		return sign + point
	}
	binary.LittleEndian.PutUint64(digits[2:], rest|asciiZeros)
	digits[1] = '.'
	n := sig + 1
	if sig == 1 {
		n = 1
	}
	return sign + n + putExponent(digits[n:], point-1)
}

// putExponent writes e and the exponent with its sign.
func putExponent(buf []byte, exp int) int {
	buf[0], buf[1] = 'e', '+'
	if exp < 0 {
		buf[1] = '-'
		exp = -exp
	}
	return len(strconv.AppendInt(buf[:2], int64(exp), 10))
}

// decimalLen32 returns how many digits d > 0 has, at most 9.
func decimalLen32(d uint32) int {
	n := bits.Len32(d) * 1233 >> 12 // about log10
	return n + int(btou32(uint64(d) >= intPow10[n&31]))
}
