package jsontext

import (
	"strconv"
	"unicode/utf8"
)

// AppendInt64 appends v in decimal.
func AppendInt64(dst []byte, v int64) []byte { return strconv.AppendInt(dst, v, 10) }

// AppendUint64 appends v in decimal.
func AppendUint64(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 10) }

// AppendBool appends true or false.
func AppendBool(dst []byte, v bool) []byte { return strconv.AppendBool(dst, v) }

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
