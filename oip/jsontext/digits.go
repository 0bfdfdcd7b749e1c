package jsontext

import "math/bits"

// Eight digits at a time: a word holds eight bytes of text, the first in its
// low byte. The technique is D. Lemire's "Quickly parsing eight digits"
// (lemire.me, 2018) with the digit test of fast_float; the loads need no
// alignment.

// leadingDigits returns how many of the word's first bytes are digits, and the
// word with every digit replaced by its value.
func leadingDigits(w uint64) (n int, values uint64) {
	// A byte v = c^'0' is at most 9 for a digit. v+0x76 sets the top bit for v
	// in 10..137 and v itself for v >= 128; only the bytes after a non-digit
	// see its carry.
	values = w ^ 0x3030303030303030
	other := (values + 0x7676767676767676 | values) & 0x8080808080808080
	return bits.TrailingZeros64(other) >> 3, values
}

// number8 returns the number that the first n of the word's digit values make.
func number8(values uint64, n int) uint64 {
	const mask = 0x000000FF000000FF
	half := (32 - 4*uint(n)) & 63 // two shifts of at most 32 need no test for 64
	v := values << half << half   // to the end, with zeros before
	v = v*10 + v>>8               // two digits in every other byte
	return ((v&mask)*(100+1000000<<32) + (v>>16&mask)*(1+10000<<32)) >> 32
}

// digits8 returns the eight decimal digits of v < 10^8, leading zeros included,
// as the bytes of a word, the first digit in its low byte. It divides by 10^4,
// then both halves by 10^2, then the four quarters by 10, each by a multiplication
// that is exact for numbers that small.
func digits8(v uint32) uint64 {
	high := v / 10000
	x := uint64(high) | uint64(v-high*10000)<<32
	q := x * 5243 >> 19 & 0x0000007F0000007F
	x = q | (x-q*100)<<16
	q = x * 103 >> 10 & 0x000F000F000F000F
	return q | (x-q*10)<<8
}
