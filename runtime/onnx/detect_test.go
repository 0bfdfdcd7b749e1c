package onnx

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDetect(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.onnx"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d models, %v", len(files), err)
	}
	for _, file := range files {
		head, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{len(head), 64} {
			if !detect("model", head[:min(n, len(head))]) {
				t.Errorf("%s is not recognised by its first %d bytes", file, n)
			}
		}
	}
}

func TestDetectOthers(t *testing.T) {
	long := string(appendField([]byte{8, 7}, 6, []byte(strings.Repeat("what the model does. ", 500))))
	for _, test := range []struct {
		name, file, head string
		want             bool
	}{
		{"anything of that name", "a.onnx", "version https://git-lfs.github.com/spec/v1", true},
		{"nothing of that name", "A.ONNX", "", true},
		{"a long description", "model.bin", long[:4096], true},
		{"nothing", "model.bin", "", false},
		{"the version alone", "model.bin", "\x08\x07", false},
		{"a version of 0", "model.bin", "\x08\x00\x3a\x02\x0a\x00", false},
		{"a version of 101", "model.bin", "\x08\x65\x3a\x02\x0a\x00", false},
		{"two versions", "model.bin", "\x08\x07\x08\x07\x3a\x02\x0a\x00", false},
		{"no version", "model.bin", "\x12\x04abcd\x3a\x02\x0a\x00", false},
		{"an unknown field", "model.bin", "\x08\x07\x48\x01\x3a\x02\x0a\x00", false},
		{"a field of another kind", "model.bin", "\x08\x07\x38\x00", false},
		{"a graph that is none", "model.bin", "\x08\x07\x3a\x02\x38\x00", false},
		{"an import that is none", "model.bin", "\x08\x07\x42\x02\x18\x00", false},
		{"a graph", "model.bin", "\x08\x07\x3a\x02\x0a\x00", true},
		{"an import", "model.bin", "\x08\x07\x42\x02\x10\x0d", true},
		{"a TensorFlow model", "saved_model.pb", "\x08\x01\x12\xf0\x01\x0a\x10\x12\x04\x08\x01\x10\x02", false},
		{"JSON", "model.json", `{"learner":{}}`, false},
		{"UBJSON", "model.ubj", "{L\x00\x00\x00\x00\x00\x00\x00\x07learner{", false},
		{"LightGBM", "model.txt", "tree\nversion=v4\n", false},
		{"an executable", "a.out", "\x7fELF\x02\x01\x01\x00", false},
		{"a zip", "model.zip", "PK\x03\x04\x14\x00\x08\x08\x08\x00", false},
		{"a pickle", "model.pkl", "\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c", false},
	} {
		if got := detect(test.file, []byte(test.head)); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestDetectNoise counts how many of many files of noise are taken for models,
// which half of them may be in their first two bytes.
func TestDetectNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	head, taken := make([]byte, 64), 0
	for i := range 50_000 {
		for j := range head {
			head[j] = byte(r.Uint32())
		}
		if i%2 == 0 {
			head[0], head[1] = 0x08, head[1]%16
		}
		if detect("noise.bin", head) {
			taken++
		}
	}
	if taken > 50 {
		t.Errorf("%d of 50000 files of noise are taken for models", taken)
	}
}
