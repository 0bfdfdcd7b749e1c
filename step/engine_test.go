package step_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// A notebook keeps what reaches the handler "note".
type notebook struct {
	mu    sync.Mutex
	lines []string
}

func (n *notebook) note(_ context.Context, x any) (any, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, steptest.JSON(serve.ValueBody(x)))
	return x, nil
}

func (n *notebook) sorted() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	sort.Strings(n.lines)
	return n.lines
}

// engine builds a flow with the engine and starts it. Functions in args are
// expressions under keys that begin with "_".
func engine(t *testing.T, steps ...*graph.StepSpec) (*graph.Graph, *notebook) {
	t.Helper()
	set, n := newSet(), &notebook{}
	set.AddFunc("note", n.note)
	set.AddFunc("fail", func(_ context.Context, x any) (any, error) {
		return nil, serve.Errorf(serve.BadRequest, "ValueError", "no good")
	})
	spec := &graph.Spec{Graph: &graph.StepSpec{Kind: "root", Engine: "async", Steps: steps}}
	g, problems := graph.Build(spec, graph.Options{Catalog: set, Env: &catalog.Env{}})
	for _, p := range problems {
		if !p.Warning {
			t.Fatalf("build: %s", p.Msg)
		}
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeGraph(t, g) })
	return g, n
}

func closeGraph(t *testing.T, g *graph.Graph) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := g.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// ask sends bodies side by side and returns the outcomes.
func ask(t *testing.T, g *graph.Graph, bodies ...string) []string {
	t.Helper()
	out := make([]string, len(bodies))
	var all sync.WaitGroup
	for i, body := range bodies {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			answer, err := g.Serve(ctx, steptest.Event(body))
			out[i] = outcome(steptest.Outcome{Answer: answer, Err: err})
		})
	}
	all.Wait()
	return out
}

type args = map[string]any

// TestEngine runs steps in graphs with the engine: what each says to it has to
// mean the same to both.
func TestEngine(t *testing.T) {
	for _, c := range []struct {
		name   string
		steps  []*graph.StepSpec
		bodies []string
		want   []string // outcomes
		noted  []string // by the handler "note", once the graph is closed
	}{
		{
			name: "Batch before the responder",
			steps: []*graph.StepSpec{
				{Name: "b", Class: "storey.Batch", Args: args{"max_events": 3}},
				{Name: "sum", Handler: "(len(event))", After: []string{"b"}, Responder: true},
			},
			bodies: []string{"1", "2", "3"}, want: []string{"3", "3", "3"},
		},
		{
			name: "Batch by time",
			steps: []*graph.StepSpec{
				{Name: "b", Class: "Batch", Args: args{"flush_after_seconds": 0.001}},
				{Name: "n", Handler: "note", After: []string{"b"}, Responder: true},
			},
			bodies: []string{"1"}, want: []string{"[1]"}, noted: []string{"[1]"},
		},
		{
			name: "Batch behind the answer",
			steps: []*graph.StepSpec{
				{Name: "a", Handler: "(event)", Responder: true},
				{Name: "b", Class: "Batch", Args: args{"max_events": 5, "flush_after_seconds": 3600}, After: []string{"a"}}, // written when the graph is closed,
				{Name: "n", Handler: "(len(event))", After: []string{"b"}},
				{Name: "m", Handler: "note", After: []string{"n"}},
			},
			bodies: []string{"1", "2"}, want: []string{"1", "2"}, noted: []string{"2"},
		},
		{
			name: "failure behind a Batch",
			steps: []*graph.StepSpec{
				{Name: "b", Class: "Batch", Args: args{"max_events": 2}},
				{Name: "f", Handler: "fail", After: []string{"b"}, Responder: true},
			},
			bodies: []string{"1", "2"}, want: []string{"error ValueError: no good", "error ValueError: no good"},
		},
		{
			name: "Filter",
			steps: []*graph.StepSpec{
				{Name: "f", Class: "Filter", Args: args{"_fn": "(event > 3)"}},
				{Name: "e", Handler: "(event)", After: []string{"f"}, Responder: true},
			},
			bodies: []string{"5", "1"}, want: []string{"5", "filtered"},
		},
		{
			name: "Filter with input_path",
			steps: []*graph.StepSpec{
				{Name: "f", Class: "Filter", Args: args{"_fn": "(event > 3)"}, InputPath: "x"},
				{Name: "e", Handler: "(event)", After: []string{"f"}, Responder: true},
			},
			bodies: []string{`{"x": 5}`, `{"x": 1}`}, want: []string{`{"x": 5}`, "filtered"},
		},
		{
			name: "Choice",
			steps: []*graph.StepSpec{
				{Name: "c", Class: "Choice", Args: args{"choice_array": []any{[]any{"big", "(event > 3)"}}, "default": "small"}},
				{Name: "small", Handler: "(['small', event])", After: []string{"c"}},
				{Name: "big", Handler: "(['big', event])", After: []string{"c"}},
				{Name: "e", Handler: "(event)", After: []string{"small", "big"}, Responder: true},
			},
			bodies: []string{"5", "1"}, want: []string{`["big",5]`, `["small",1]`},
		},
		{
			name: "FlatMap",
			steps: []*graph.StepSpec{
				{Name: "f", Class: "FlatMap", Args: args{"_fn": "([event, event + 1, event + 2])"}},
				{Name: "n", Handler: "note", After: []string{"f"}, Responder: true},
			},
			bodies: []string{"5"}, want: []string{"5"}, noted: []string{"5", "6", "7"},
		},
		{
			name: "Merge",
			steps: []*graph.StepSpec{
				{Name: "s", Handler: "(event)"},
				{Name: "a", Handler: "(event + 1)", After: []string{"s"}},
				{Name: "b", Handler: "(event + 2)", After: []string{"s"}},
				{Name: "m", Class: "mlrun.serving.merger.Merge", Args: args{"order": "arrival"}, After: []string{"a", "b"}, Responder: true},
			},
			bodies: []string{"1", "10"}, want: []string{"[2,3]", "[11,12]"},
		},
		{
			name: "Merge that a branch filters",
			steps: []*graph.StepSpec{
				{Name: "s", Handler: "(event)"},
				{Name: "a", Class: "Filter", Args: args{"_fn": "(event > 3)"}, After: []string{"s"}},
				{Name: "b", Handler: "(event + 2)", After: []string{"s"}},
				{Name: "m", Class: "Merge", After: []string{"a", "b"}, Responder: true},
			},
			bodies: []string{"1", "10"}, want: []string{"filtered", "[10,12]"},
		},
		{
			name: "Complete",
			steps: []*graph.StepSpec{
				{Name: "c", Class: "Complete"},
				{Name: "n", Handler: "note", After: []string{"c"}, Responder: true},
			},
			bodies: []string{"1", "2"}, want: []string{"1", "2"}, noted: []string{"1", "2"},
		},
		{
			name: "ConcurrentExecution",
			steps: []*graph.StepSpec{
				{Name: "c", Class: "ConcurrentExecution", Args: args{"_event_processor": "(event + 1)", "max_in_flight": 2}},
				{Name: "n", Handler: "note", After: []string{"c"}, Responder: true},
			},
			bodies: []string{"1", "2", "3", "4"}, want: []string{"2", "3", "4", "5"}, noted: []string{"2", "3", "4", "5"},
		},
		{
			name: "failure in ConcurrentExecution, recovered",
			steps: []*graph.StepSpec{
				{Name: "c", Class: "ConcurrentExecution", Args: args{"_event_processor": "fail"}, OnError: "r"},
				{Name: "e", Handler: "(event)", After: []string{"c"}, Responder: true},
				{Name: "r", Kind: "error_step", Class: "Recover", Args: args{"values": args{"ValueError": "instead"}}},
			},
			bodies: []string{"1"}, want: []string{`"instead"`},
		},
		{
			name: "Reduce",
			steps: []*graph.StepSpec{
				{Name: "r", Class: "Reduce", Args: args{"initial_value": 0, "_fn": "(event['state'] + event['event'])"}},
				{Name: "n", Handler: "note", After: []string{"r"}, Responder: true},
			},
			bodies: []string{"1", "2", "3"}, want: []string{"filtered", "filtered", "filtered"}, noted: []string{"6"},
		},
		{
			name: "SampleWindow",
			steps: []*graph.StepSpec{
				{Name: "s", Class: "SampleWindow", Args: args{"window_size": 2, "emit_period": "last", "emit_before_termination": true}},
				{Name: "n", Handler: "note", After: []string{"s"}, Responder: true},
			},
			bodies: []string{"7"}, want: []string{"filtered"}, noted: []string{"7"},
		},
		{
			name: "Partition of a part of the body",
			steps: []*graph.StepSpec{
				{Name: "p", Class: "Partition", Args: args{"_predicate": "(event > 1)"}, InputPath: "x", ResultPath: "y"},
				{Name: "e", Handler: "(event)", After: []string{"p"}, Responder: true},
			},
			bodies: []string{`{"x": 1}`}, want: []string{`{"x":1,"y":{"left":null,"right":1}}`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, n := engine(t, c.steps...)
			if d := cmp.Diff(c.want, ask(t, g, c.bodies...)); d != "" {
				t.Errorf("outcomes (-want +got):\n%s", d)
			}
			closeGraph(t, g)
			if d := cmp.Diff(c.noted, n.sorted()); d != "" {
				t.Errorf("noted (-want +got):\n%s", d)
			}
		})
	}
}

// TestEngineProcess wants an event to be done when nothing of it is left, what
// goes on behind a Complete and in a ConcurrentExecution included.
func TestEngineProcess(t *testing.T) {
	slow := func(_ context.Context, x any) (any, error) {
		time.Sleep(20 * time.Millisecond)
		return x, nil
	}
	g, n := engine(t,
		&graph.StepSpec{Name: "c", Class: "Complete"},
		&graph.StepSpec{Name: "s", Class: "ConcurrentExecution", Args: args{"event_processor": catalog.Func(slow)}, After: []string{"c"}},
		&graph.StepSpec{Name: "n", Handler: "note", After: []string{"s"}},
	)
	for i := range 3 {
		if err := g.Process(t.Context(), steptest.Event(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		if got := len(n.sorted()); got != i+1 {
			t.Errorf("%d events were noted when event %d was done", got, i)
		}
	}
}

// TestEngineConcurrently sends many events through the steps that keep and join
// them, beside each other.
func TestEngineConcurrently(t *testing.T) {
	g, _ := engine(t,
		&graph.StepSpec{Name: "c", Class: "ConcurrentExecution", Args: args{"_event_processor": "(event)", "max_in_flight": 4}},
		&graph.StepSpec{Name: "a", Handler: "(event + 1)", After: []string{"c"}},
		&graph.StepSpec{Name: "b", Handler: "(event + 2)", After: []string{"c"}},
		&graph.StepSpec{Name: "m", Class: "Merge", After: []string{"a", "b"}, Args: args{"order": "after", "max_behind": 1000}},
		&graph.StepSpec{Name: "batch", Class: "Batch", Args: args{"max_events": 7, "flush_after_seconds": 0.002, "max_in_flight": 3}, After: []string{"m"}},
		&graph.StepSpec{Name: "out", Handler: "(sorted(event))", After: []string{"batch"}, Responder: true},
	)
	var bodies []string
	for i := range 300 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	for i, got := range ask(t, g, bodies...) {
		if want := fmt.Sprintf("[%d,%d]", i+1, i+2); !strings.Contains(got, want) {
			t.Fatalf("event %d: %s, which lacks %s", i, got, want)
		}
	}
}
