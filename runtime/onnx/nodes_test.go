//go:build cgo && (linux || darwin)

package onnx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// TestNodes runs models of ONNX's own test suite, with its inputs and answers:
// every one answers right, or is refused for the reason known.
func TestNodes(t *testing.T) {
	locale := "Failed to construct locale with name:en_US.UTF-8" // where the system does not have it
	refused := map[string]string{
		"test_identity_sequence":                                `input "x": it is a sequence of tensors, which is not supported`,
		"test_Linear":                                           "Could not find an implementation for Gemm(6)",
		"test_BatchNorm2d_eval":                                 "Could not find an implementation for BatchNormalization(6)",
		"test_strnorm_model_monday_casesensintive_lower":        locale,
		"test_strnormalizer_export_monday_casesensintive_lower": locale,
	}
	dirs, err := os.ReadDir(shared(t, "onnx_node"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		t.Run(dir.Name(), func(t *testing.T) {
			file := shared(t, "onnx_node", dir.Name(), "model.onnx")
			err := checkNode(t, file)
			if reason := refused[dir.Name()]; err != nil && (reason == "" || !strings.Contains(err.Error(), reason)) {
				t.Error(err)
			}
		})
	}
}

// TestLightNetworks runs big networks, whose weights are all alike.
func TestLightNetworks(t *testing.T) {
	for _, name := range []string{"light_squeezenet", "light_resnet50"} {
		t.Run(name, func(t *testing.T) {
			m := loaded(t, shared(t, "onnx_light", name+".onnx"))
			data := make([]float32, 3*224*224)
			for i := range data {
				data[i] = float32(i) / float32(len(data))
			}
			got := predict(t, m, request(serve.NewTensor(m.desc.Inputs[0].Name, data, 1, 3, 224, 224)))[0]
			compare(t, got, readProto(t, shared(t, "onnx_light", name+"_output_0.pb")).Named(got.Name))
		})
	}
}

// checkNode compares the answer of a model with the one beside it. The error is
// the model's, which some versions of the library refuse at load and others at
// the first run.
func checkNode(t *testing.T, file string) error {
	loadedModel, err := testEngine(t).Load(t.Context(), &serve.Artifact{File: file}, serve.ModelSpec{})
	if err != nil {
		return err
	}
	m, req := loadedModel.(*model), request()
	defer func() {
		if err := m.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	data := filepath.Join(filepath.Dir(file), "test_data_set_0")
	for i, s := range m.desc.Inputs {
		in := readProto(t, filepath.Join(data, fmt.Sprintf("input_%d.pb", i)))
		req.Inputs = append(req.Inputs, in.Named(s.Name))
	}
	out, err := m.Predict(t.Context(), req)
	if err != nil {
		return err
	}
	for i, got := range out.([]*serve.Tensor) {
		compare(t, got, readProto(t, filepath.Join(data, fmt.Sprintf("output_%d.pb", i))).Named(got.Name))
	}
	return nil
}

// readProto reads a TensorProto (onnx.proto).
func readProto(t *testing.T, file string) *serve.Tensor {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var p tensorProto
	for m := (message{file: newWindow(bytes.NewReader(raw)), end: int64(len(raw))}); m.more(); {
		f, err := m.next()
		if err != nil {
			t.Fatal(err)
		}
		p.add(t, f)
	}
	dt := datatypeOf(p.element)
	if dt == serve.Bytes {
		out, err := makeStrings("", p.texts, p.shape)
		if err != nil {
			t.Fatal(err)
		}
		return &out
	}
	out, err := serve.MakeTensor("", dt, p.shape, p.data(dt))
	if err != nil {
		t.Fatal(err)
	}
	return &out
}

// A tensorProto is what was read of one: its elements in one of three forms.
type tensorProto struct {
	element int
	shape   []int
	raw     []byte
	values  []uint64
	texts   []string
}

func (p *tensorProto) add(t *testing.T, f field) {
	var content []byte
	if f.kind == kindBytes {
		text, err := f.content.text()
		if err != nil {
			t.Fatal(err)
		}
		content = []byte(text)
	}
	switch f.number {
	case 1: // dims
		for _, n := range varints(f, content) {
			p.shape = append(p.shape, int(n))
		}
	case 2: // data_type
		p.element = int(f.value)
	case 4: // float_data
		for ; len(content) > 0; content = content[4:] {
			p.values = append(p.values, uint64(binary.LittleEndian.Uint32(content)))
		}
	case 5, 7, 11: // int32_data, int64_data, uint64_data
		p.values = append(p.values, varints(f, content)...)
	case 6: // string_data
		p.texts = append(p.texts, string(content))
	case 9: // raw_data
		p.raw = content
	case 10: // double_data
		for ; len(content) > 0; content = content[8:] {
			p.values = append(p.values, binary.LittleEndian.Uint64(content))
		}
	}
}

// varints are the values of a repeated number, packed or not.
func varints(f field, content []byte) (values []uint64) {
	if f.kind == kindVarint {
		return []uint64{f.value}
	}
	for len(content) > 0 {
		v, n := binary.Uvarint(content)
		if n <= 0 {
			return append(values, math.MaxUint64)
		}
		values, content = append(values, v), content[n:]
	}
	return values
}

func (p *tensorProto) data(dt serve.Datatype) []byte {
	if p.raw != nil {
		return append(make([]byte, 0, len(p.raw)+8), p.raw...)
	}
	out := make([]byte, 0, 8*len(p.values)+8)
	for _, v := range p.values {
		for i := range dt.Size() {
			out = append(out, byte(v>>(8*i)))
		}
	}
	return out
}
