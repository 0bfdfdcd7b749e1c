package jsontext

import "strconv"

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
