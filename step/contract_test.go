package step_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// TestContract runs the suite over every step.
func TestContract(t *testing.T) {
	object := func(i int) *serve.Event {
		ev := steptest.Event(fmt.Sprintf(`{"k": "key %d", "n": %d, "l": [1, 2]}`, i%7, i))
		ev.ID = fmt.Sprint("id ", i/2)
		return ev
	}
	list := func(i int) *serve.Event { return steptest.Event(fmt.Sprintf(`[%d, {"a": 1}]`, i)) }
	for _, c := range []struct {
		class, args string
		event       func(int) *serve.Event
		in, out     []string
	}{
		{class: "Map", args: `{"_fn": "(event['n'])"}`},
		{class: "Filter", args: `{"_fn": "(event['n'] % 2)"}`},
		{class: "FlatMap", args: `{"_fn": "(event['l'])"}`},
		{class: "Flatten", event: list},
		{class: "Extend", args: `{"_fn": "({'m': 1})"}`},
		{class: "Choice", args: `{"choice_array": [["a", "(event['n'] % 2)"]], "default": "b"}`, out: []string{"a", "b"}},
		{class: "ForEach", args: `{"_fn": "(event)"}`},
		{class: "MapWithState", args: `{"_fn": "([event['state'], event['event']['n']])"}`},
		{class: "MapWithState", args: `{"_fn": "([event['state'], event['event']['n']])", "key_field": "k", "max_keys": 3}`},
		{class: "Rename", args: `{"mapping": {"k": "q"}}`},
		{class: "DropColumns", args: `{"columns": "k"}`},
		{class: "ReifyMetadata", args: `{"mapping": ["id"]}`},
		{class: "Partition", args: `{"_predicate": "(event['n'] > 3)"}`},
		{class: "Splitter", args: `{"weights": {"a": 1, "b": 2}, "seed": 1}`, out: []string{"a", "b"}},
		{class: "Respond", args: `{"status": 202, "body": {"a": 1}}`},
		{class: "Batch", args: `{"max_events": 4, "max_held": 16}`},
		{class: "Batch", args: `{"max_events": 3, "max_held": 8, "flush_after_seconds": 0.005, "key_field": "k", "max_in_flight": 2}`},
		{class: "SampleWindow", args: `{"window_size": 3, "emit_before_termination": true, "key": "k"}`},
		{class: "AggregateByKey", args: `{"aggregates": [{"name": "n", "column": "n", "operations": ["sum", "last"], "windows": ["1h"], "period": "1m"}], "key_field": "k", "max_keys": 3}`},
		{class: "Recover", args: `{"values": {"KeyError": 1}}`},
		{class: "Reduce", args: `{"initial_value": 0, "_fn": "(event['state'] + event['event']['n'])"}`},
		{class: "Complete"},
		{class: "ConcurrentExecution", args: `{"_event_processor": "(event['n'])", "max_in_flight": 3}`},
		{class: "ConcurrentExecution", args: `{"_event_processor": "(event['q'])", "ordered": false}`},
		{class: "Merge", in: []string{"a", "b"}},
		{class: "Merge", args: `{"max_behind": 1}`, in: []string{"a", "b"}},
		{class: "CSVTarget", args: `{"max_events": 3, "flush_after_seconds": 0.005}`},
		{class: "ParquetTarget", args: `{"max_events": 20}`},
		{class: "ParquetTarget", args: `{"max_events": 20, "columns": [["n", "int"]], "partition_cols": []}`},
	} {
		t.Run(c.class+" "+c.args, func(t *testing.T) {
			event := c.event
			if event == nil {
				event = object
			}
			make := func() serve.Step {
				if strings.HasSuffix(c.class, "Target") {
					return mustStep(t, c.class, c.args, at(filepath.Join(t.TempDir(), "out.pq")))
				}
				return mustStep(t, c.class, c.args)
			}
			contract := steptest.Contract{New: make, Event: event, In: c.in, Out: c.out}
			if len(c.in) > 1 {
				contract.Inlet = func(i int) int { return i % len(c.in) }
			}
			steptest.Run(t, contract)
		})
	}
}
