package artifact

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// in is a field of a message that holds others.
func in(field uint64, parts ...string) string {
	text := strings.Join(parts, "")
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, field<<3|2), uint64(len(text)))) + text
}

// outside is a tensor whose numbers are in a file.
func outside(name string) string {
	return in(8, "weight") + in(13, in(1, "location"), in(2, name)) + in(13, in(1, "offset"), in(2, "16")) + "\x70\x01" // data_location: EXTERNAL
}

func onnxFile(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWeightsOf(t *testing.T) {
	nested := in(7, in(1, in(5, in(6, in(5, outside("inner.bin"))))))
	everywhere := "\x08\x0a" + in(2, "maker") + in(7,
		in(1, in(4, "MatMul"), in(5, in(5, outside("attribute.bin")))),
		in(5, outside("a.bin")), in(5, outside("a.bin")), in(5, in(9, "raw numbers")), in(5, outside("sub/b.bin")),
		in(15, in(1, outside("values.bin")), in(2, outside("indices.bin")))) +
		in(25, in(7, in(5, in(10, outside("function.bin"))))) + "\x0d1234" + "\x0912345678"
	var many, deep string
	for i := range maxWeightFiles + 1 {
		many += in(5, outside(strconv.Itoa(i)))
	}
	deep = outside("deep.bin")
	for range maxONNXDepth {
		deep = in(1, in(5, in(6, deep)))
	}
	for _, tt := range []struct {
		name, text string
		want       []string
		err        string
	}{
		{"none", in(7, in(5, in(9, "raw"))), nil, ""},
		{"nested", nested, []string{"inner.bin"}, ""},
		{"everywhere", everywhere, []string{"attribute.bin", "a.bin", "sub/b.bin", "values.bin", "indices.bin", "function.bin"}, ""},
		{"not ONNX", "{\"a\": 1}", nil, ""},
		{"cut", everywhere[:len(everywhere)/2], nil, ""},
		{"a length that lies", in(7, in(5, outside("a.bin")))[:2] + "\xff\xff\xff\xff\xff\xff\xff\xff\x7f", nil, ""},
		{"out of the folder", in(7, in(5, outside("../../etc/passwd"))), nil, "leads out of the folder"},
		{"from the root", in(7, in(5, outside("/etc/passwd"))), nil, "leads out of the folder"},
		{"a long name", in(7, in(5, outside(strings.Repeat("x", maxWeightEntry)))), nil, "takes"},
		{"too many", in(7, many), nil, "more than 1000"},
		{"too deep", in(7, deep), nil, ""},
	} {
		got, err := weightsOf(onnxFile(t, tt.text))
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.name != "cut" && !slices.Equal(got, tt.want):
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestWeightsOfReal reads a file that the package onnx has written.
func TestWeightsOfReal(t *testing.T) {
	got, err := weightsOf(filepath.FromSlash("../runtime/onnx/testdata/external.onnx"))
	if err != nil || !slices.Equal(got, []string{"external.bin"}) {
		t.Errorf("%q, error %v", got, err)
	}
}

// TestRemoteWeights: a file in a bucket that has its weights beside it.
func TestRemoteWeights(t *testing.T) {
	model := in(7, in(5, outside("w.bin")), in(5, outside("sub/v.bin")))
	w := newWorld(t, map[string]string{
		"a/m.onnx": model, "a/w.bin": "w", "a/sub/v.bin": "v", "a/other.bin": "other",
		"b/m.onnx": model, "b/w.bin": "w",
		"c/m.onnx":          in(7, in(5, outside("../a/w.bin"))),
		"d/model_spec.yaml": "spec: {model_file: net/m.onnx}", "d/net/m.onnx": in(7, in(5, outside("w.bin"))), "d/net/w.bin": "described",
	})
	s := newStore(t, "")
	for path, want := range map[string]string{"a/m.onnx": "w", "d": "described"} {
		a, err := s.Open(t.Context(), Request{Path: w.at(path), Suffix: ".onnx"})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got := content(t, filepath.Join(filepath.Dir(a.File), "w.bin")); got != want {
			t.Errorf("%s: the weights are %q", path, got)
		}
	}
	dir, err := s.Tree(t.Context(), w.at("a/m.onnx"), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := filesBelow(t, filepath.Dir(dir)); !slices.Equal(got, []string{"m.onnx", "sub/v.bin", "w.bin"}) {
		t.Errorf("brought %q", got)
	}
	for path, want := range map[string]string{"b/m.onnx": "sub/v.bin", "c/m.onnx": "leads out of the folder"} {
		if _, err := s.Open(t.Context(), Request{Path: w.at(path)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}

func FuzzWeightsOf(f *testing.F) {
	f.Add([]byte(in(7, in(5, outside("w.bin")))))
	f.Add([]byte("\x08\x0a" + in(7, in(1, in(5, in(6, in(5, outside("inner.bin"))))))))
	file := onnxFile(f, "")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		names, _ := weightsOf(file)
		for _, name := range names {
			if !filepath.IsLocal(name) {
				t.Fatalf("%q leads out of the folder", name)
			}
		}
	})
}
