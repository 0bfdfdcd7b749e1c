package oip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unsafe"

	"github.com/leat-ml/leat/serve"
)

// The binary tensor extension, by Triton's description of it
// (docs/protocol/extension_binary_data.md): the elements of tensors are behind the
// JSON document, little-endian, in the order of the tensors.

// BinaryAlignment is where in memory the first byte behind the document is best
// for [BinaryRequest]: at a multiple of this, elements need not be moved.
const BinaryAlignment = 64

// The parameters of the extension.
const (
	binaryDataSize   = "binary_data_size"   // of an input: the bytes that are its elements
	binaryData       = "binary_data"        // of an output: whether to answer with bytes
	binaryDataOutput = "binary_data_output" // of a request: the same for outputs that do not say
)

// sharedMemory are parameters of an extension that leat does not have.
const sharedMemory = "shared_memory_region"

// BinaryRequest reads an inference request whose document is the first head bytes
// of raw and whose rest has the elements of the inputs with a binary_data_size.
// It takes raw over: the tensors share it, and are copied only where their bytes
// are not aligned to their elements.
func BinaryRequest(raw []byte, head int) (*serve.Request, error) {
	if head < 0 || head > len(raw) {
		return nil, fmt.Errorf("the JSON is said to have %d bytes, but the body has %d", head, len(raw))
	}
	behind := &blobs{rest: raw[head:], size: len(raw) - head}
	req, err := parseWith(&Buffer{}, raw[:head:head], behind)
	if err == nil && len(behind.rest) > 0 {
		return nil, fmt.Errorf("%d bytes are left behind the elements of the inputs", len(behind.rest))
	}
	return req, err
}

// RawRequest is a request without a document: raw, which it takes over, is the
// elements of the model's one input, and all outputs are answered as bytes.
func RawRequest(raw []byte) *serve.Request {
	req := &serve.Request{Dialect: serve.OIP, Parameters: map[string]any{binaryDataOutput: true}}
	req.SetPresence(true, true)
	req.SetUnshaped(raw)
	return req
}

// blobs are the bytes behind a document that nobody has taken yet.
type blobs struct {
	rest []byte
	size int // of all
}

// outside says whether the elements of an input are behind the document, and
// refuses those that are in several places.
func (r *reader) outside(in *inputTensor) (bool, error) {
	if in.parameters == nil || !in.isTensor() {
		return false, nil
	}
	_, shared := in.parameters[sharedMemory]
	_, sized := in.parameters[binaryDataSize]
	var set []string
	for _, place := range []struct {
		name string
		set  bool
	}{{"data", in.hasData}, {binaryDataSize, sized}, {sharedMemory, shared}} {
		if place.set {
			set = append(set, place.name)
		}
	}
	switch {
	case len(set) > 1:
		return false, fmt.Errorf("the elements are in several places, but may be in one: %q are set", set)
	case shared:
		return false, serve.Errorf(serve.NotOffered, "", "%s: shared memory is not offered", sharedMemory)
	case sized && r.behind == nil:
		return false, errors.New("binary_data_size is set, but the request has no header Inference-Header-Content-Length")
	}
	return sized, nil
}

// blob makes the tensor of the next bytes behind the document.
func (r *reader) blob(in *inputTensor) error {
	size, ok := in.parameters[binaryDataSize].(int64)
	left := len(r.behind.rest)
	switch {
	case !ok || size < 0:
		return fmt.Errorf("%s is %s, not a number of bytes", binaryDataSize, shown(in.parameters[binaryDataSize]))
	case size > int64(left):
		return fmt.Errorf("%s is %d, but %d of the %d bytes behind the JSON are left", binaryDataSize, size, left, r.behind.size)
	}
	raw := r.behind.rest[:size:size]
	r.behind.rest = r.behind.rest[size:]
	delete(in.parameters, binaryDataSize) // it is nothing to the model
	if len(in.parameters) == 0 {
		in.parameters = nil
	}
	return FromBytes(in.tensor, in.name, in.datatype, in.shape, raw)
}

// FromBytes makes t, a zero tensor, the tensor of the elements in raw, which it
// takes over: little-endian numbers, one byte a boolean, and elements of BYTES
// behind their lengths in four bytes.
func FromBytes(t *serve.Tensor, name string, dt serve.Datatype, shape []int, raw []byte) (err error) {
	n, ok := serve.Elements(shape)
	if !ok {
		return fmt.Errorf("shape %v has more elements than can be", shape)
	}
	if dt == serve.Bytes {
		elems, err := framed(raw, n, shape)
		if err == nil {
			*t, err = serve.MakeBytes(name, shape, elems)
		}
		return err
	}
	size := dt.Size()
	if size == 0 || len(raw)%size != 0 || len(raw)/size != n {
		return fmt.Errorf("input byte size mismatch: expected %s bytes for shape %v of %s, got %d", product(n, size), shape, dt, len(raw))
	}
	if dt == serve.Bool {
		truths(raw)
	}
	return serve.InitTensor(t, name, dt, shape, aligned(raw, size))
}

// product is a times b, which may be more than an int holds.
func product(a, b int) string {
	if b > 0 && a > math.MaxInt/b {
		return strconv.Itoa(a) + " times " + strconv.Itoa(b)
	}
	return strconv.Itoa(a * b)
}

// truths makes every byte that is not 0 a 1, which is all that a bool may be.
func truths(raw []byte) {
	for i, b := range raw {
		if b > 1 {
			raw[i] = 1
		}
	}
}

// aligned is raw at an address that is a multiple of size, which is at most 8.
func aligned(raw []byte, size int) []byte {
	if len(raw) == 0 || uintptr(unsafe.Pointer(&raw[0]))%uintptr(size) == 0 {
		return raw
	}
	words := make([]uint64, (len(raw)+7)/8)
	moved := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(raw))
	copy(moved, raw)
	return moved
}

// framed are the n elements of BYTES in raw, which they share.
func framed(raw []byte, n int, shape []int) ([]string, error) {
	if n > len(raw)/4 {
		return nil, fmt.Errorf("shape %v holds %d elements, but %d bytes have fewer", shape, n, len(raw))
	}
	elems := make([]string, 0, n)
	for rest := raw; len(rest) > 0; {
		if len(rest) < 4 {
			return nil, fmt.Errorf("element %d has no length: %d bytes are left of %d", len(elems), len(rest), len(raw))
		}
		size := binary.LittleEndian.Uint32(rest)
		if rest = rest[4:]; uint64(size) > uint64(len(rest)) {
			return nil, fmt.Errorf("element %d is said to have %d bytes, but %d are left of %d", len(elems), size, len(rest), len(raw))
		}
		if len(elems) == n {
			return nil, fmt.Errorf("shape %v holds %d elements, but there are more", shape, n)
		}
		elems = append(elems, view(rest[:size]))
		rest = rest[size:]
	}
	if len(elems) != n {
		return nil, fmt.Errorf("shape %v holds %d elements, but there are %d", shape, n, len(elems))
	}
	return elems, nil
}

// view is b as a string without a copy: b is not changed any more.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// AppendFramed appends the elements of a BYTES tensor, each behind its length in
// four bytes.
func AppendFramed(dst []byte, t *serve.Tensor) []byte {
	size := 4 * t.Len()
	for _, s := range t.Strings() {
		size += len(s)
	}
	dst = slices.Grow(dst, size)
	for _, s := range t.Strings() {
		dst = append(binary.LittleEndian.AppendUint32(dst, uint32(len(s))), s...)
	}
	return dst
}
