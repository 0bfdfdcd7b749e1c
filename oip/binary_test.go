package oip

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/leat-ml/leat/serve"
)

// TestBinaryAlignment puts the document anywhere in memory: the elements are
// right, and are only copied when they have to be.
func TestBinaryAlignment(t *testing.T) {
	doc := `{"inputs":[{"name":"a","shape":[3],"datatype":"UINT8","parameters":{"binary_data_size":3}},` +
		`{"name":"b","shape":[2],"datatype":"FP64","parameters":{"binary_data_size":16}}]}`
	behind := append([]byte{1, 2, 3}, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.5)), math.Float64bits(-2))...)
	for at := range 16 {
		raw := append(make([]byte, at, 4096), doc...)
		raw = append(raw, behind...)[at:]
		req, err := BinaryRequest(raw, len(doc))
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := serve.Data[float64](req.Inputs[1]); len(b) != 2 || b[0] != 0.5 || b[1] != -2 {
			t.Fatalf("at %d: %v", at, b)
		}
		first := &raw[len(doc)+3]
		inPlace := uintptr(unsafe.Pointer(first))%8 == 0
		if shared := &req.Inputs[1].Raw()[0] == first; shared != inPlace {
			t.Errorf("at %d: shared is %t, aligned is %t", at, shared, inPlace)
		}
		if &req.Inputs[0].Raw()[0] != &raw[len(doc)] || req.Inputs[0].Parameters != nil {
			t.Errorf("at %d: bytes were copied, or their parameters kept: %v", at, req.Inputs[0].Parameters)
		}
	}
}

// TestFramed reads back what is written.
func TestFramed(t *testing.T) {
	in := serve.NewBytes("x", []string{"", "a", "\x00\xff", "wörld"}, 2, 2)
	var out serve.Tensor
	if err := FromBytes(&out, "x", serve.Bytes, in.Shape, AppendFramed(nil, in)); err != nil {
		t.Fatal(err)
	}
	for i, s := range in.Strings() {
		if out.Strings()[i] != s {
			t.Errorf("element %d is %q, want %q", i, out.Strings()[i], s)
		}
	}
}

// FuzzBinaryRequest reads hostile documents with bytes behind them, and writes
// back as bytes what was read.
func FuzzBinaryRequest(f *testing.F) {
	tensor := func(datatype, shape string, size int) string {
		return fmt.Sprintf(`{"inputs":[{"name":"x","shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}]}`, shape, datatype, size)
	}
	f.Add(tensor("FP32", "[1]", 4), []byte("abcd"))
	f.Add(tensor("BYTES", "[2]", 9), []byte("\x01\x00\x00\x00a\x00\x00\x00\x00"))
	f.Add(tensor("BOOL", "[3]", 3), []byte("\x00\x01\x02"))
	f.Add(tensor("INT64", "[4611686018427387904,4]", 8), []byte("12345678"))
	f.Add(`{"inputs":[[1,2]]}`, []byte("x"))
	f.Fuzz(func(t *testing.T, doc string, behind []byte) {
		req, err := BinaryRequest(append([]byte(doc), behind...), len(doc))
		if err != nil || req.Dialect != serve.OIP {
			return
		}
		resp := &serve.Response{Dialect: serve.OIP, Outputs: req.Inputs}
		resp.SetAsked(&serve.Request{Parameters: map[string]any{binaryDataOutput: true}})
		text, parts, err := AppendBinary(nil, resp)
		if err != nil {
			t.Fatalf("%q was read but cannot be written: %v", doc, err)
		}
		again, err := BinaryRequest(append(bytes.Replace(text, []byte(`"outputs":`), []byte(`"inputs":`), 1), bytes.Join(parts, nil)...), len(text)-1)
		if err != nil {
			t.Fatalf("%q was written as %q, which is not read: %v", doc, text, err)
		}
		for i, in := range req.Inputs {
			if !bytes.Equal(in.Raw(), again.Inputs[i].Raw()) || in.Len() != again.Inputs[i].Len() {
				t.Fatalf("input %d differs", i)
			}
		}
	})
}
