package oip

import (
	"unsafe"

	"github.com/leat-ml/leat/serve"
)

// reuse returns an empty []T with room for n elements: over buf when that is
// large enough, else newly made.
func reuse[T serve.Element](buf []uint64, n int) []T {
	var zero T
	size := int(unsafe.Sizeof(zero))
	if n > 0 && n*size <= 8*len(buf) {
		return unsafe.Slice((*T)(unsafe.Pointer(&buf[0])), 8*len(buf)/size)[:0:n]
	}
	return make([]T, 0, n)
}

// text is s as a string: without a copy when s lies in the document, which is
// immutable.
func (r *reader) text(s []byte) string {
	if len(s) == 0 {
		return ""
	}
	first := uintptr(unsafe.Pointer(&s[0]))
	doc := uintptr(unsafe.Pointer(&r.lx.Data[0]))
	if first >= doc && first < doc+uintptr(len(r.lx.Data)) {
		return unsafe.String(&s[0], len(s))
	}
	return string(s)
}
