package step_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/steptest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// newSet is a catalog of the steps with the expression language.
func newSet() *catalog.Set {
	set := &catalog.Set{}
	expr.Register(set)
	step.Register(set)
	return set
}

// values reads the class_args of a test, with functions for the keys that begin
// with "_", as the engine has them.
func values(tb testing.TB, set *catalog.Set, text string) map[string]any {
	tb.Helper()
	out := map[string]any{}
	if text == "" {
		return out
	}
	v, err := oip.ParseValue([]byte(text))
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	for key, v := range plain(v).(map[string]any) {
		if key[0] == '_' {
			f, err := set.Func(v.(string))
			if err != nil {
				tb.Fatal(err)
			}
			out[key[1:]] = f
			continue
		}
		out[key] = v
	}
	return out
}

// plain is a document as a spec's reader has it.
func plain(v any) any {
	switch v := v.(type) {
	case *serve.Object:
		out := map[string]any{}
		for key, v := range v.All() {
			out[key] = plain(v)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case *serve.Tensor:
		return v.Rows()
	}
	return v
}

// make makes a step of a class with class_args as JSON.
func newStep(tb testing.TB, class, text string, more ...func(*catalog.Args)) (serve.Step, error) {
	tb.Helper()
	set := newSet()
	a := catalog.Args{Name: "s", Class: class, Values: values(tb, set, text), Env: &catalog.Env{}, Func: set.Func}
	for _, f := range more {
		f(&a)
	}
	entry := set.Lookup(class)
	if entry == nil {
		tb.Fatalf("there is no class %s", class)
	}
	return entry.New(a)
}

func mustStep(tb testing.TB, class, text string, more ...func(*catalog.Args)) serve.Step {
	tb.Helper()
	s, err := newStep(tb, class, text, more...)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func withFunc(key string, f catalog.Func) func(*catalog.Args) {
	return func(a *catalog.Args) { a.Values[key] = f }
}

func fullEvent(a *catalog.Args) { a.FullEvent = true }

func paths(input, result string) func(*catalog.Args) {
	return func(a *catalog.Args) { a.InputPath, a.ResultPath = input, result }
}

var errBroken = errors.New("broken")

func broken(context.Context, any) (any, error) { return nil, errBroken }

// outcome is an outcome as text.
func outcome(o steptest.Outcome) string {
	switch {
	case o.Err != nil:
		return "error " + serve.Classic(o.Err)
	case o.Filtered():
		return "filtered"
	}
	return o.Body()
}

// TestSteps sends one event through one step of each kind, and wants what
// reaches the followers or the outcome.
func TestSteps(t *testing.T) {
	for i, c := range []struct {
		class, args, body string
		more              func(*catalog.Args)
		want              []string // what reaches followers
		outcome           string   // where nothing does
	}{
		{class: "Map", args: `{"_fn": "(event['x'] * 2)"}`, body: `{"x": 2}`, want: []string{`4`}},
		{class: "Map", args: `{"fn": "(event + 1)", "long_running": true}`, body: `2`, want: []string{`3`}},
		{class: "storey.flow.Map", args: `{"_fn": "(event + 1)"}`, body: `{"a": {"b": 2}, "c": [1, 2.50]}`, more: paths("a.b", "d.e"), want: []string{`{"a":{"b": 2},"c":[1, 2.50],"d":{"e":3}}`}},
		{class: "Map", args: `{"_fn": "(event + 1)"}`, body: `{"a": 2`, outcome: "error ValueError: failed to json decode event, "},
		{class: "Map", args: `{}`, more: withFunc("fn", broken), body: `1`, outcome: "error Exception: broken"},

		{class: "Filter", args: `{"_fn": "(event > 3)"}`, body: `5`, want: []string{`5`}},
		{class: "Filter", args: `{"_fn": "(event > 3)"}`, body: `1`, outcome: "filtered"},
		{class: "Filter", args: `{"_fn": "(event)"}`, body: `[0]`, want: []string{`[0]`}},
		{class: "Filter", args: `{"_fn": "(event)"}`, body: `[]`, outcome: "filtered"},
		{class: "Filter", args: `{"_fn": "(event)"}`, body: `0.0`, outcome: "filtered"},
		{class: "Filter", args: `{"_fn": "(event)"}`, body: `{"a": {"b": 1}}`, more: paths("a.b", ""), want: []string{`{"a": {"b": 1}}`}},

		{class: "FlatMap", args: `{"_fn": "([event, event + 1])"}`, body: `5`, want: []string{`5`, `6`}},
		{class: "FlatMap", args: `{"_fn": "([])"}`, body: `5`, outcome: "filtered"},
		{class: "FlatMap", args: `{"_fn": "(event)"}`, body: `5`, outcome: "error TypeError: a list of items is needed to make events of, and this is 5"},
		{class: "FlatMap", args: `{"_fn": "(event)"}`, more: paths("a", "a"), body: `{"a": [1, 2], "b": 3}`, want: []string{`{"a":1,"b":3}`, `{"a":2,"b":3}`}},
		{class: "storey.steps.Flatten", body: `[[1, 2], [3, 4]]`, want: []string{`[1,2]`, `[3,4]`}},
		{class: "Flatten", body: `[1, 2.5, 3]`, want: []string{`1`, `2.5`, `3`}},
		{class: "Flatten", body: `[[1, 2.0], [ 3,4 ]]`, want: []string{`[1, 2.0]`, `[ 3,4 ]`}},
		{class: "Flatten", body: `[[[1.5],[2.5]],[[3.5],[4.5]]]`, want: []string{`[[1.5],[2.5]]`, `[[3.5],[4.5]]`}},
		{class: "Flatten", body: `[{"a": 1}, null, "x", [], 0]`, want: []string{`{"a": 1}`, `null`, `"x"`, `[]`, `0`}},
		{class: "Flatten", body: `{"a": 1}`, outcome: "error TypeError: a list of items is needed to make events of, and this is a mapping"},

		{class: "Extend", args: `{"_fn": "({'y': event['x'] + 1})"}`, body: `{"x": 1, "z": [1, 2.0]}`, want: []string{`{"x":1,"z":[1, 2.0],"y":2}`}},
		{class: "Extend", args: `{"_fn": "({'x': 0})"}`, body: `{"x": 1, "z": 2}`, want: []string{`{"x":0,"z":2}`}},
		{class: "Extend", args: `{"_fn": "({'y': event + 1})"}`, more: paths("x", ""), body: `{"x": 1}`, want: []string{`{"x":1,"y":2}`}},
		{class: "Extend", args: `{"_fn": "(3)"}`, body: `{}`, outcome: "error TypeError: the function must return an object of fields to add, and returned 3"},
		{class: "Extend", args: `{"_fn": "({'a': 1})"}`, body: `[1]`, outcome: "error TypeError: the body must be an object, and is a list"},

		{class: "ForEach", args: `{"_fn": "(event + 1)"}`, body: `1`, want: []string{`1`}},
		{class: "ForEach", args: `{}`, more: withFunc("fn", broken), body: `1`, outcome: "error Exception: broken"},

		{class: "Rename", args: `{"mapping": {"a": "b", "b": "a"}}`, body: `{"a": 1, "b": 2, "c": 3}`, want: []string{`{"c":3,"b":1,"a":2}`}},
		{class: "Rename", args: `{"mapping": {"a": "b"}}`, body: `{"a": 1, "b": 2}`, want: []string{`{"b":1}`}},
		{class: "Rename", args: `{"mapping": {"a": "b"}}`, body: `{"x": 1}`, want: []string{`{"x": 1}`}},
		{class: "Rename", args: `{"mapping": {"a": "b"}}`, body: `1`, outcome: "error TypeError: the body must be an object, and is 1"},
		{class: "DropColumns", args: `{"columns": ["a", "q"]}`, body: `{"a": 1, "b": 2.0}`, want: []string{`{"b":2.0}`}},
		{class: "DropColumns", args: `{"columns": "z"}`, body: `{"a": 1 }`, want: []string{`{"a": 1 }`}},
		{class: "ReifyMetadata", args: `{"mapping": ["path", "id"]}`, body: `{"a": 1}`, want: []string{`{"a":1,"path":"/","id":"ID"}`}},
		{class: "ReifyMetadata", args: `{"mapping": {"method": "m", "key": "k"}}`, body: `{"a": 1}`, want: []string{`{"a":1,"k":null,"m":"POST"}`}},
		{class: "Partition", args: `{"_predicate": "(event > 1)"}`, body: `2`, want: []string{`{"left":2,"right":null}`}},
		{class: "Partition", args: `{"_predicate": "(event > 1)"}`, body: `1`, want: []string{`{"left":null,"right":1}`}},
		{class: "Partition", args: `{"_predicate": "(event > 1)", "left": "behind"}`, body: `1`, outcome: "filtered"},
		{class: "Partition", args: `{"_predicate": "(event > 1)", "left": "behind"}`, body: `2`, want: []string{`2`}},
		{class: "Complete", body: `{"a": 1}`, outcome: `{"a": 1}`},
		{class: "Complete", body: `{"a": 1}`, more: paths("a", ""), outcome: `1`},
	} {
		t.Run(fmt.Sprintf("%d %s", i, c.class), func(t *testing.T) {
			more := c.more
			if more == nil {
				more = func(*catalog.Args) {}
			}
			r := steptest.New(t, mustStep(t, c.class, c.args, more), steptest.Options{})
			ev := steptest.Event(c.body)
			ev.ID = "ID"
			out := outcome(r.Send(t.Context(), ev))
			r.Close(t.Context())
			if c.class == "Complete" { // which goes on with all of it
				c.want = []string{c.body}
			}
			got := r.Bodies()
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("reached the followers: %v, want %v (outcome %s)", got, c.want, out)
			}
			if c.outcome != "" && (len(out) < len(c.outcome) || out[:len(c.outcome)] != c.outcome) {
				t.Errorf("outcome %s, want %s", out, c.outcome)
			}
		})
	}
}
