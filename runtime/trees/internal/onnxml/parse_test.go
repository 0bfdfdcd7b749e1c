package onnxml

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// A part is a field of bytes within a protobuf message.
func part(number int, content ...[]byte) []byte {
	var all []byte
	for _, c := range content {
		all = append(all, c...)
	}
	return append([]byte{byte(number<<3 | kindBytes), byte(len(all))}, all...)
}

func number(field int, v byte) []byte { return []byte{byte(field << 3), v} }

func words(field int, text string) []byte { return part(field, []byte(text)) }

// attribute is an AttributeProto of integers.
func attribute(name string, values ...byte) []byte {
	return part(5, words(1, name), part(8, values))
}

// matrixOf is a ValueInfoProto of float32 with any number of rows.
func matrixOf(field int, name string, columns byte) []byte {
	dims := part(2, part(1), part(1, number(1, columns)))
	return part(field, words(1, name), part(2, part(1, number(1, 1), dims)))
}

// modelOf is a ModelProto with the given parts of a graph.
func modelOf(graph ...[]byte) []byte {
	content := []byte{}
	for _, g := range graph {
		content = append(content, g...)
	}
	opset := part(8, words(1, "ai.onnx.ml"), number(2, 3))
	size := len(content)
	model := append(number(1, 8), opset...)
	model = append(model, 7<<3|kindBytes, byte(size&0x7f|0x80), byte(size>>7))
	return append(model, content...)
}

func treeNode(op string, attributes ...[]byte) []byte {
	content := [][]byte{words(1, "X"), words(2, "Y"), words(4, op), words(7, "ai.onnx.ml")}
	return part(1, append(content, attributes...)...)
}

func TestParseErrors(t *testing.T) {
	in, out := matrixOf(11, "X", 2), matrixOf(12, "Y", 1)
	for _, test := range []struct {
		name  string
		file  []byte
		error string
	}{
		{"nothing", nil, "0 graphs"},
		{"no protobuf", []byte("tree\nversion=v4\n"), "protobuf"},
		{"cut off", modelOf(in, out)[:20], "EOF"},
		{"no trees", modelOf(in, out), "no trees"},
		{"two inputs", modelOf(in, matrixOf(11, "Z", 2), out), "several inputs"},
		{"unknown operator", modelOf(in, out, treeNode("Scan")), "not known"},
		{"unknown attribute", modelOf(in, out, treeNode("TreeEnsembleRegressor", attribute("new", 1))), `"new" is not known`},
		{"no nodes", modelOf(in, out, treeNode("TreeEnsembleRegressor")), "no trees"},
		{"lists of different lengths", modelOf(in, out, treeNode("TreeEnsembleRegressor", attribute("nodes_nodeids", 0, 1))), "2 and 0 entries"},
		{"a value twice", modelOf(in, matrixOf(11, "X", 2), out), "several inputs"},
		{"no matrix", modelOf(part(11, words(1, "X"), part(2, part(1, number(1, 1)))), out), "no matrix"},
		{"a list of numbers for text", modelOf(part(11, words(1, "X"), part(2, part(1, number(1, 8), part(2, part(1), part(1))))), out), "no input of numbers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse(test.file)
			if err == nil || !strings.Contains(err.Error(), test.error) {
				t.Errorf("error %v, want %q", err, test.error)
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "boosted.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []*serve.Tensor{
		serve.NewTensor("X", make([]float32, 4), 1, 4),
		serve.NewTensor("X", make([]float32, 5), 5),
		serve.NewTensor("X", make([]float64, 5), 1, 5),
	} {
		if _, err := p.Run(in); err == nil {
			t.Errorf("%s %v was taken", in.Datatype, in.Shape)
		}
	}
}

// TestRowsByThemselves wants each row to be answered by itself as it is among
// others.
func TestRowsByThemselves(t *testing.T) {
	for _, name := range []string{"forest-classes", "forest-two", "boosted", "max"} {
		p, a := load(t, filepath.Join("testdata", name+".onnx"))
		in := a.Input.tensor(t)
		all, err := p.Run(in)
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := serve.Data[float32](in)
		together, _ := serve.Data[float32](all[len(all)-1])
		width := in.Shape[1]
		for r := range in.Shape[0] {
			one, err := p.Run(serve.NewTensor("X", rows[r*width:(r+1)*width], 1, width))
			if err != nil {
				t.Fatal(err)
			}
			alone, _ := serve.Data[float32](one[len(one)-1])
			for i, v := range alone {
				if want := together[r*len(alone)+i]; v != want {
					t.Errorf("%s: row %d: %v by itself, %v among others", name, r, v, want)
				}
			}
		}
	}
}
