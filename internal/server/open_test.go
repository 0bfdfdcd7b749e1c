package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/leat-ml/leat/graph"
)

// TestPlace: a model beside its spec that cannot be read is the one that is meant, so
// that the error is not that there is none where the server runs.
func TestPlace(t *testing.T) {
	dir := t.TempDir()
	c := &Config{Spec: &graph.Spec{File: filepath.Join(dir, "spec.yaml")}}
	if err := os.WriteFile(filepath.Join(dir, "here.ubj"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("round.ubj", filepath.Join(dir, "round.ubj")); err != nil { // which root cannot read either
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"here.ubj": filepath.Join(dir, "here.ubj"), "round.ubj": filepath.Join(dir, "round.ubj"), "nowhere.ubj": "nowhere.ubj", "s3://b/here.ubj": "s3://b/here.ubj", "": "",
	} {
		if got := c.place(path); got != want {
			t.Errorf("%q is at %q, want %q", path, got, want)
		}
	}
}
