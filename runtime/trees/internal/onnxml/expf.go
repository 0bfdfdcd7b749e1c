package onnxml

import "math"

// exp32 is e^v as glibc computes it since 2.27, to the bit, since that is what
// ONNX Runtime calls on Linux. A neighbour of the nearest float32 is rare, but
// a probability that is one minus another shows it many times enlarged. The
// exponent is k/32 and a rest, of which 2^(k/32) is looked up and 2^rest is a
// polynomial, all in float64.
func exp32(v float32) float32 {
	const big = 0x1.8p+52 // added, it rounds to a whole number in the lowest bits
	switch {
	case v > 0x1.62e42ep6:
		return float32(math.Inf(1))
	case v < -0x1.9fe368p6:
		return 0
	case v != v:
		return v
	}
	z := float64(float64(v) * (0x1.71547652b82fep+0 * 32))
	shifted := z + big
	k := math.Float64bits(shifted)
	r := z - (shifted - big)
	bits := math.Float64bits(powers[k%32])
	scale := math.Float64frombits(bits + (k>>5)<<52)
	high := float64(0x1.c6af84b912394p-5/32/32/32*r) + 0x1.ebfce50fac4f3p-3/32/32
	y := float64(0x1.62e42ff0c52d6p-1/32*r) + 1
	y += float64(high * float64(r*r))
	return float32(y * scale)
}

// powers are 2^(i/32).
var powers = [32]float64{
	1, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
	0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
	0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
	0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
	0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
	0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
	0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
	0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
}
