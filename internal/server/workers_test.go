package server

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// crewed is a model, and a step, with workers.
type crewed struct {
	serve.Workers
	down error
}

func (c *crewed) Predict(context.Context, *serve.Request) (any, error) { return []any{}, nil }
func (c *crewed) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }
func (c *crewed) Down() error                                          { return c.down }

// crew has the method that [serve.Workers] takes the name of.
type crew struct{ crewed }

func (c *crew) Workers() serve.Workers { return c.crewed.Workers }

// TestWorkersAreCounted has a model and a step with workers, in the metrics and in
// what readiness says.
func TestWorkersAreCounted(t *testing.T) {
	model := &crew{crewed{Workers: serve.Workers{Alive: 2, Wanted: 3, Restarts: 4}}}
	steps := &crew{crewed{Workers: serve.Workers{Of: "steps", Wanted: 1}}}
	set := &catalog.Set{}
	set.Add(v2.Class("M", func() serve.Model { return model }))
	set.Add(catalog.Entry{Name: "S", New: func(catalog.Args) (serve.Step, error) { return steps, nil }})
	spec := graph.NewFlow("sync")
	spec.To("s", graph.StepSpec{Class: "S"}).To("m:v1", graph.StepSpec{Class: "M"})
	core, problems := New(Config{Spec: spec, Catalog: set})
	if core == nil {
		t.Fatal(problems)
	}
	tel := telemetry.New(telemetry.Build{})
	tel.Workers(core.workers)
	if err := core.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := core.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if err := core.Ready(); err != nil {
		t.Error(err)
	}
	steps.down = errors.New("it crashed")
	if err := core.Ready(); err == nil || err.Error() != "steps: it crashed" {
		t.Errorf("ready: %v", err)
	}
	const want = `# HELP leat_worker_restarts_total Python workers that were started again: after a crash, a hang, or because of their memory.
# TYPE leat_worker_restarts_total counter
leat_worker_restarts_total{of="m",version="v1"} 4
leat_worker_restarts_total{of="steps",version=""} 0
# HELP leat_workers_alive Python workers of a model, a router or the steps of a graph that can answer now.
# TYPE leat_workers_alive gauge
leat_workers_alive{of="m",version="v1"} 2
leat_workers_alive{of="steps",version=""} 0
`
	if err := testutil.GatherAndCompare(tel.Gatherer(), strings.NewReader(want), "leat_worker_restarts_total", "leat_workers_alive"); err != nil {
		t.Error(err)
	}
}
