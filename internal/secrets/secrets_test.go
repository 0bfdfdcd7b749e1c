package secrets

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/graph"
)

func TestSources(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "s.txt"), []byte("# of the team\nUSER = me \nPASS=a$b=$HOME$\n\nno\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"HOME": "/h", "TOKEN": "t", "MLRUN_K8S_SECRET__K": "k", "MLRUN_K8S_SECRET__OTHER": "o"}
	lookup := func(name string) (string, bool) { v, ok := variables[name]; return v, ok }
	s, err := Open([]graph.SecretSource{
		{Kind: "inline", Values: map[string]string{"A": "1", "USER": "you"}, Prefix: ""},
		{Kind: "file", Path: "s.txt"},
		{Kind: "env", Names: []string{"TOKEN", "NONE"}, Prefix: "P_"},
		{Kind: "kubernetes", Names: []string{"k"}},
	}, folder, lookup)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"A": "1", "USER": "me", "PASS": "a$b=/h$", "P_TOKEN": "t", "k": "k", "other": "o", "TOKEN": "", "NONE": "", "P_NONE": ""} {
		if got, ok := s.Value(name); got != want || ok != (want != "") {
			t.Errorf("%s is %q (%v), want %q", name, got, ok, want)
		}
	}
}

func TestWrongFiles(t *testing.T) {
	folder := t.TempDir()
	large := filepath.Join(folder, "large")
	if err := os.WriteFile(large, []byte(strings.Repeat("x", maxFile+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open([]graph.SecretSource{{Kind: "file", Path: "none"}, {Kind: "file", Path: large}}, folder, os.LookupEnv)
	if err == nil || !strings.Contains(err.Error(), "none: no such file") || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("error %v", err)
	}
}
