package jsontext

import "math/bits"

// A layout is how an IEEE 754 binary format lays out its bits.
type layout struct {
	fraction int // bits after the leading 1
	bias     int // of the exponent
	maxExp   int // the biased exponent of infinities
	signBit  int
}

var (
	layout32 = layout{fraction: 23, bias: 127, maxExp: 255, signBit: 31}
	layout64 = layout{fraction: 52, bias: 1023, maxExp: 2047, signBit: 63}
)

// eiselLemire returns the bits of the float nearest to mant * 10^exp, mant not
// being 0, or false when 192 bits of the product do not tell, and for
// subnormal numbers and overflow.
//
// The algorithm is M. Eisel's as D. Lemire describes it in "Number parsing at a
// gigabyte per second", Software: Practice and Experience 51 (8), 2021, sections
// 5 and 6: multiply the mantissa by the first 64, and if need be 128, bits of
// the power of ten, and give up when the cut-off rest could change the rounding.
func eiselLemire(mant uint64, exp int, lay *layout) (b uint64, ok bool) {
	if exp < pow10Min || exp > pow10Max {
		return 0, false
	}
	zeros := bits.LeadingZeros64(mant)
	hi, lo, ok := scaledProduct(mant<<zeros, &pow10Table[exp-pow10Min], lay)
	if !ok {
		return 0, false
	}
	top := int(hi >> 63)
	m := hi >> (lay.dropped() + top) // the result's bits and one to round by
	if m&3 == 1 && lo == 0 && hi&lay.rest() == 0 {
		return 0, false // half-way to the odd neighbour, or just above
	}
	m = (m + m&1) >> 1
	e := log2Pow10(exp) + lay.bias + 63 - zeros + top
	if m>>(lay.fraction+1) != 0 {
		m >>= 1
		e++
	}
	if e <= 0 || e >= lay.maxExp {
		return 0, false
	}
	return uint64(e)<<lay.fraction | m&(1<<lay.fraction-1), true
}

// dropped is how many bits a product that starts with 0 has below the float's
// bits and the one that decides rounding.
func (lay *layout) dropped() int { return 61 - lay.fraction }

// rest masks the dropped bits.
func (lay *layout) rest() uint64 { return 1<<lay.dropped() - 1 }

// scaledProduct returns the high 128 bits of m * pow, right in all bits that
// decide the rounding, or false if they depend on what pow lacks.
func scaledProduct(m uint64, pow *pow10Bits, lay *layout) (hi, lo uint64, ok bool) {
	hi, lo = bits.Mul64(m, pow.hi)
	if hi&lay.rest() != lay.rest() || lo+m >= lo {
		return hi, lo, true
	}
	hi2, lo2 := bits.Mul64(m, pow.lo)
	lo, carry := bits.Add64(lo, hi2, 0)
	hi += carry
	unsure := hi&lay.rest() == lay.rest() && lo+1 == 0 && lo2+m < lo2
	return hi, lo, !unsure
}
