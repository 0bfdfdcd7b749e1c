package step_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/step/steptest"
)

func TestAggregateByKey(t *testing.T) {
	spec := func(more string) string {
		return `{"key_field": "k", "time_field": "t", "aggregates": [{"name": "v", "column": "v", "windows": ["1m"], "period": "10s", ` + more + `}]}`
	}
	for _, c := range []struct {
		name, args string
		more       func(*catalog.Args)
		bodies     []string
		want       []string
	}{
		{"late events count where they belong", spec(`"operations": ["sum"]`), nil,
			[]string{`{"k":"a","t":0,"v":1}`, `{"k":"a","t":50000,"v":2}`, `{"k":"a","t":30000,"v":4}`, `{"k":"a","t":60000,"v":8}`},
			[]string{`1`, `3`, `5`, `14`}},
		{"too late", spec(`"operations": ["count"]`), nil,
			[]string{`{"k":"a","t":600000,"v":1}`, `{"k":"a","t":0,"v":1}`, `{"k":"a","t":600000,"v":1}`}, []string{`1`, `0`, `2`}},
		{"no value", spec(`"operations": ["sum"]`), nil,
			[]string{`{"k":"a","t":0}`, `{"k":"a","t":0,"v":null}`, `{"k":"a","t":0,"v":true}`}, []string{`null`, `null`, `1`}},
		{"a filter", spec(`"operations": ["sum"], "aggregation_filter": "(event['v'] > 1)"`), nil,
			[]string{`{"k":"a","t":0,"v":1}`, `{"k":"a","t":0,"v":3}`}, []string{`null`, `3`}},
		{"a greatest value", spec(`"operations": ["sum", "avg"], "max_value": 5`), nil,
			[]string{`{"k":"a","t":0,"v":4}`, `{"k":"a","t":0,"v":6}`}, []string{`4,4`, `5,5`}},
		{"of the same time, the last one", spec(`"operations": ["first", "last"]`), nil,
			[]string{`{"k":"a","t":1,"v":1}`, `{"k":"a","t":1,"v":2}`}, []string{`1,1`, `1,2`}},
		{"not a number", spec(`"operations": ["sum"]`), nil, []string{`{"k":"a","t":0,"v":"x"}`}, []string{`error TypeError: v of v must be a number, and is "x"`}},
		{"no key", spec(`"operations": ["sum"]`), nil, []string{`{"t":0,"v":1}`}, []string{`error KeyError: 'k'`}},
		{"no time", spec(`"operations": ["sum"]`), nil, []string{`{"k":"a","v":1}`}, []string{`error KeyError: 't'`}},
		{"no object", spec(`"operations": ["sum"]`), nil, []string{`1`}, []string{`error TypeError: the body must be an object, and is 1`}},
		{"functions", `{"_key_field": "(event['k'] + '!')", "_time_field": "(event['t'] * 1000)", "aggregates": [{"name": "v", "column": "v", "windows": ["1m"], "period": "10s", "operations": ["sum"]}]}`, nil,
			[]string{`{"k":"a","t":0,"v":1}`, `{"k":"a","t":50,"v":2}`, `{"k":"a","t":60,"v":4}`}, []string{`1`, `3`, `6`}},
		{"a time in a form of its own", strings.Replace(spec(`"operations": ["sum"]`), `"t",`, `"t", "time_format": "%H:%M:%S",`, 1), nil,
			[]string{`{"k":"a","t":"00:00:00","v":1}`, `{"k":"a","t":"00:01:00","v":2}`, `{"k":"a","t":"1 o'clock","v":2}`},
			[]string{`1`, `2`, `error ValueError: t: "1 o'clock" is not a time in the form of time_format`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			more := c.more
			if more == nil {
				more = func(*catalog.Args) {}
			}
			r := steptest.New(t, mustStep(t, "storey.AggregateByKey", c.args, more), steptest.Options{})
			var got []string
			for _, out := range sendAll(t, r, c.bodies...) {
				got = append(got, features(out))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("features (-want +got):\n%s", d)
			}
		})
	}
}

// features are the values of the fields v_* of a body, as text.
func features(body string) string {
	if !strings.HasPrefix(body, "{") {
		return body
	}
	var out []string
	for _, field := range strings.Split(strings.Trim(body, "{}"), ",") {
		if name, value, _ := strings.Cut(field, ":"); strings.HasPrefix(name, `"v_`) {
			out = append(out, value)
		}
	}
	return strings.Join(out, ",")
}

// TestAggregateFields wants the fields behind their names, the event's own in
// front of others of the same name, and keys forgotten that were used longest ago.
func TestAggregateFields(t *testing.T) {
	const args = `{"max_keys": 1, "aliases": {"v_sum_1h": "total"}, "aggregates": [
		{"name": "v", "column": "v", "operations": ["count", "sum"], "windows": ["1h", "2h"], "period": "1h"}]}`
	r := steptest.New(t, mustStep(t, "AggregateByKey", args), steptest.Options{})
	for _, c := range []struct{ key, body, want string }{
		{"a", `{"v":1,"x":[1, 2.0]}`, `{"v_count_1h":1,"total":1,"v_count_2h":1,"v_sum_2h":1,"v":1,"x":[1, 2.0]}`},
		{"a", `{"v":2,"total":"mine"}`, `{"v_count_1h":2,"total":"mine","v_count_2h":2,"v_sum_2h":3,"v":2}`},
		{"b", `{"v":5}`, `{"v_count_1h":1,"total":5,"v_count_2h":1,"v_sum_2h":5,"v":5}`},
		{"a", `{"v":7}`, `{"v_count_1h":1,"total":7,"v_count_2h":1,"v_sum_2h":7,"v":7}`},
	} {
		ev := steptest.Event(c.body)
		ev.Key, ev.Time = c.key, noon
		if got := outcome(r.Send(t.Context(), ev)); got != c.want {
			t.Errorf("%s: %s, want %s", c.body, got, c.want)
		}
	}
	if o := r.Outputs()[2]; o.Key != "b" {
		t.Errorf("went on with the key %q, want b", o.Key)
	}
}

// TestAggregateKey wants events to go on under the key that they were grouped by.
func TestAggregateKey(t *testing.T) {
	const args = `{"key_field": %s, "aggregates": [{"name": "v", "column": "v", "operations": ["sum"], "windows": ["1h"]}]}`
	for field, want := range map[string]string{`"k"`: "7", `["k", "l"]`: "before"} {
		r := steptest.New(t, mustStep(t, "AggregateByKey", fmt.Sprintf(args, field)), steptest.Options{})
		ev := steptest.Event(`{"k": 7, "l": 8, "v": 1}`)
		ev.Key = "before"
		r.Send(t.Context(), ev)
		if got := r.Outputs()[0].Key; got != want {
			t.Errorf("%s: went on with the key %q, want %q", field, got, want)
		}
	}
}

func TestReifyHeaders(t *testing.T) {
	r := steptest.New(t, mustStep(t, "ReifyMetadata", `{"mapping": ["headers", "content_type", "time", "trigger", "error"]}`), steptest.Options{})
	ev := steptest.Event(`{}`)
	ev.Header, ev.Time = map[string][]string{"Content-Type": {"application/json", "x"}, "A": {"b"}}, noon
	want := `{"headers":{"A":"b","Content-Type":"application/json"},"content_type":"application/json","time":"2026-03-01T12:05:00Z","trigger":null,"error":null}`
	if got := outcome(r.Send(t.Context(), ev)); got != want {
		t.Errorf("body %s, want %s", got, want)
	}
}
