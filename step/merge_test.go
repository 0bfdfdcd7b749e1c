package step_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// A part is what one branch sends to a merge.
type part struct {
	inlet int // -1 where the engine does not tell
	id    string
	body  string
}

func sendParts(t *testing.T, r *steptest.Rig, parts []part) (outcomes []string) {
	for _, p := range parts {
		ev := steptest.Event(p.body)
		ev.ID = p.id
		if p.inlet >= 0 {
			ev.Enter(p.inlet)
		}
		outcomes = append(outcomes, outcome(r.Send(t.Context(), ev)))
	}
	return outcomes
}

func TestMerge(t *testing.T) {
	two := steptest.Options{In: []string{"a", "b"}}
	for _, c := range []struct {
		name, args string
		place      steptest.Options
		parts      []part
		want       []string // outcomes
	}{
		{"by id", ``, two, []part{{0, "x", "1"}, {0, "y", "2"}, {1, "y", "3"}, {1, "x", "4"}}, []string{"filtered", "filtered", "[2,3]", "[1,4]"}},
		{"falsy parts", ``, two, []part{{0, "x", "null"}, {1, "x", "[]"}}, []string{"filtered", "[null,[]]"}},
		{"a branch counts once", ``, two, []part{{0, "x", "1"}, {0, "x", "2"}, {1, "x", "3"}}, []string{"filtered", "filtered", "[1,3]"}},
		{"an id again", ``, two, []part{{0, "x", "1"}, {1, "x", "2"}, {0, "x", "3"}, {1, "x", "4"}}, []string{"filtered", "[1,2]", "filtered", "[3,4]"}},
		{"arrival", ``, two, []part{{1, "x", "1"}, {0, "x", "2"}}, []string{"filtered", "[1,2]"}},
		{"after", `{"order": "after"}`, two, []part{{1, "x", "1"}, {0, "x", "2"}}, []string{"filtered", "[2,1]"}},
		{"by key", `{"key_path": "event['key']"}`, two, []part{{0, "x", `{"key":7}`}, {1, "y", `{"key":7,"n":1}`}}, []string{"filtered", `[{"key":7},{"key":7,"n":1}]`}},
		{"no key", `{"key_path": "event['key']"}`, two, []part{{0, "x", `{}`}}, []string{"error KeyError: 'key'"}},
		{"more than branches", `{"expected_num_events": 3}`, steptest.Options{In: []string{"a"}}, []part{{0, "x", "1"}, {0, "x", "2"}, {0, "x", "3"}}, []string{"filtered", "filtered", "[1,2,3]"}},
		{"fewer than branches", `{"expected_num_events": 1}`, two, []part{{0, "x", "1"}, {1, "x", "2"}, {1, "x", "3"}, {0, "x", "4"}}, []string{"[1]", "filtered", "[3]", "filtered"}},
		{"a key in use again", `{"expected_num_events": 1}`, two, []part{{0, "x", "1"}, {0, "x", "2"}, {1, "x", "3"}}, []string{"[1]", "[2]", "filtered"}},
		{"not told", ``, two, []part{{-1, "x", "1"}, {-1, "x", "2"}}, []string{"filtered", "[1,2]"}},
		{"given up", `{"max_behind": 1}`, two, []part{{0, "x", "1"}, {0, "y", "2"}, {1, "x", "3"}, {1, "y", "4"}, {0, "x", "5"}, {1, "x", "6"}},
			[]string{"filtered", "filtered", "filtered", "[2,4]", "filtered", "[5,6]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := steptest.New(t, mustStep(t, "mlrun.serving.merger.Merge", c.args), c.place)
			if d := cmp.Diff(c.want, sendParts(t, r, c.parts)); d != "" {
				t.Errorf("outcomes (-want +got):\n%s", d)
			}
		})
	}
	if err := linkError(mustStep(t, "Merge", ``), serve.Links{}); err == nil {
		t.Error("a merge of nothing was taken")
	}
}

// TestMergeProperties sends the parts of random events in random order, each
// once: every event is merged once, with all of its parts, as long as no more
// of them are pending than the merge remembers.
func TestMergeProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		branches := rapid.IntRange(1, 4).Draw(rt, "branches")
		events := rapid.IntRange(1, 20).Draw(rt, "events")
		var all []part
		for e := range events {
			for b := range branches {
				all = append(all, part{b, fmt.Sprint("e", e), fmt.Sprintf("%d", 10*e+b)})
			}
		}
		all = rapid.Permutation(all).Draw(rt, "order")
		r := steptest.New(t, mustStep(t, "Merge", `{"order": "after"}`), steptest.Options{In: make([]string, branches)})
		sendParts(t, r, all)
		if got := r.Outputs(); len(got) != events {
			rt.Fatalf("%d events were merged, want %d", len(got), events)
		}
		for _, o := range r.Outputs() {
			var e int
			fmt.Sscanf(o.ID, "e%d", &e)
			want := "["
			for b := range branches {
				if b > 0 {
					want += ","
				}
				want += fmt.Sprint(10*e + b)
			}
			if o.Body != want+"]" {
				rt.Fatalf("event %s was merged to %s, want %s]", o.ID, o.Body, want)
			}
		}
	})
}
