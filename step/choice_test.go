package step_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// linkError is what a step says to its place.
func linkError(s serve.Step, l serve.Links) error { return s.(serve.Linker).Link(l) }

func TestChoice(t *testing.T) {
	const array = `{"choice_array": [["big", "(event > 10)"], {"outlet": "even", "condition": "(event % 2 == 0)"}]`
	for _, c := range []struct{ args, body, want string }{
		{array + `}`, `12`, "big"},
		{array + `}`, `4`, "even"},
		{array + `}`, `3`, "filtered"},
		{array + `, "default": "rest"}`, `3`, "rest"},
		{array + `}`, `"x"`, "error TypeError: '>' not supported"},
		{`{"_fn": "('big' if event > 10 else None)", "default": "rest"}`, `12`, "big"},
		{`{"_fn": "('big' if event > 10 else None)", "default": "rest"}`, `2`, "rest"},
		{`{"_fn": "(['even'])"}`, `2`, "even"},
		{`{"_fn": "([])"}`, `2`, "filtered"},
		{`{"_fn": "(['even', 'big'])"}`, `2`, "error ValueError: the function named 2 followers; an event goes to one"},
		{`{"_fn": "('nosuch')"}`, `2`, `error ValueError: the function named "nosuch", which is not a step behind this one; there are: big, even, rest`},
	} {
		r := steptest.New(t, mustStep(t, "storey.Choice", c.args), steptest.Options{Out: []string{"big", "even", "rest"}})
		out := outcome(r.Send(t.Context(), steptest.Event(c.body)))
		got := out
		if o := r.Outputs(); len(o) > 0 {
			got = o[0].To
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s with %s: %s, want %s", c.args, c.body, got, c.want)
		}
	}
	s := mustStep(t, "Choice", array+`, "default": "rest"}`)
	err := linkError(s, serve.Links{Out: []string{"big", "rset"}})
	if err == nil || !strings.Contains(err.Error(), `"even" is not a step behind this one`) || !strings.Contains(err.Error(), `"rest"`) {
		t.Errorf("error %v, want one about both names", err)
	}
}

func TestPartitionFollowers(t *testing.T) {
	r := steptest.New(t, mustStep(t, "Partition", `{"_predicate": "(event > 1)", "left": "l", "right": "r"}`), steptest.Options{Out: []string{"l", "r"}})
	for _, body := range []string{"1", "2"} {
		r.Send(t.Context(), steptest.Event(body))
	}
	if got := fmt.Sprint(r.Outputs()[0].To, r.Outputs()[1].To); got != "rl" {
		t.Errorf("went to %s, want r and l", got)
	}
	s := mustStep(t, "Partition", `{"_predicate": "(event)", "right": "q"}`)
	if err := linkError(s, serve.Links{Out: []string{"l"}}); err == nil {
		t.Error("a follower that is not there was taken")
	}
}

func TestRecover(t *testing.T) {
	const args = `{"exception_to_downstream": {"ValueError": "values"}, "values": {"TimeoutError": {"late": true}}, "default": "rest"}`
	for _, c := range []struct {
		err  error
		args string
		want string // follower and body
	}{
		{nil, args, "{values 1}{rest 1}"},
		{serve.Errorf(serve.BadRequest, "", "no"), args, "{values 1}"},
		{serve.Errorf(serve.Timeout, "", "late"), args, `{values {"late":true}}{rest {"late":true}}`},
		{errors.New("else"), args, "{rest 1}"},
		{errors.New("else"), `{"values": {"KeyError": 1}}`, "error Exception: else"},
		{serve.Errorf(serve.BadRequest, "", "no"), `{"values": {"Exception": 7}}`, "{values 7}{rest 7}"},
		{errors.New("else"), `{"values": {"Exception": 7}}`, "{values 7}{rest 7}"},
	} {
		r := steptest.New(t, mustStep(t, "Recover", c.args), steptest.Options{Out: []string{"values", "rest"}})
		ev := steptest.Event(`1`)
		if c.err != nil {
			ev.Fault = &serve.Fault{Step: "s", Err: c.err}
		}
		got := outcome(r.Send(t.Context(), ev))
		if out := r.Outputs(); len(out) > 0 {
			got = ""
			for _, o := range out {
				got += fmt.Sprintf("{%s %s}", o.To, o.Body)
			}
		}
		if got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
}

// TestConfigErrors wants every mistake in class_args refused with the name of
// the argument.
func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ class, args, want string }{
		{"Map", `{}`, "fn is missing"},
		{"Map", `{"fn": 3}`, "fn must be a function, found 3"},
		{"Map", `{"_fn": "(event)", "long_runnin": true}`, "long_runnin is not an argument of this class (did you mean long_running?)"},
		{"MapClass", `{}`, "class_name MapClass is what classes in Python are made of"},
		{"Flatten", `{"_fn": "(event)"}`, "fn is not an argument of this class"},
		{"Choice", `{}`, "choice_array or fn is needed"},
		{"Choice", `{"choice_array": [["a", "(event)"]], "_fn": "(event)"}`, "choice_array or fn is needed, one of them"},
		{"Choice", `{"choice_array": [["a"]]}`, "choice_array[0] must be a follower and its condition"},
		{"Choice", `{"choice_array": [[1, "(event)"]]}`, "choice_array[0] must begin with the name of a follower, found 1"},
		{"Choice", `{"choice_array": [["a", "(event +)"]]}`, "choice_array[0] must be a function: "},
		{"MapWithState", `{"_fn": "(event)", "initial_state": 3, "group_by_key": true}`, "initial_state must be a mapping of keys and their states"},
		{"MapWithState", `{"_fn": "(event)", "max_keys": 0, "group_by_key": true}`, "max_keys must be at least 1"},
		{"Rename", `{}`, "mapping is missing"},
		{"Rename", `{"mapping": {"a": "c", "b": "c"}}`, `mapping renames both "a" and "b" to "c"`},
		{"ReifyMetadata", `{"mapping": ["kee"]}`, `mapping names the attribute "kee", which events do not have (did you mean key?)`},
		{"ReifyMetadata", `{"mapping": {"key": 1}}`, "mapping must name a field for key, found 1"},
		{"Batch", `{}`, "max_events or flush_after_seconds is needed"},
		{"Batch", `{"max_events": -1}`, "max_events must be a positive integer, found -1"},
		{"Batch", `{"max_events": 2, "flush_after_seconds": -1}`, "flush_after_seconds must be a number of seconds, found -1"},
		{"Batch", `{"max_events": 2, "key_field": "$kex"}`, `key_field is "$kex", and events have no such attribute`},
		{"Batch", `{"max_events": 2, "key": 3}`, "key must be the name of a field, of an attribute ($key) or a function, found 3"},
		{"Batch", `{"max_events": 9000}`, "max_held must be at least max_events"},
		{"SampleWindow", `{"window_size": 1}`, "window_size must be larger than 1, found 1"},
		{"SampleWindow", `{"window_size": 2, "emit_period": "middle"}`, `emit_period must be first or last, found "middle"`},
		{"ConcurrentExecution", `{"_event_processor": "(event)", "max_in_flight": 0}`, "max_in_flight must be between"},
		{"ConcurrentExecution", `{"_event_processor": "(event)", "concurrency_mechanism": "fork"}`, "concurrency_mechanism must be one of"},
		{"ConcurrentExecution", `{"_event_processor": "(event)", "retries": -1}`, "retries must not be negative"},
		{"Merge", `{"max_behind": 0}`, "max_behind must be at least 1"},
		{"Merge", `{"order": "random"}`, "order must be arrival or after"},
		{"Merge", `{"key_path": "event["}`, "key_path must be a function: "},
		{"Recover", `{}`, "exception_to_downstream or values is needed"},
		{"Recover", `{"values": {"A": 1}, "exception_to_downstream": {"A": "x"}}`, "values has A, which exception_to_downstream has too"},
		{"Reduce", `{"initial_value": 0}`, "fn or expression is needed"},
		{"Reduce", `{"expression": "(event + stat)"}`, "expression cannot be used: "},
		{"MapWithState", `{"expression": "(event)", "_fn": "(event)"}`, "fn or expression is needed, one of them"},
		{"MapWithState", `{"expression": 3}`, "expression must be a function, found 3"},
		{"AggregateByKey", `{}`, "aggregates is missing"},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1h"], "peroid": "1m"}]}`, "aggregates[0].peroid is not an argument of this class (did you mean period?)"},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["summ"], "windows": ["1h"]}]}`, `aggregates[0].operations has "summ", which is none of avg, count`},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1y"]}]}`, `aggregates[0]: windows have "1y", which is not a whole number and s, m, h or d`},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1h"], "period": "7m"}]}`, "aggregates[0]: period must be a divisor of every window, but period 7m does not divide 1h"},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["365d"], "period": "1s"}]}`, "aggregates[0]: windows have up to 31536000 periods"},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum", "sum"], "windows": ["1h"]}]}`, "aggregates[0] has a second field a_sum_1h"},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1h"]}], "aliases": {"a_sum_2h": "x"}}`, `aliases has "a_sum_2h"`},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1h"]}], "table": "v3io:///x"}`, `table is "v3io:///x": tables outside the step are not supported`},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1h"]}], "emit_policy": {"mode": "afterWindow"}}`, "emit_policy.mode must be everyEvent or maxEvents"},
		{"AggregateByKey", `{"aggregates": [{"name": "a", "column": "a", "operations": ["sum"], "windows": ["1h"]}], "time_format": "%Q"}`, `time_format has a directive that is not known here: "%Q"`},
	} {
		_, err := newStep(t, c.class, c.args)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %s: error %v, want %s", c.class, c.args, err, c.want)
		}
	}
}
