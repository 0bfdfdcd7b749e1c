package conformance

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

// example is a command in a document and the answer that it shows.
var example = regexp.MustCompile("```sh\\ncurl localhost:8080(\\S+) -d '(.*)'\\n```\\n\\n```json\\n(.*)\\n```")

// TestExamplesOfModels sends what docs/models.md has to the quickstart's models,
// and wants the answers that it shows.
func TestExamplesOfModels(t *testing.T) {
	text, err := os.ReadFile("../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	found := example.FindAllStringSubmatch(string(text), -1)
	if len(found) < 2 {
		t.Fatalf("found %d examples with answers", len(found))
	}
	url := serveQuickstart(t)
	for _, e := range found {
		a := post(e[1], e[2]).do(t, url)
		var got, want any
		if err := json.Unmarshal([]byte(e[3]), &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(a.body, &got); err != nil || a.status != 200 || !same(got, want) {
			t.Errorf("%s %s\n%d %s\nwant %s", e[1], e[2], a.status, a.body, e[3])
		}
	}
}

// same compares JSON values, numbers to 1e-6.
func same(got, want any) bool {
	switch w := want.(type) {
	case float64:
		return alike(w, got)
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !same(g[i], w[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range w {
			if !same(g[k], w[k]) {
				return false
			}
		}
		return true
	}
	return got == want
}
