package step_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/steptest"
)

func sendAll(t *testing.T, r *steptest.Rig, bodies ...string) (outcomes []string) {
	t.Helper()
	for _, body := range bodies {
		outcomes = append(outcomes, outcome(r.Send(t.Context(), steptest.Event(body))))
	}
	return outcomes
}

func TestMapWithState(t *testing.T) {
	sum := `"_fn": "([event['event'] + event['state'], event['event'] + event['state']])"`
	keyed := `{"_fn": "([event['event']['n'] + event['state'], event['event']['n'] + event['state']])", "initial_state": {"a": 10, "b": 20}, "key_field": "k"`
	for _, c := range []struct {
		name, args string
		more       func(*catalog.Args)
		bodies     []string
		want       []string
	}{
		{"one", `{"initial_state": 100, ` + sum + `}`, nil, []string{"1", "2", "3"}, []string{"101", "103", "106"}},
		{"an expression", `{"initial_state": 100, "expression": "([event + state, event + state])"}`, nil, []string{"1", "2"}, []string{"101", "103"}},
		{"keyed", keyed + `}`, nil, []string{`{"k":"a","n":1}`, `{"k":"b","n":1}`, `{"k":"a","n":1}`}, []string{"11", "21", "12"}},
		{"oldest forgotten", keyed + `, "max_keys": 1}`, nil, []string{`{"k":"a","n":1}`, `{"k":"b","n":1}`, `{"k":"a","n":1}`}, []string{"11", "21", "11"}},
		{"missing key", keyed + `}`, nil, []string{`{"n":1}`}, []string{"error KeyError: 'k'"}},
		{"no pair", `{"_fn": "(1)"}`, nil, []string{"1"}, []string{"error TypeError: the function must return the result and the new state, [result, state], and returned 1"}},
		{"a Go function", `{}`, withFunc("fn", step.WithState(func(_ context.Context, event, state any) (any, any, error) {
			n, _ := state.(int64)
			return fmt.Sprint(event, n), n + 1, nil
		})), []string{"7", "7"}, []string{`"7 0"`, `"7 1"`}},
		{"broken", `{"initial_state": 1}`, withFunc("fn", broken), []string{"1"}, []string{"error Exception: broken"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := c.more
			if more == nil {
				more = func(*catalog.Args) {}
			}
			r := steptest.New(t, mustStep(t, "MapWithState", c.args, more), steptest.Options{})
			if d := cmp.Diff(c.want, sendAll(t, r, c.bodies...)); d != "" {
				t.Errorf("outcomes (-want +got):\n%s", d)
			}
		})
	}
}

// TestMapWithStateByKey groups by the key of the event; a key that has no state
// yet begins with an empty object.
func TestMapWithStateByKey(t *testing.T) {
	count := step.WithState(func(_ context.Context, _, state any) (any, any, error) {
		n, _ := state.(*serve.Object).Value("n")
		c, _ := n.(int64)
		return c + 1, serve.NewObject(serve.Field{Key: "n", Value: c + 1}), nil
	})
	r := steptest.New(t, mustStep(t, "MapWithState", `{"group_by_key": true}`, withFunc("fn", count)), steptest.Options{})
	var got []string
	for _, key := range []string{"a", "b", "a", "a"} {
		ev := steptest.Event("0")
		ev.Key = key
		got = append(got, outcome(r.Send(t.Context(), ev)))
	}
	if d := cmp.Diff([]string{"1", "1", "2", "3"}, got); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
}

func TestReduce(t *testing.T) {
	s := mustStep(t, "Reduce", `{"initial_value": 100, "_fn": "(event['state'] + event['event'])"}`)
	r := steptest.New(t, s, steptest.Options{})
	if d := cmp.Diff([]string{"filtered", "filtered"}, sendAll(t, r, "1", "2")); d != "" {
		t.Errorf("outcomes (-want +got):\n%s", d)
	}
	r.Close(t.Context())
	r.Close(t.Context())
	if d := cmp.Diff([]string{"103"}, r.Bodies()); d != "" {
		t.Errorf("reached the followers (-want +got):\n%s", d)
	}
	if got := sendAll(t, r, "1")[0]; got != "error RuntimeError: the step is closed" {
		t.Errorf("behind Close: %s", got)
	}
	r = steptest.New(t, mustStep(t, "Reduce", `{"initial_value": 1, "expression": "(max(event, state))"}`), steptest.Options{})
	sendAll(t, r, "3", "2")
	r.Close(t.Context())
	if d := cmp.Diff([]string{"3"}, r.Bodies()); d != "" {
		t.Errorf("reached the followers (-want +got):\n%s", d)
	}
	list := step.Reducer(func(_ context.Context, value, event any) (any, error) {
		l, _ := value.([]any)
		return append(l, event), nil
	})
	r = steptest.New(t, mustStep(t, "Reduce", `{}`, withFunc("fn", list)), steptest.Options{})
	sendAll(t, r, `"a"`, `null`)
	r.Close(t.Context())
	if d := cmp.Diff([]string{`["a",null]`}, r.Bodies()); d != "" {
		t.Errorf("reached the followers (-want +got):\n%s", d)
	}
}

// TestFullEvent gives functions the event.
func TestFullEvent(t *testing.T) {
	id := func(_ context.Context, x any) (any, error) { return x.(*serve.Event).ID == "yes", nil }
	r := steptest.New(t, mustStep(t, "Filter", `{}`, withFunc("fn", id), fullEvent), steptest.Options{})
	ev := steptest.Event("1")
	ev.ID = "yes"
	if out := r.Send(t.Context(), ev); out.Filtered() {
		t.Error("the function did not see the event")
	}
	rewrite := func(_ context.Context, x any) (any, error) {
		out := x.(*serve.Event).Clone()
		out.Body, out.Key = serve.ValueBody("new"), "k"
		return out, nil
	}
	r = steptest.New(t, mustStep(t, "Map", `{}`, withFunc("fn", rewrite), fullEvent), steptest.Options{})
	sendAll(t, r, "1")
	if o := r.Outputs()[0]; o.Body != `"new"` || o.Key != "k" {
		t.Errorf("went on as %+v", o)
	}
	f := steptest.New(t, step.Func(id, step.FuncOptions{FullEvent: true, ResultPath: "ok"}), steptest.Options{})
	if got := sendAll(t, f, `{"a": 1}`)[0]; got != `{"a":1,"ok":false}` {
		t.Errorf("Func made %s", got)
	}
}
