//go:build cgo && linux

package onnx

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestNothingIsWritten starts the library in a process of its own, whose home
// and folder for temporary files stay empty: newer libraries would keep a
// database of what they do there, to report it.
func TestNothingIsWritten(t *testing.T) {
	if os.Getenv("LEAT_ONNX_QUIET") != "" {
		predict(t, loaded(t, testdata("mlp")), mlpRequest(1))
		return
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingIsWritten$")
	cmd.Env = append(os.Environ(), "LEAT_ONNX_QUIET=1", "HOME="+dir, "XDG_CACHE_HOME="+dir, "TMPDIR="+dir)
	if out, err := cmd.CombinedOutput(); err != nil || strings.TrimSpace(string(out)) != "PASS" {
		t.Fatalf("%v\n%s", err, out)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("%v was written, %v", entries, err)
	}
}
