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
	h := q + log2Pow10(-k) + 1
	g := pow10Table[-k-pow10Min].hi + 1
	out := c & 1 // the ends belong to the interval of an even c
	v := roundToOdd32(g, uint64(4*c)<<h)
	vl := roundToOdd32(g, uint64(left)<<h) + out
	vr := roundToOdd32(g, uint64(4*c+2)<<h) - out
	s := v / 4
	rest := v & 3
	d = s + btou32(rest > 2 || rest == 2 && s&1 != 0)
	if below, above := vl <= 4*s, 4*s+4 <= vr; below != above {
		d = s + btou32(above)
	}
	tens := s / 10
	if below, above := vl <= 40*tens, 40*tens+40 <= vr; s >= 10 && below != above {
		d = tens + btou32(above)
		k++
	}
	return d, k
}

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

func btou32(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
