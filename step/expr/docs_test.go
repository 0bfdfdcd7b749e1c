package expr

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// TestDocumentedExamples runs every line of the tables in the documentation.
func TestDocumentedExamples(t *testing.T) {
	doc, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `(.*)` \\| `(.*)` \\| `(.*)` \\|$")
	rows := row.FindAllStringSubmatch(string(doc), -1)
	if len(rows) < 40 {
		t.Errorf("found %d examples, want 40 at least", len(rows))
	}
	for _, r := range rows {
		text := strings.ReplaceAll(r[1], `\|`, "|")
		v, err := mustCompile(t, text)(context.Background(), parse(t, r[2]))
		got := ""
		if err != nil {
			got = serve.Classic(err)
		} else if out, err := oip.AppendValue(nil, v); err == nil {
			got = strings.ReplaceAll(string(out), ": ", ":")
		}
		if got != r[3] {
			t.Errorf("%s of %s is %s, documented is %s", text, r[2], got, r[3])
		}
	}
}

// TestDocumentedNames wants the lists to name what there is, and nothing else.
func TestDocumentedNames(t *testing.T) {
	doc, err := os.ReadFile("../../docs/expressions.md")
	if err != nil {
		t.Fatal(err)
	}
	list := func(between, until string) []string {
		_, text, ok := strings.Cut(string(doc), between)
		text, _, ok2 := strings.Cut(text, until)
		if !ok || !ok2 {
			t.Fatalf("there is no text between %q and %q", between, until)
		}
		names := regexp.MustCompile(`[a-z_]+`).FindAllString(text, -1)
		slices.Sort(names)
		return names
	}
	documented := list("- Functions: ", ". Arguments")
	for name := range functions {
		if !slices.Contains(documented, name) {
			t.Errorf("the function %s is not documented", name)
		}
	}
	for _, name := range documented {
		if functions[name] == nil {
			t.Errorf("%s is documented, and no function", name)
		}
	}
	documented = list("- Methods of strings: ", ".\n- With")
	for name := range methods {
		if !slices.Contains(documented, name) && name != "get_param" {
			t.Errorf("the method %s is not documented", name)
		}
	}
}
