package forest

import "math"

// AboveFloat32 makes of n a split of a float64 forest that goes right if the
// feature, rounded to float32, is greater than the border. nan says whether a
// missing value goes right.
func AboveFloat32(n Node, border float32, nan bool) Node {
	n.Missing = NaNLeft
	if nan {
		n.Missing = NaNRight
	}
	n.Split, n.Value = AtMost, halfway(border)
	if math.Float32bits(border)&1 != 0 {
		n.Split = Less // halfway rounds up, to the number whose last bit is 0
	}
	return n
}

// halfway is the middle between a float32 and the next greater one.
func halfway(v float32) float64 {
	next := float64(math.Nextafter32(v, float32(math.Inf(1))))
	if math.IsInf(next, 1) {
		next = 0x1p128
	}
	return (float64(v) + next) / 2
}
