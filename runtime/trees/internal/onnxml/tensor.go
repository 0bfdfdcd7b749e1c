package onnxml

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/leat-ml/leat/serve"
)

// A kind is an element type, by ONNX's number (TensorProto.DataType).
type kind int

const (
	single   kind = 1
	byte8    kind = 2
	int32s   kind = 6
	int64s   kind = 7
	text     kind = 8
	double64 kind = 11
)

func (k kind) datatype() serve.Datatype {
	switch k {
	case single:
		return serve.FP32
	case int32s:
		return serve.Int32
	case int64s:
		return serve.Int64
	case text:
		return serve.Bytes
	case double64:
		return serve.FP64
	}
	return serve.Invalid
}

// A tensor is an array within a graph: one of the lists is set, as kind says;
// those of int32 are held as int64, which is enough for constants.
type tensor struct {
	name  string
	kind  kind
	shape []int
	f32   []float32
	f64   []float64
	i64   []int64
	str   []string
}

func (t *tensor) len() int {
	switch t.kind {
	case single:
		return len(t.f32)
	case double64:
		return len(t.f64)
	case text:
		return len(t.str)
	}
	return len(t.i64)
}

// readTensor reads a TensorProto.
func readTensor(m message) (tensor, error) {
	t, raw := tensor{shape: []int{}}, message(nil)
	err := m.each(func(f field) error {
		switch f.number {
		case 1:
			return t.addDims(f)
		case 2:
			t.kind = kind(f.value)
		case 8:
			t.name = string(f.bytes)
		case 9:
			raw = f.bytes
		case 3, 13, 14:
			return fmt.Errorf("a tensor is in parts, or in another file")
		}
		return t.addData(f)
	})
	if err == nil && raw != nil {
		err = t.addRaw(raw)
	}
	if err != nil {
		return t, err
	}
	if n, ok := serve.Elements(t.shape); !ok || n != t.len() {
		return t, fmt.Errorf("a tensor of shape %v has %d elements", t.shape, t.len())
	}
	return t, nil
}

func (t *tensor) addDims(f field) error {
	dims, err := f.ints(nil)
	if len(t.shape)+len(dims) > 8 {
		return fmt.Errorf("a tensor has more than 8 dimensions")
	}
	for _, d := range dims {
		t.shape = append(t.shape, int(d))
	}
	return err
}

// addData takes a field of values.
func (t *tensor) addData(f field) (err error) {
	switch f.number {
	case 4:
		t.f32, err = f.floats(t.f32)
	case 5, 7:
		t.i64, err = f.ints(t.i64)
	case 6:
		t.str = append(t.str, string(f.bytes))
	case 10:
		t.f64, err = f.doubles(t.f64)
	}
	return err
}

// addRaw takes values as they are in memory, little-endian.
func (t *tensor) addRaw(raw message) (err error) {
	f := field{kind: kindBytes, bytes: raw}
	switch t.kind {
	case single:
		t.f32, err = f.floats(t.f32)
	case double64:
		t.f64, err = f.doubles(t.f64)
	case byte8:
		for _, v := range raw {
			t.i64 = append(t.i64, int64(v))
		}
	case int32s:
		for ; len(raw) >= 4; raw = raw[4:] {
			t.i64 = append(t.i64, int64(int32(binary.LittleEndian.Uint32(raw))))
		}
	case int64s:
		for ; len(raw) >= 8; raw = raw[8:] {
			t.i64 = append(t.i64, int64(binary.LittleEndian.Uint64(raw)))
		}
	default:
		err = fmt.Errorf("a tensor has elements of type %d", t.kind)
	}
	return err
}

// A valueInfo is a ValueInfoProto: an input or output.
type valueInfo struct {
	name    string
	kind    kind
	shape   []int // -1: any; nil: not even the number of dimensions is known
	mapping bool  // a sequence of maps, as ZipMap answers
}

func readValueInfo(m message) (valueInfo, error) {
	var v valueInfo
	err := m.each(func(f field) error {
		switch {
		case f.number == 1 && f.kind == kindBytes:
			v.name = string(f.bytes)
		case f.number == 2 && f.kind == kindBytes:
			return v.readType(f.bytes)
		}
		return nil
	})
	return v, err
}

func (v *valueInfo) readType(m message) error {
	return m.each(func(f field) error {
		switch f.number {
		case 1:
			return v.readTensor(f.bytes)
		case 4:
			v.mapping = true
		case 6: // a denotation
		default:
			return fmt.Errorf("%q is no tensor", v.name)
		}
		return nil
	})
}

func (v *valueInfo) readTensor(m message) error {
	return m.each(func(f field) error {
		switch f.number {
		case 1:
			v.kind = kind(f.value)
		case 2:
			v.shape = []int{}
			return f.bytes.each(v.addDim)
		}
		return nil
	})
}

func (v *valueInfo) addDim(f field) error {
	if f.number != 1 {
		return nil
	}
	if len(v.shape) == 8 {
		return fmt.Errorf("%q has more than 8 dimensions", v.name)
	}
	length := -1
	err := f.bytes.each(func(f field) error {
		if f.number == 1 && f.kind == kindVarint && f.value <= math.MaxInt32 {
			length = int(f.value)
		}
		return nil
	})
	v.shape = append(v.shape, length)
	return err
}
