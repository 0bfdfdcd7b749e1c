package jsontext

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendFloat32 appends the shortest decimal text that reads back as f, in the
// format of encoding/json: an exponent only below 1e-6 and from 1e21 on. NaN and
// the infinities, which JSON lacks, become null.
func AppendFloat32(dst []byte, f float32) []byte {
	return appendFloat(dst, float64(f), 32)
}

// AppendFloat64 is [AppendFloat32] for float64.
func AppendFloat64(dst []byte, f float64) []byte {
	return appendFloat(dst, f, 64)
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(dst, "null"...)
	}
	abs := math.Abs(f)
	format := byte('f')
	if abs != 0 && (bits == 64 && (abs < 1e-6 || abs >= 1e21) ||
		bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	if n := len(dst); format == 'e' && n >= 4 && string(dst[n-4:n-1]) == "e-0" {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// AppendInt64 appends v in decimal.
func AppendInt64(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

// AppendUint64 appends v in decimal.
func AppendUint64(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

// AppendBool appends true or false.
func AppendBool(dst []byte, v bool) []byte { return strconv.AppendBool(dst, v) }

// AppendFloat32s appends the elements of vs with commas between them, as
// [AppendFloat32] writes each.
func AppendFloat32s(dst []byte, vs []float32) []byte {
	return appendList(dst, vs, AppendFloat32)
}

// AppendFloat64s appends the elements of vs with commas between them, as
// [AppendFloat64] writes each.
func AppendFloat64s(dst []byte, vs []float64) []byte {
	return appendList(dst, vs, AppendFloat64)
}

// AppendInts appends the elements of vs with commas between them.
func AppendInts[T Integer](dst []byte, vs []T) []byte {
	if signed[T]() {
		return appendList(dst, vs, func(dst []byte, v T) []byte { return AppendInt64(dst, int64(v)) })
	}
	return appendList(dst, vs, func(dst []byte, v T) []byte { return AppendUint64(dst, uint64(v)) })
}

// AppendBools appends the elements of vs with commas between them.
func AppendBools(dst []byte, vs []bool) []byte { return appendList(dst, vs, AppendBool) }

// AppendStrings appends the elements of vs with commas between them, as
// [AppendString] writes each.
func AppendStrings(dst []byte, vs []string) []byte { return appendList(dst, vs, AppendString) }

func appendList[T any](dst []byte, vs []T, one func([]byte, T) []byte) []byte {
	for i, v := range vs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, v)
	}
	return dst
}

// AppendString appends s as a JSON string in quotes. Quotes, backslashes and
// control characters are escaped and nothing else is; bytes that are not UTF-8
// become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
		i++
	}
	return append(dst, '"')
}
