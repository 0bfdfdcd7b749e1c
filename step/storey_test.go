package step_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/step/steptest"
)

// A golden is testdata/storey.json: what storey made of sequences of events
// (testdata/golden.py).
type golden struct {
	Base  time.Time
	Cases []struct {
		Class   string
		Args    map[string]any
		Events  []goldenEvent
		Outputs json.RawMessage
	}
}

type goldenEvent struct {
	Key  string
	At   float64 // seconds after the base
	Body json.RawMessage
}

// TestStorey runs the sequences of events that storey ran and wants the same
// bodies, in the same order.
func TestStorey(t *testing.T) {
	text, err := os.ReadFile("testdata/storey.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	for i, c := range g.Cases {
		t.Run(fmt.Sprintf("%d %s", i, c.Class), func(t *testing.T) {
			out := steptest.Options{}
			if c.Class == "Choice" {
				out.Out = []string{"a", "b", "c"}
			}
			s := mustStep(t, c.Class, "", func(a *catalog.Args) { a.Values = parenthesized(t, c.Args) })
			r := steptest.New(t, s, out)
			var wait []func()
			for _, e := range c.Events {
				ev := steptest.Event(string(e.Body))
				ev.Key, ev.Time = e.Key, g.Base.Add(time.Duration(e.At*float64(time.Second)))
				if c.Class != "Batch" { // which keeps events
					r.Send(t.Context(), ev)
					continue
				}
				done := make(chan struct{})
				n := r.Given()
				go func() { defer close(done); r.Send(t.Context(), ev) }()
				for r.Given() == n {
					time.Sleep(100 * time.Microsecond)
				}
				wait = append(wait, func() { <-done })
			}
			r.Close(t.Context())
			for _, w := range wait {
				w()
			}
			var want any
			if err := json.Unmarshal(c.Outputs, &want); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, outputsOf(t, r, c.Class), cmp.Comparer(close64)); d != "" {
				t.Errorf("%v (-storey +leat):\n%s", c.Args, d)
			}
		})
	}
}

// parenthesized are the arguments of a case with functions for the expressions,
// which storey has without parentheses.
func parenthesized(t *testing.T, args map[string]any) map[string]any {
	t.Helper()
	set := newSet()
	out := map[string]any{}
	for key, v := range args {
		if strings.HasPrefix(key, "_") {
			f, err := set.Func("(" + v.(string) + ")")
			if err != nil {
				t.Fatal(err)
			}
			key, v = key[1:], any(f)
		}
		if pairs, ok := v.([]any); ok && key == "choice_array" {
			for _, p := range pairs {
				p.([]any)[1] = "(" + p.([]any)[1].(string) + ")"
			}
		}
		out[key] = v
	}
	return out
}

// outputsOf are the bodies that went on, as the case has them.
func outputsOf(t *testing.T, r *steptest.Rig, class string) any {
	t.Helper()
	list := []any{}
	by := map[string]any{"a": []any{}, "b": []any{}, "c": []any{}}
	for _, o := range r.Outputs() {
		var v any
		if err := json.Unmarshal([]byte(o.Body), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
		if class == "Choice" {
			by[o.To] = append(by[o.To].([]any), v)
		}
	}
	if class == "Choice" {
		return by
	}
	return list
}

// close64 lets the last digits differ: storey adds and subtracts what it has
// added, and takes a variance from sums of squares.
func close64(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b))
}
