package conformance

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
)

// TestSpecsBothWays reads every spec of the cases, writes it, and finds what was
// there: nothing lost, nothing added.
func TestSpecsBothWays(t *testing.T) {
	n := 0
	for _, c := range append(readCases(t), testCase{Name: "names beside keys", Spec: json.RawMessage(`{"graph": {"engine": "async", "steps": {
		"a": {"name": "first", "handler": "ident"},
		"r": {"kind": "router", "name": "models", "after": ["a"], "responder": true, "routes": {"m": {"name": "mine", "class_name": "ScalarMul"}}}}}}`)}) {
		var want map[string]any
		if json.Unmarshal(c.Spec, &want) != nil || want["graph"] == nil {
			continue
		}
		spec, _ := config.ParseSpec("spec.json", c.Spec, config.Options{MLRun: true})
		if spec == nil || spec.Graph == nil {
			continue // refused
		}
		n++
		text, err := json.Marshal(spec)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if diff := cmp.Diff(bare(want), bare(decode(t, text)), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.Name, diff)
		}
		again, _ := config.ParseSpec("spec.json", text, config.Options{MLRun: true})
		places := cmp.Options{
			cmpopts.IgnoreTypes(graph.Pos{}), cmpopts.IgnoreFields(graph.StepSpec{}, "ArgPos"),
		}
		if diff := cmp.Diff(spec, again, places, cmpopts.IgnoreUnexported(graph.Spec{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s read again (-want +got):\n%s", c.Name, diff)
		}
	}
	if n < 60 {
		t.Errorf("%d specs", n)
	}
}

// bare is a document without what says nothing: empty values, defaults, and keys
// that have no effect yet.
func bare(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for key, v := range o {
		v = bare(v)
		switch w := v.(type) {
		case nil:
			continue
		case bool:
			if !w {
				continue
			}
		case string:
			if w == "" {
				continue
			}
		case []any:
			if len(w) == 0 {
				continue
			}
		case map[string]any:
			if len(w) == 0 && key != "graph" {
				continue
			}
		}
		out[key] = v
	}
	return out
}

// TestSetFlow is the case of that name: a chain replaced by another.
func TestSetFlow(t *testing.T) {
	spec := graph.NewFlow("sync")
	spec.To("s1", graph.StepSpec{Class: "Chain"}).To("s2", graph.StepSpec{Class: "Chain"})
	spec.SetFlow(true, graph.StepSpec{Name: "r1", Handler: "(event + 10)"}, graph.StepSpec{Name: "r2", Handler: "json.dumps"})
	set := classes()
	addFlowClasses(set, &board{})
	srv, err := leat.New(spec, &leat.Options{Catalog: set, MLRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close(t.Context()) }()
	if got, err := srv.Test(t.Context(), "/", "5"); err != nil || string(got) != "15" {
		t.Errorf("%s, %v", got, err)
	}
	spec.SetFlow(false, graph.StepSpec{Name: "x", Handler: "(event)"})
	if _, err := leat.New(spec, &leat.Options{Catalog: set}); err == nil || err.Error() != "set_flow() called on a step that already has downstream steps. If you want to overwrite existing steps, set force=True." {
		t.Error(err)
	}
}
