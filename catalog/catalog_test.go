package catalog_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

func newStep(catalog.Args) (serve.Step, error) { return serve.StepFunc(nil), nil }

type noRuntime struct{}

func (noRuntime) Load(context.Context, *serve.Artifact, serve.ModelSpec) (serve.Model, error) {
	return nil, nil
}

func runtimeEntry(name, prefix string) catalog.RuntimeEntry {
	return catalog.RuntimeEntry{
		Name: name, Runtime: noRuntime{},
		Detect: func(_ string, head []byte) bool { return strings.HasPrefix(string(head), prefix) },
	}
}

func TestSet(t *testing.T) {
	var set catalog.Set
	set.Add(catalog.Entry{Name: "A", Aliases: []string{"x.A"}, New: newStep})
	set.AddRuntime(runtimeEntry("r", "R"))
	set.AddRuntime(runtimeEntry("q", "Q"))
	clone := set.Clone()
	clone.Add(catalog.Entry{Name: "B", New: newStep})
	clone.AddRuntime(runtimeEntry("s", "S"))
	if set.Lookup("B") != nil || set.Runtime("s") != nil {
		t.Error("a clone changed its original")
	}
	if a := clone.Lookup("x.A"); a == nil || a.Name != "A" || clone.Lookup("a") != nil {
		t.Errorf("x.A is %v", a)
	}
	if d := cmp.Diff([]string{"A", "B", "x.A"}, clone.Names()); d != "" {
		t.Errorf("names (-want +got):\n%s", d)
	}
	var names []string
	for _, r := range clone.Runtimes() {
		names = append(names, r.Name)
	}
	if d := cmp.Diff([]string{"q", "r", "s"}, names); d != "" {
		t.Errorf("runtimes (-want +got):\n%s", d)
	}
	if r := clone.Detect("f", []byte("Rest")); r == nil || r.Name != "r" {
		t.Errorf("detected %v, want r", r)
	}
	if r := clone.Detect("f", nil); r != nil {
		t.Errorf("detected %v in nothing", r)
	}
}

// TestMisuse wants a panic for every mistake of a program.
func TestMisuse(t *testing.T) {
	var set catalog.Set
	set.Add(catalog.Entry{Name: "A", Aliases: []string{"x.A"}, New: newStep})
	set.AddRuntime(runtimeEntry("r", "R"))
	for name, misuse := range map[string]func(){
		"no name":            func() { set.Add(catalog.Entry{New: newStep}) },
		"no constructor":     func() { set.Add(catalog.Entry{Name: "B"}) },
		"twice":              func() { set.Add(catalog.Entry{Name: "A", New: newStep}) },
		"alias taken":        func() { set.Add(catalog.Entry{Name: "C", Aliases: []string{"x.A"}, New: newStep}) },
		"runtime twice":      func() { set.AddRuntime(runtimeEntry("r", "R")) },
		"runtime incomplete": func() { set.AddRuntime(catalog.RuntimeEntry{Name: "s"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			misuse()
		}()
	}
}
