package forest

import "math"

const (
	below = math.MinInt64 // a key that goes left at every split
	above = math.MaxInt64 // a key that goes right at every split

	low32 = 1<<32 - 1
)

// The keys of categories are their numbers, and these.
const (
	unlisted = math.MaxInt64 // of what no set holds
	listed   = -1            // of what goes where the listed ones go
)

// ordered32 maps the bits of a float32 that is not NaN to an integer of the
// same order. Both zeros must have been made the positive one before.
func ordered32(bits uint32) int32 {
	return int32(bits) ^ int32(uint32(int32(bits)>>31)&math.MaxInt32)
}

// unordered32 is the number whose bits ordered32 maps to v.
func unordered32(v int32) float32 {
	return math.Float32frombits(uint32(v) ^ uint32(v>>31)&math.MaxInt32)
}

// ordered64 is ordered32 for float64.
func ordered64(bits uint64) int64 {
	return int64(bits) ^ int64(uint64(int64(bits)>>63)&math.MaxInt64)
}

// biased32 maps the bits of a float32 as ordered32 does, to an unsigned integer.
func biased32(bits uint32) uint32 { return bits ^ (uint32(int32(bits)>>31) | 1<<31) }

// narrowKey is the 32-bit form of a key or threshold of a float32 forest: a key
// is at least a threshold if its narrow form is. That of below is 0 and that of
// above the greatest.
func narrowKey(key int64) uint32 { return uint32(key>>32) ^ 1<<31 }

// key32 is the key of a float32: above the threshold of the same number, below
// the next.
func key32(bits uint32) int64 { return int64(ordered32(bits))<<32 | low32 }

// threshold returns the least key that goes right at a split at v.
func (r Rules) threshold(split Split, v float64) int64 {
	after := int64(0)
	if split == AtMost {
		after = 1
	}
	if r.Float32 {
		return (int64(ordered32(math.Float32bits(float32(v)+0))) + after) << 32
	}
	return ordered64(math.Float64bits(v+0)) + after
}

// zero is the key of an input that counts as 0.
func (r Rules) zero() int64 {
	if r.Float32 {
		return key32(0)
	}
	return 0
}

// leafBits is a leaf's value in the place of a threshold: any number but
// negative zero, whose bits would be the key that must stay below all.
func leafBits(v float64) int64 { return int64(math.Float64bits(v + 0)) }
