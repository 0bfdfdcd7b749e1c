package client

import (
	"os"
	"strings"
	"testing"
)

// TestDocs: what docs/client.md shows is part of the examples, which are run.
func TestDocs(t *testing.T) {
	doc, err := os.ReadFile("../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(doc), "```go\n")[1:]
	if len(parts) == 0 {
		t.Fatal("the document shows nothing")
	}
	for _, part := range parts {
		code, _, _ := strings.Cut(part, "```")
		if !strings.Contains(string(examples), code) {
			t.Errorf("not in example_test.go:\n%s", code)
		}
	}
}
