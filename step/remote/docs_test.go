package remote

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestDocumentedArguments wants a line for every argument.
func TestDocumentedArguments(t *testing.T) {
	doc, err := os.ReadFile("../../docs/remote.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "## Arguments")
	table, _, _ = strings.Cut(table, "\n## ")
	typ := reflect.TypeFor[config]()
	for i := range typ.NumField() {
		if name := typ.Field(i).Tag.Get("arg"); !strings.Contains(table, "`"+name+"`") {
			t.Errorf("docs/remote.md does not have %s", name)
		}
	}
}
