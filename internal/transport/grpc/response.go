package grpc

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/leat-ml/leat/internal/tensorwire"
	"github.com/leat-ml/leat/serve"
)

// An inferResponse is a ModelInferResponse, or one in a stream. It is written
// without generated code: the elements of tensors go out from where they are.
type inferResponse struct {
	model, version, id string
	params             map[string]any
	outputs            []*serve.Tensor
	typed              bool // elements one by one instead of raw

	wrapped bool   // in a ModelStreamInferResponse
	failure string // why there is no answer, which only those can say
}

// encode writes the message.
func (m *inferResponse) encode() (mem.BufferSlice, error) {
	w := &writer{}
	w.head(m)
	if m.typed {
		w.contents(m)
	} else {
		w.raw(m)
	}
	parts, size := w.Message()
	if size > math.MaxInt32 {
		return nil, fmt.Errorf("the answer has %d bytes, more than a message can have", size)
	}
	if !m.wrapped {
		return parts, nil
	}
	var outer []byte
	if m.failure != "" {
		outer = appendText(outer, 1, m.failure)
	}
	outer = protowire.AppendTag(outer, 2, protowire.BytesType)
	outer = protowire.AppendVarint(outer, uint64(size))
	return append(mem.BufferSlice{mem.SliceBuffer(outer)}, parts...), nil
}

// A writer collects the parts of a message.
type writer struct{ tensorwire.Parts }

// head writes what is before the outputs.
func (w *writer) head(m *inferResponse) {
	w.Buf = make([]byte, 0, 256)
	for num, s := range []string{1: m.model, 2: m.version, 3: m.id} {
		if s != "" {
			w.Buf = appendText(w.Buf, protowire.Number(num), s)
		}
	}
	w.Buf = appendParameters(w.Buf, 4, m.params)
}

// tensor appends what is said of an output.
func tensor(dst []byte, t *serve.Tensor) []byte {
	if t.Name != "" {
		dst = appendText(dst, 1, t.Name)
	}
	dst = appendText(dst, 2, t.Datatype.String())
	if len(t.Shape) > 0 {
		n := 0
		for _, d := range t.Shape {
			n += protowire.SizeVarint(uint64(d))
		}
		dst = protowire.AppendTag(dst, 3, protowire.BytesType)
		dst = protowire.AppendVarint(dst, uint64(n))
		for _, d := range t.Shape {
			dst = protowire.AppendVarint(dst, uint64(d))
		}
	}
	return appendParameters(dst, 4, t.Parameters)
}

// raw writes the outputs with their elements behind them.
func (w *writer) raw(m *inferResponse) {
	var room [256]byte
	for _, t := range m.outputs {
		w.Buf = appendBytes(w.Buf, 5, tensor(room[:0], t))
	}
	for _, t := range m.outputs {
		w.Buf = protowire.AppendTag(w.Buf, 6, protowire.BytesType)
		if t.Datatype == serve.Bytes {
			w.Buf = protowire.AppendVarint(w.Buf, uint64(sizeTexts(t)))
			for _, s := range t.Strings() {
				w.Buf = append(binary.LittleEndian.AppendUint32(w.Buf, uint32(len(s))), s...)
			}
			continue
		}
		raw := t.Raw()
		w.Buf = protowire.AppendVarint(w.Buf, uint64(len(raw)))
		w.Raw(raw)
	}
}

func sizeTexts(t *serve.Tensor) int {
	n := 4 * t.Len()
	for _, s := range t.Strings() {
		n += len(s)
	}
	return n
}

// contents writes the outputs with their elements in them.
func (w *writer) contents(m *inferResponse) {
	for _, t := range m.outputs {
		var room [256]byte
		about := tensor(room[:0], t)
		if t.Len() > 0 {
			about = appendBytes(about, 5, typedContents(t))
		}
		w.Buf = appendBytes(w.Buf, 5, about)
	}
}

// typedContents is an InferTensorContents.
func typedContents(t *serve.Tensor) []byte {
	field := protowire.Number(contentsOf[t.Datatype&0xf])
	switch t.Datatype {
	case serve.Bytes:
		var dst []byte
		for _, s := range t.Strings() {
			dst = append(protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.BytesType), uint64(len(s))), s...)
		}
		return dst
	case serve.FP32, serve.FP64, serve.Bool: // as they lie in memory
		return appendBytes(nil, field, t.Raw())
	}
	return appendBytes(nil, field, packed(t))
}

// packed are the elements of integers, with as many bytes as each needs.
func packed(t *serve.Tensor) []byte {
	switch t.Datatype {
	case serve.Int8:
		return appendVarints[int8](t)
	case serve.Int16:
		return appendVarints[int16](t)
	case serve.Int32:
		return appendVarints[int32](t)
	case serve.Int64:
		return appendVarints[int64](t)
	case serve.Uint8:
		return appendVarints[uint8](t)
	case serve.Uint16:
		return appendVarints[uint16](t)
	case serve.Uint32:
		return appendVarints[uint32](t)
	}
	return appendVarints[uint64](t)
}

func appendVarints[T interface {
	serve.Element
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}](t *serve.Tensor) []byte {
	elems, _ := serve.Data[T](t)
	dst := make([]byte, 0, 2*len(elems))
	for _, v := range elems {
		dst = protowire.AppendVarint(dst, uint64(v))
	}
	return dst
}

// hasContents says whether the elements of all tensors can be sent one by one.
func hasContents(ts []*serve.Tensor) bool {
	for _, t := range ts {
		if contentsOf[t.Datatype&0xf] == 0 {
			return false
		}
	}
	return true
}

func appendBytes(dst []byte, num protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, num, protowire.BytesType), b)
}

// appendText appends a string, which has to be UTF-8 for clients to read it.
func appendText(dst []byte, num protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(dst, num, protowire.BytesType), valid(s))
}

func sizeText(num protowire.Number, s string) int {
	return protowire.SizeTag(num) + protowire.SizeBytes(len(valid(s)))
}

func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "�")
}
