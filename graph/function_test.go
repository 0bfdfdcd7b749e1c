package graph_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// TestQueuesOfFunctions wants a queue to be where events are put into it, and in
// the functions that read it, where no request gets into it.
func TestQueuesOfFunctions(t *testing.T) {
	chain := []string{" a Pass", " q Queue <a", "f b Pass <q", " p Queue <b", "g c Pass <p"}
	for _, tt := range []struct {
		name, function string
		steps          []string // behind the function that each is of
		want           string   // the steps that are made, and where each leads
		runs           string   // those that a request gets to
		warnings       int
	}{
		{"parent", "", chain, "a>q q>", "aq", 0},
		{"child", "f", chain, "q>b b>p p>", "bp", 0},
		{"grandchild", "g", chain, "p>c c>", "c", 0},
		{"all", "*", chain, "a>q q>b b>p p>c c>", "abcpq", 0},
		{"a queue that begins the graph", "f", []string{" q Queue", "f b Pass <q"}, "q>b b>", "b", 0},
		{"two readers", "f", []string{" a Pass", " q Queue <a", "f b Pass <q", "g c Pass <q", "f d Pass <q"}, "q>b,d b> d>", "bd", 0},
		{"a queue with a function", "f", []string{" a Pass", "g q Queue <a", "f b Pass <q"}, "q>b b>", "b", 0},
		{"another way in", "f", []string{" a Pass", " q Queue <a", "f b Pass", "f c Pass <q,b"}, "q>c b>c c>", "bc", 0},
		{"back to the parent", "", []string{" a Pass", " q Queue <a", "f b Pass <q", " p Queue <b", " c Pass <p"}, "a>q q> p>c c>", "aq", 0},
		{"begun by another function", "", []string{"f a Pass", " q Queue <a", " b Pass <q"}, "q>b b>", "b", 0},
		{"nowhere", "", []string{" a Pass", "f b Pass <a", " c Pass <b"}, "a>", "a", 1},
		{"without a stream", "f", []string{" a Pass", " q Empty <a", "f b Pass <q"}, "b>", "b", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &register{}
			g, problems := graph.Build(r.spec(tt.steps), graph.Options{Catalog: r.classes(), Function: tt.function})
			if g == nil || len(problems) != tt.warnings {
				t.Fatal(problems)
			}
			if diff := cmp.Diff(tt.want, strings.Join(r.links, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := g.Serve(t.Context(), &serve.Event{}); err != nil {
				t.Error(err)
			}
			if err := g.Close(t.Context()); err != nil { // waits for what goes on
				t.Error(err)
			}
			slices.Sort(r.ran)
			if got := strings.Join(r.ran, ""); got != tt.runs {
				t.Errorf("a request got to %s, want %s", got, tt.runs)
			}
		})
	}
}

// A register keeps what steps of a graph tell.
type register struct {
	links []string
	mu    sync.Mutex
	ran   []string
}

// spec is a flow of such steps and queues.
func (r *register) spec(steps []string) *graph.Spec {
	spec := &graph.Spec{Functions: map[string]string{"f": "p/f", "g": "p/g"}, Graph: &graph.StepSpec{}}
	for _, text := range steps {
		function, rest, _ := strings.Cut(text, " ")
		s := flow("async", "", rest).Graph.Steps[0]
		s.Function = function
		switch s.Class {
		case "Pass":
			s.New = r.step
		case "Queue":
			s.Kind, s.Class, s.Path = "queue", "", "mem://"+s.Name
		case "Empty":
			s.Kind, s.Class = "queue", ""
		}
		spec.Graph.Steps = append(spec.Graph.Steps, s)
	}
	return spec
}

func (r *register) classes() *catalog.Set {
	set := &catalog.Set{}
	set.Add(catalog.Entry{Name: "queue", New: r.step})
	return set
}

func (r *register) step(a catalog.Args) (serve.Step, error) { return &told{name: a.Name, to: r}, nil }

// A told step tells where it leads, and when it gets an event.
type told struct {
	name string
	to   *register
}

func (s *told) Link(l serve.Links) error {
	s.to.links = append(s.to.links, s.name+">"+strings.Join(l.Out, ","))
	return nil
}

func (s *told) Do(context.Context, *serve.Event) (serve.Fate, error) {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	s.to.ran = append(s.to.ran, s.name)
	return serve.Pass, nil
}
