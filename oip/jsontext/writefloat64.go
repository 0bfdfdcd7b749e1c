package jsontext

import (
	"math"
	"strconv"
)

// AppendFloat64 is [AppendFloat32] for float64.
func AppendFloat64(dst []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	abs := math.Abs(f)
	format := byte('f')
	if abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if n := len(dst); format == 'e' && n >= 4 && string(dst[n-4:n-1]) == "e-0" {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// AppendFloat64s appends the elements of vs with commas between them, as
// [AppendFloat64] writes each.
func AppendFloat64s(dst []byte, vs []float64) []byte {
	return appendList(dst, vs, AppendFloat64)
}
