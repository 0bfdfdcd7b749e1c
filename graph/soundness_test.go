package graph_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/v2"
)

// matrix is a model of rows of two numbers.
type matrix struct{}

func (matrix) Predict(_ context.Context, req *serve.Request) (any, error) {
	return req.Inputs[0], nil
}

func (matrix) Describe() serve.Description {
	return serve.Description{Inputs: []serve.TensorSpec{{Name: "x", Datatype: serve.FP64, Shape: []int{-1, 2}}}}
}

// A grower makes random graphs of real steps, which mostly make sense.
type grower struct{ *rand.Rand }

func (g grower) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g grower) expression() string {
	return "(" + g.pick("event", "event['x']", "event['y']", "{'x': event, 'y': 1}", "{'x': event['x'], 'y': [event.get('y'), 2]}",
		"{'inputs': [[1, 2.5]]}", "{'inputs': [[event['x'], 2, 3]]}", "{'inputs': [event]}", "{'inputs': event['outputs']}", "{**event, 'y': 'text'}", "[1, event]", "len(event)",
		"event['outputs'][0]", "{'y': [r for r in event]}", "event[0]", "event + 1", "event['x'] if event['y'] else event", "event['left'] or event['right']",
		"{'x': {'inputs': [[1, 2]]}}", "{'x': [{'x': 1}, {'x': None}]}", "event or None") + ")"
}

func (g grower) step(name string, before []string) *graph.StepSpec {
	s := &graph.StepSpec{Name: name}
	if len(before) > 0 {
		s.After = []string{before[g.IntN(len(before))]}
		if other := before[g.IntN(len(before))]; g.IntN(4) == 0 && other != s.After[0] {
			s.After = append(s.After, other)
		}
	}
	path := func() string { return g.pick("", "", "x", "y", "x.y", "left") }
	s.InputPath, s.ResultPath = path(), path()
	switch g.IntN(14) {
	case 0:
		s.Class, s.Args = "Extend", map[string]any{"_fn": g.expression()}
	case 1:
		s.Class, s.Args = "Rename", map[string]any{"mapping": map[string]any{"x": g.pick("y", "z"), "left": "x"}}
	case 2:
		s.Class, s.Args = "DropColumns", map[string]any{"columns": []any{g.pick("x", "y", "z")}}
	case 3:
		s.Class, s.Args = "FlatMap", map[string]any{"_fn": g.expression()}
	case 4:
		s.Class = "Flatten"
	case 5:
		s.Class, s.Args = "Partition", map[string]any{"predicate": g.expression()}
	case 6:
		s.Class, s.Args = "Filter", map[string]any{"fn": g.expression()}
	case 7:
		s.Class, s.Args, s.ResultPath = "Batch", map[string]any{"max_events": 1}, ""
	case 8:
		s.Class, s.Args = "ReifyMetadata", map[string]any{"mapping": []any{"id", "method"}}
	case 9, 10:
		s.Class = "Matrix"
	case 11:
		s.Class, s.Args = "Map", map[string]any{"fn": g.expression()}
	default:
		s.Handler, s.FullEvent = g.expression(), g.IntN(12) == 0
	}
	return s
}

// A notebook notes what becomes of events in steps.
type notebook struct {
	mu   sync.Mutex
	left map[string][]any // what steps passed on
	fine map[string]any   // what a step did not fail with
}

func (n *notebook) Enter(ctx context.Context, name string, ev *serve.Event) (context.Context, func(*serve.Event, serve.Fate, error)) {
	in, _ := oip.Value(ev.Body)
	return ctx, func(ev *serve.Event, fate serve.Fate, err error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if err != nil {
			return
		}
		n.fine[name] = in
		if fate != serve.Pass {
			return
		}
		if v, err := oip.Value(ev.Body); err == nil {
			n.left[name] = append(n.left[name], v)
		}
	}
}

func realSteps() *catalog.Set {
	set := &catalog.Set{}
	expr.Register(set)
	step.Register(set)
	v2.Register(set)
	set.Add(v2.Class("Matrix", func() serve.Model { return matrix{} }))
	return set
}

// TestInferredIsWhatFlows runs random events through random graphs of real steps:
// what each step passes on is of the type that was inferred for the edges behind
// it, and steps that are said to fail with all that comes do.
func TestInferredIsWhatFlows(t *testing.T) {
	rounds, typed, certain := 3000, 0, 0
	if testing.Short() {
		rounds = 300
	}
	bodies := []string{`{"x": 1, "y": [1, 2]}`, `{"x": {"y": null}, "y": "t", "left": {"x": 2}}`, `[1, 2]`, `[[1, 2], [3, 4]]`, `3`, `null`, `"text"`, `{"inputs": [[1, 2]]}`, `{}`}
	for round := range rounds {
		g := grower{rand.New(rand.NewPCG(uint64(round), 11))}
		spec := graph.NewFlow("async")
		var names []string
		for i := range 2 + g.IntN(5) {
			name := fmt.Sprintf("s%d", i)
			s := g.step(name, names)
			s.Pos = graph.Pos{Line: i + 1, Col: 1}
			names = append(names, name)
			spec.Graph.Steps = append(spec.Graph.Steps, s)
		}
		spec.Graph.Steps[len(names)-1].Responder = true
		notes := &notebook{left: map[string][]any{}, fine: map[string]any{}}
		built, problems := graph.Build(spec, graph.Options{Catalog: realSteps(), Env: &catalog.Env{}, Trace: notes, Unchecked: true})
		if built == nil {
			t.Fatal(problems)
		}
		if err := built.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		for range 4 {
			_ = built.Process(ctx, serve.NewEvent(serve.Target{Method: "POST"}, []byte(bodies[g.IntN(len(bodies))])))
		}
		types := map[string]schema.Type{}
		for _, e := range built.Edges() {
			types[e.From] = e.Type
		}
		said := built.Check()
		if err := built.Close(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		for name, values := range notes.left {
			for _, v := range values {
				of, known := types[name]
				if !known || !of.Is(schema.Any.Kinds()&^schema.Other) {
					continue
				}
				if typed++; !of.Has(v) {
					t.Fatalf("round %d: %s is said to give %v, and gives %v:\n%+v", round, name, of, v, described(spec))
				}
			}
		}
		for _, p := range said {
			s := spec.Graph.Steps[p.Pos.Line-1]
			if p.Warning || len(s.After) > 1 {
				continue
			}
			if certain++; notes.fine[s.Name] != nil {
				t.Fatalf("round %d: %v, and %s takes %v:\n%v", round, p, s.Name, notes.fine[s.Name], described(spec))
			}
		}
	}
	t.Logf("%d values of a known type, %d steps that are sure to fail", typed, certain)
	if typed < rounds/5 || certain < rounds/5 {
		t.Error("too few to say anything")
	}
}

func described(s *graph.Spec) string {
	out := ""
	for _, step := range s.Graph.Steps {
		out += fmt.Sprintf("%s %v %s%s %v in %q out %q full %v\n", step.Name, step.After, step.Class, step.Handler, step.Args, step.InputPath, step.ResultPath, step.FullEvent)
	}
	return out
}
