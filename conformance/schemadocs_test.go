package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDocumentedInference runs the example of what is inferred.
func TestDocumentedInference(t *testing.T) {
	guide, err := os.ReadFile("../docs/graphs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(guide), "### What flows between steps")
	_, rest, more := strings.Cut(rest, "```yaml\n")
	text, rest, _ := strings.Cut(rest, "```")
	_, rest, _ = strings.Cut(rest, "```text\n")
	want, _, _ := strings.Cut(rest, "\n```")
	if !found || !more || want == "" {
		t.Fatal("docs/graphs.md has no example of what flows between steps")
	}
	dir, err := filepath.Abs("../examples/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	got := flowProblems(t, strings.Replace(text, "model_path: ", "model_path: "+dir+"/", 1))
	if d := cmp.Diff(want, "graph.yaml:"+strings.Join(got, "\n")); d != "" {
		t.Errorf("output (-documented +real):\n%s", d)
	}
}
