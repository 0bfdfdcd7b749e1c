//go:build !cgo || !(linux || darwin)

package onnx

import (
	"strings"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

func TestWithoutCgo(t *testing.T) {
	var set catalog.Set
	Register(&set, Options{})
	entry := set.Runtime("onnx")
	_, err := entry.Probe()
	_, loadErr := entry.Runtime.Load(t.Context(), &serve.Artifact{File: "testdata/mlp.onnx"}, serve.ModelSpec{})
	for _, err := range []error{err, loadErr} {
		if err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
			t.Errorf("error %v", err)
		}
	}
	if !entry.Detect("mlp.onnx", nil) {
		t.Error("models are not recognised, so that nobody is told why they do not load")
	}
}
