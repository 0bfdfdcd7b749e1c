package graph_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// source passes what a test gives it on to its followers.
type source struct{ serve.Links }

func (s *source) Link(l serve.Links) error                             { s.Links = l; return nil }
func (s *source) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil }

// TestErrands wants Links.Process to return when nothing is left of an event,
// and with what failed, wherever that was.
func TestErrands(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		lines   []string
		onError string
		want    string
		done    int64
	}{
		"a chain":              {lines: []string{"q Source", "a Count <q", "b Count <a *"}, done: 2},
		"no responder":         {lines: []string{"q Source", "a Count <q", "b Count <a"}, done: 2},
		"branches":             {lines: []string{"q Source", "a Count <q", "b Count <q", "c Count <b *", "d Count <c"}, done: 4},
		"a failure":            {lines: []string{"q Source", "a Count <q", "b Broken <a *"}, done: 1, want: "step b: broken"},
		"a failing branch":     {lines: []string{"q Source", "a Broken <q", "b Count <q *"}, done: 1, want: "step a: broken"},
		"behind the responder": {lines: []string{"q Source", "a Count <q *", "b Broken <a"}, done: 1, want: "step b: broken"},
		"a handled failure":    {lines: []string{"q Source", "a Broken <q *", "h Count"}, onError: "h", done: 1},
		"nothing behind":       {lines: []string{"q Source"}},
	} {
		t.Run(name, func(t *testing.T) {
			var done atomic.Int64
			src := &source{}
			set := &catalog.Set{}
			add := func(name string, s serve.Step) {
				set.Add(catalog.Entry{Name: name, New: func(catalog.Args) (serve.Step, error) { return s, nil }})
			}
			add("Source", src)
			add("Count", serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) { done.Add(1); return serve.Pass, nil }))
			add("Broken", serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, broken }))
			g, problems := graph.Build(flow("async", c.onError, c.lines...), graph.Options{Catalog: set})
			if g == nil {
				t.Fatal(problems)
			}
			defer g.Close(context.Background())
			err := src.Process(context.Background(), serve.NewEvent(serve.Target{}, nil))
			switch {
			case c.want == "" && err != nil:
				t.Errorf("error %v", err)
			case c.want != "" && (!errors.Is(err, broken) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want %s", err, c.want)
			}
			if got := done.Load(); got != c.done {
				t.Errorf("%d steps ran, want %d", got, c.done)
			}
		})
	}
}
