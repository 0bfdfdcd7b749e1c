package step_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// split counts where 4000 events go.
func split(t *testing.T, args string) map[string]int {
	t.Helper()
	r := steptest.New(t, mustStep(t, "Splitter", args), steptest.Options{Out: []string{"a", "b", "c"}})
	for range 4000 {
		if out := r.Send(t.Context(), steptest.Event("1")); out.Err != nil {
			t.Fatal(out.Err)
		}
	}
	went := map[string]int{}
	for _, o := range r.Outputs() {
		went[o.To]++
	}
	return went
}

func TestSplitter(t *testing.T) {
	for _, c := range []struct {
		args string
		want [3]float64 // shares
	}{
		{`{"weights": {"a": 20, "b": 30, "c": 50}, "seed": 7}`, [3]float64{0.2, 0.3, 0.5}},
		{`{"weights": {"c": 1, "b": 1, "a": 2}, "seed": -3}`, [3]float64{0.5, 0.25, 0.25}},
		{`{"weights": {"a": 1e308, "b": 1e308, "c": 1e-300}, "seed": 0}`, [3]float64{0.5, 0.5, 0}},
	} {
		went := split(t, c.args)
		for i, name := range []string{"a", "b", "c"} {
			if share := float64(went[name]) / 4000; math.Abs(share-c.want[i]) > 0.03 {
				t.Errorf("%s: %s got %.3f of all, want %.2f", c.args, name, share, c.want[i])
			}
		}
		if again := split(t, c.args); fmt.Sprint(again) != fmt.Sprint(went) {
			t.Errorf("%s: the same seed gave %v and %v", c.args, went, again)
		}
	}
	if went := split(t, `{"weights": {"a": 1, "b": 1, "c": 1}}`); went["a"]+went["b"]+went["c"] != 4000 || len(went) != 3 {
		t.Errorf("without a seed: %v", went)
	}
}

func TestSplitterMistakes(t *testing.T) {
	for args, want := range map[string]string{
		`{}`:                                  "weights",
		`{"weights": {}}`:                     "must name at least one follower",
		`{"weights": {"a": 0}}`:               "weights.a must be a number above 0, found 0",
		`{"weights": {"a": 1, "b": -2}}`:      "weights.b must be a number above 0, found -2",
		`{"weights": {"a": "x"}}`:             "weights.a",
		`{"weights": {"a": 1}, "seed": "1"}`:  "seed",
		`{"weights": {"a": 1}, "weight": {}}`: "weight",
	} {
		if _, err := newStep(t, "Splitter", args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
	s := mustStep(t, "Splitter", `{"weights": {"a": 1, "x": 1}}`)
	err := linkError(s, serve.Links{Out: []string{"a", "b"}})
	if err == nil || !strings.Contains(err.Error(), `"x" is not a step behind this one`) || !strings.Contains(err.Error(), "b behind this one has none") {
		t.Errorf("error %v, want one about both followers", err)
	}
}

func TestRespond(t *testing.T) {
	for _, c := range []struct {
		args, body string
		status     int
	}{
		{`{"status": 404, "body": {"error": "none"}}`, `{"error":"none"}`, 404},
		{`{"body": [1, 2]}`, `[1,2]`, 200},
		{`{"status": 202}`, `{"x":1}`, 202},
	} {
		ev := steptest.Event(`{"x":1}`)
		fate, err := mustStep(t, "Respond", c.args).Do(t.Context(), ev)
		if err != nil || fate != serve.Finish || ev.Reply.Status != c.status || steptest.JSON(ev.Body) != c.body {
			t.Errorf("%s: %v, %v, %+v, %s", c.args, fate, err, ev.Reply, steptest.JSON(ev.Body))
		}
	}
	ev := steptest.Event(`{"x":1}`)
	ev.Reply = &serve.Reply{ContentType: "a/b"}
	if _, err := mustStep(t, "Respond", `{"status": 500}`).Do(t.Context(), ev); err != nil || ev.Reply.Status != 500 || ev.Reply.ContentType != "a/b" {
		t.Errorf("%v, %+v", err, ev.Reply)
	}
	for _, status := range []int{0, 199, 600} {
		if _, err := newStep(t, "Respond", fmt.Sprintf(`{"status": %d}`, status)); err == nil {
			t.Errorf("status %d was taken", status)
		}
	}
}
