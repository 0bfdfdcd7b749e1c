package graph_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
)

// TestProblems wants every problem of a spec at once, each with its place.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name    string
		engine  string
		onError string
		steps   []string
		want    []string
	}{
		{"no steps", "sync", "", nil, []string{`graph: a flow without steps`}},
		{"names", "sync", "", []string{"a Pass", "a Pass <a"}, []string{`2:1: there are two steps named "a" (the other one is in line 1)`}},
		{"several at once", "async", "hh", []string{"a Pass <bb", "b Pasz <a !h", "h Handle x >cc"}, []string{
			`1:1: step "a": after names "bb", and there is no step of that name (did you mean b?)`,
			`3:1: step "h": before names "cc", and there is no step of that name`,
			`graph: on_error names "hh", and there is no step of that name (did you mean h?)`,
			`2:1: unknown class "Pasz" (did you mean Pass?)`,
		}},
		{"loop", "sync", "", []string{"a Pass <b", "b Pass <a"}, []string{`1:1: Error, loop detected in step a, graph must be acyclic (DAG)`}},
		{"loop behind a start", "async", "", []string{"s Pass", "a Pass <s,b", "b Pass <a"}, []string{`2:1: Error, loop detected in step a, graph must be acyclic (DAG)`}},
		{"loop of one", "async", "", []string{"s Pass", "a Pass <s,a"}, []string{`2:1: Error, loop detected in step a, graph must be acyclic (DAG)`}},
		{"handler leads back", "async", "", []string{"s Pass", "a Fail <s !h", "b Pass <a *", "h Handle x >s"}, []string{`4:1: step "h" handles the errors of step "a" and leads back to it`}},
		{"handler of itself", "async", "", []string{"s Pass !s *"}, []string{`1:1: step "s": it cannot handle its own errors`}},
		{"two responders", "async", "", []string{"a Pass *", "b Pass *"}, []string{`2:1: there are more than one responder steps in the graph (a,b)`}},
		{"two starts", "sync", "", []string{"a Pass", "b Pass"}, []string{`2:1: sync engine can only have one starting step (without .after)`}},
		{"branch", "sync", "", []string{"a Pass", "b Pass <a", "c Pass <a"}, []string{`1:1: synchronous flow engine doesnt support branches use async, step=a`}},
		{"unreachable", "async", "", []string{"a Pass *", "h Handle x", "i Pass <h"}, []string{
			`2:1: step "h" is never reached: no step leads to it, and none has it as on_error`,
			`3:1: step "i" is never reached: no step leads to it, and none has it as on_error`,
		}},
		{"no start", "async", "h", []string{"h Handle x"}, []string{
			`no step starts the flow: each one has an after or only handles errors`,
			`1:1: step "h" is never reached: no step leads to it, and none has it as on_error`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, problems := graph.Build(flow(tt.engine, tt.onError, tt.steps...), graph.Options{Catalog: newPlace().classes()})
			if g != nil {
				t.Error("it was built")
			}
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRootKinds(t *testing.T) {
	for kind, want := range map[string]string{"flow": "illegal root step flow", "task": "illegal root step task"} {
		_, problems := graph.Build(&graph.Spec{Graph: &graph.StepSpec{Kind: kind}}, graph.Options{})
		if len(problems) != 1 || !strings.Contains(problems[0].Msg, want) {
			t.Errorf("%s: %v", kind, problems)
		}
	}
}

// TestFunctions runs the steps of one function of a graph over several.
func TestFunctions(t *testing.T) {
	spec := func() *graph.Spec {
		s := flow("sync", "", "a Pass", "b Pass <a", "c Pass <b", "d Pass <c")
		s.Graph.Steps[2].Function, s.Graph.Steps[3].Function = "f2", "f2"
		s.Functions = map[string]string{"f2": "p/f2"}
		return s
	}
	for function, want := range map[string]string{"": ".ab", "f2": ".cd", "*": ".abcd"} {
		if got := ask(t.Context(), build(t, newPlace(), spec(), graph.Options{Function: function}), "."); got != want {
			t.Errorf("function %q: %s, want %s", function, got, want)
		}
	}
	s := spec()
	s.Functions = nil
	for function, want := range map[string]string{
		"":   "function f2 is used in steps and is not defined, use the .add_child_function() to specify child function attributes",
		"f3": `no step runs in the current function "f3"`,
	} {
		_, problems := graph.Build(s, graph.Options{Function: function, Catalog: newPlace().classes()})
		if len(problems) == 0 || !strings.Contains(problems[len(problems)-1].Msg, want) {
			t.Errorf("function %q: %v", function, problems)
		}
	}
}

// TestFromAndFinal starts a flow in the middle and ends it before its end.
func TestFromAndFinal(t *testing.T) {
	spec := flow("sync", "", "a Pass", "b Pass <a", "c Pass <b", "d Pass <c")
	if got := ask(t.Context(), build(t, newPlace(), spec, graph.Options{FromStep: "b"}), "."); got != ".bcd" {
		t.Error(got)
	}
	spec.Graph.FinalStep = "c"
	if got := ask(t.Context(), build(t, newPlace(), spec, graph.Options{}), "."); got != ".abc" {
		t.Error(got)
	}
	spec.Graph.FinalStep = "z"
	if _, problems := graph.Build(spec, graph.Options{Catalog: newPlace().classes()}); len(problems) != 1 || !strings.HasPrefix(problems[0].Msg, `unknown final_step "z"`) {
		t.Error(problems)
	}
	if _, problems := graph.Build(spec, graph.Options{FromStep: "y", Catalog: newPlace().classes()}); len(problems) == 0 || !strings.HasPrefix(problems[0].Msg, `unknown from_step "y"`) {
		t.Error(problems)
	}
}

// TestNested runs flows within flows: their outcome is one step's.
func TestNested(t *testing.T) {
	for _, tt := range []struct {
		name  string
		inner []string
		want  string
	}{
		{"chain", []string{"b Pass", "c Pass <b"}, ".abcd"},
		{"filter", []string{"b Drop", "c Pass <b"}, "filtered"},
		{"error", []string{"b Pass", "c Fail <b"}, "error: step in/c: failed in c"},
		{"handled", []string{"b Fail !h", "c Pass <b", "h Handle x"}, ".abh[in/b: failed in b]d"},
		{"responder and tail", []string{"b Pass *", "c Pass <b"}, ".abd"},
		{"branches", []string{"b Pass", "c Pass <b", "x Pass <b", "m Gather <c,x"}, "(.abc+.abx)md"},
		{"kept", []string{"q Keep", "c Pass <q"}, ".aqcd"},
	} {
		for _, engine := range []string{"sync", "async"} {
			outer := flow(engine, "", "a Pass", "in Pass <a", "d Pass <in *")
			in := flow("", "", tt.inner...).Graph
			in.Name, in.Kind, in.After = "in", "flow", []string{"a"}
			outer.Graph.Steps[1] = in
			got := ask(t.Context(), build(t, newPlace(), outer, graph.Options{}), ".")
			if got != tt.want {
				t.Errorf("%s, %s: %s, want %s", tt.name, engine, got, tt.want)
			}
		}
	}
}

// TestHandlerNotClosed: what begins as an expression is told to be one that does not
// end, and no function of that name.
func TestHandlerNotClosed(t *testing.T) {
	spec := flow("sync", "", "a Pass")
	spec.Graph.Steps[0].Class, spec.Graph.Steps[0].Handler = "", "(event["
	_, problems := graph.Build(spec, graph.Options{Catalog: newPlace().classes()})
	want := `1:1: step "a": expression (event[: it begins with ( and has to end with )`
	if len(problems) != 1 || problems[0].String() != want {
		t.Errorf("problems are %v, want %s", problems, want)
	}
}
