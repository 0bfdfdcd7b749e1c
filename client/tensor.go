package client

import (
	"fmt"
	"strings"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A Tensor is a dense, row-major array: name, datatype, shape and elements. It is
// that of models written in Go, and is not changed once it is sent or received.
type Tensor = serve.Tensor

// A Datatype is the type of a tensor's elements, serve.FP32 for example.
type Datatype = serve.Datatype

// An Element is a Go type of the elements of tensors: string is BYTES, and the
// others have the datatype of their size.
type Element interface{ serve.Element | string }

// NewTensor returns a tensor over data, which it takes over without a copy. Without
// a shape it is one-dimensional. It panics when shape and data disagree, as only a
// mistake in the program can make them.
func NewTensor[T Element](name string, data []T, shape ...int) *Tensor {
	switch d := any(data).(type) {
	case []string:
		return serve.NewBytes(name, d, shape...)
	case []bool:
		return serve.NewTensor(name, d, shape...)
	case []float32:
		return serve.NewTensor(name, d, shape...)
	case []float64:
		return serve.NewTensor(name, d, shape...)
	case []int64:
		return serve.NewTensor(name, d, shape...)
	case []int32:
		return serve.NewTensor(name, d, shape...)
	case []int16:
		return serve.NewTensor(name, d, shape...)
	case []int8:
		return serve.NewTensor(name, d, shape...)
	case []uint64:
		return serve.NewTensor(name, d, shape...)
	case []uint32:
		return serve.NewTensor(name, d, shape...)
	case []uint16:
		return serve.NewTensor(name, d, shape...)
	}
	return serve.NewTensor(name, any(data).([]uint8), shape...) // the only one left
}

// RawTensor returns a tensor of any datatype over raw, which it takes over:
// elements as they lie in memory, little-endian, one byte a boolean, and those of
// BYTES behind their lengths in four bytes. FP16 and BF16 are made this way.
func RawTensor(name string, dt Datatype, raw []byte, shape ...int) (*Tensor, error) {
	t := new(Tensor)
	if err := oip.FromBytes(t, name, dt, shape, raw); err != nil {
		return nil, fmt.Errorf("make tensor %q: %w", name, err)
	}
	return t, nil
}

// Data is the elements of an output of an answer, without a copy: read them only.
// The name may be empty if the answer has one output. It is an error if there is no
// such output, or if T is not the Go type of its datatype; [Tensor.Float32s] and
// [Tensor.Float64s] convert numbers of any datatype, FP16 and BF16 among them.
func Data[T Element](r *Response, output string) ([]T, error) {
	t, err := r.find(output)
	if err != nil {
		return nil, err
	}
	if elems, ok := elements[T](t); ok {
		return elems, nil
	}
	var zero T
	return nil, fmt.Errorf("output %q is %s, whose elements are no %T", t.Name, t.Datatype, zero)
}

func elements[T Element](t *Tensor) (elems []T, ok bool) {
	var zero T
	switch any(zero).(type) {
	case string:
		elems, _ = any(t.Strings()).([]T)
		return elems, t.Datatype == serve.Bytes
	case bool:
		return same[bool, T](t)
	case float32:
		return same[float32, T](t)
	case float64:
		return same[float64, T](t)
	case int64:
		return same[int64, T](t)
	case int32:
		return same[int32, T](t)
	case int16:
		return same[int16, T](t)
	case int8:
		return same[int8, T](t)
	case uint64:
		return same[uint64, T](t)
	case uint32:
		return same[uint32, T](t)
	case uint16:
		return same[uint16, T](t)
	}
	return same[uint8, T](t)
}

// same sees the elements as []E, which is []T.
func same[E serve.Element, T Element](t *Tensor) ([]T, bool) {
	elems, ok := serve.Data[E](t)
	if !ok {
		return nil, false
	}
	same, ok := any(elems).([]T)
	return same, ok
}

func (r *Response) find(output string) (*Tensor, error) {
	if output == "" && len(r.Outputs) == 1 {
		return r.Outputs[0], nil
	}
	if t := r.Output(output); t != nil {
		return t, nil
	}
	names := make([]string, len(r.Outputs))
	for i, t := range r.Outputs {
		names[i] = t.Name
	}
	return nil, fmt.Errorf("the answer has no output %q: it has %s", output, strings.Join(names, ", "))
}
