package jsontext

import "math/bits"

// floorLog10Pow2 returns floor(log10(2^e)), and floorLog10ThreeQuarters that of
// 3/4 * 2^e, for |e| <= 1650.
func floorLog10Pow2(e int) int { return (e * 1262611) >> 22 }

func floorLog10ThreeQuarters(e int) int { return (e*1262611 - 524031) >> 22 }

// shortest32 returns the shortest decimal d * 10^k that reads back as the
// float32 with the given bits, which is positive and finite, and among those the
// nearest to it. d may end in zeros.
//
// The algorithm is R. Giulietti's, "The Schubfach way to render doubles" (2020),
// section 9, with the constants for 32 bits. The names follow the paper: the
// float32 is c * 2^q; v, vl and vr are four times it and the ends of its rounding
// interval, scaled by 10^-k and rounded to odd, which keeps comparisons exact.
func shortest32(b uint32) (d uint32, k int) {
	c, q := float32Parts(b)
	regular := c != 1<<23 || q == minQ32
	k = floorLog10Pow2(q)
	left := 4*c - 2
	if !regular { // a power of two: the float below is twice as near
		k = floorLog10ThreeQuarters(q)
		left = 4*c - 1
	}
	h := uint(q+log2Pow10(-k)+1) & 63 // 1 to 4
	g := pow10Table[-k-pow10Min].hi + 1
	out := c & 1 // the ends belong to the interval of an even c
	v := roundToOdd32(g, uint64(4*c)<<h)
	vl := roundToOdd32(g, uint64(left)<<h) + out
	vr := roundToOdd32(g, uint64(4*c+2)<<h) - out
	d, shorter := pick32(v, vl, vr)
	return d, k + shorter
}

// pick32 chooses among the decimals around v/4: a multiple of ten if just one
// of the two next to it lies in the interval, and is then 1 place shorter; else a
// whole number if just one does; else the nearer of these two, and the even one
// half-way. Which it is has no pattern, so nothing here branches.
//
// Below ten the paper takes no multiple of ten. Here that makes no difference: of
// the few subnormal numbers with v/4 < 10, just 7 * 2^-149 and 2 * 2^-1074 have 10
// in their interval, and no other whole number is nearer to these.
func pick32(v, vl, vr uint32) (d uint32, shorter int) {
	s := v / 4
	d = s + (v&3+s&1+1)/4
	below, above := btou32(vl <= 4*s), btou32(4*s+4 <= vr)
	d = choose32(below^above, s+above, d)
	tens := s / 10
	below, above = btou32(vl <= 40*tens), btou32(40*tens+40 <= vr)
	short := below ^ above
	return choose32(short, tens+above, d), int(short)
}

// choose32 returns a if bit is 1, and b if it is 0.
func choose32(bit, a, b uint32) uint32 { return b ^ (a^b)&-bit }

// shortest64 is shortest32 for float64.
func shortest64(b uint64) (d uint64, k int) {
	c, q := float64Parts(b)
	k = floorLog10Pow2(q)
	left := 4*c - 2
	if c == 1<<52 && q != minQ64 {
		k = floorLog10ThreeQuarters(q)
		left = 4*c - 1
	}
	h := uint(q+log2Pow10(-k)+1) & 63
	g := pow10Table[-k-pow10Min]
	g.lo++ // up, as the paper wants it
	if g.lo == 0 {
		g.hi++
	}
	out := c & 1
	v := roundToOdd64(&g, 4*c<<h)
	vl := roundToOdd64(&g, left<<h) + out
	vr := roundToOdd64(&g, (4*c+2)<<h) - out
	d, shorter := pick64(v, vl, vr)
	return d, k + shorter
}

// pick64 is pick32 for float64.
func pick64(v, vl, vr uint64) (d uint64, shorter int) {
	s := v / 4
	d = s + (v&3+s&1+1)/4
	below, above := btou64(vl <= 4*s), btou64(4*s+4 <= vr)
	d = choose64(below^above, s+above, d)
	tens := s / 10
	below, above = btou64(vl <= 40*tens), btou64(40*tens+40 <= vr)
	short := below ^ above
	return choose64(short, tens+above, d), int(short)
}

// choose64 returns a if bit is 1, and b if it is 0.
func choose64(bit, a, b uint64) uint64 { return b ^ (a^b)&-bit }

const minQ32 = -149 // the exponent of subnormal float32s

// float32Parts splits a finite float32 into c * 2^q.
func float32Parts(b uint32) (c uint32, q int) {
	c, q = b&(1<<23-1), int(b>>23)
	if q == 0 {
		return c, minQ32
	}
	return c | 1<<23, q + minQ32 - 1
}

// roundToOdd32 returns g*cp / 2^64, with the last bit set if anything but zeros
// (and the error of g) is cut off.
func roundToOdd32(g, cp uint64) uint32 {
	hi, lo := bits.Mul64(g, cp)
	return uint32(hi) | btou32(lo>>32 > 1)
}

const minQ64 = -1074

// float64Parts splits a finite float64 into c * 2^q.
func float64Parts(b uint64) (c uint64, q int) {
	c, q = b&(1<<52-1), int(b>>52)
	if q == 0 {
		return c, minQ64
	}
	return c | 1<<52, q + minQ64 - 1
}

// roundToOdd64 is roundToOdd32 for 128 bits of g: g*cp / 2^128.
func roundToOdd64(g *pow10Bits, cp uint64) uint64 {
	low, _ := bits.Mul64(g.lo, cp)
	hi, lo := bits.Mul64(g.hi, cp)
	lo, carry := bits.Add64(lo, low, 0)
	return (hi + carry) | btou64(lo > 1)
}

func btou64(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func btou32(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
