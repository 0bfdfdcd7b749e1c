package server

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A world is what the steps and models of a test have in common: it counts
// them and notes what must not happen.
type world struct {
	loads, unloads atomic.Int64 // of models
	open           atomic.Int64 // steps that were started and not closed
	made           atomic.Int64 // steps

	mu    sync.Mutex
	wrong []string
	count int            // events
	seen  map[string]int // the generation that an event was seen by
	last  [1024]string   // events in seen: many more than are on their way at a time
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// check fails the test for what must not happen.
func (w *world) check(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, s := range w.wrong {
		if i == 5 {
			t.Errorf("and %d more", len(w.wrong)-i)
			return
		}
		t.Error(s)
	}
}

// A weigher is a model whose answer is its argument, weight.
type weigher struct {
	w      *world
	weight float64
	loaded atomic.Bool
}

func (m *weigher) Load(ctx context.Context, mc *serve.ModelContext) (err error) {
	if m.weight, err = serve.Param(mc, "weight", 1.0); err != nil {
		return err
	}
	switch fault, _ := serve.Param(mc, "fault", ""); fault {
	case "error":
		return errors.New("the weights are gone")
	case "panic":
		panic("the weights are mad")
	case "hang":
		<-ctx.Done()
		return ctx.Err()
	}
	m.w.loads.Add(1)
	m.loaded.Store(true)
	return nil
}

func (m *weigher) Predict(context.Context, *serve.Request) (any, error) {
	if !m.loaded.Load() {
		m.w.note("a model that is not open predicts")
	}
	return []float64{m.weight}, nil
}

func (m *weigher) Close(context.Context) error {
	if m.loaded.Swap(false) {
		m.w.unloads.Add(1)
	}
	return nil
}

// A probe is a step that minds its life.
type probe struct {
	w          *world
	generation int
	fault      string        // of Start, or Close
	hold       chan struct{} // what Do waits for; nil is nothing
	begun      chan struct{}

	started, closed atomic.Bool
	inside          atomic.Int64
}

func (p *probe) Start(context.Context) error {
	switch p.fault {
	case "error":
		return errors.New("the step does not start")
	case "panic":
		panic("the step is mad")
	}
	p.started.Store(true)
	p.w.open.Add(1)
	return nil
}

func (p *probe) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	if !p.started.Load() || p.closed.Load() {
		p.w.note("a step of generation %d runs and is not open", p.generation)
	}
	p.w.saw(ev.Identify(), p.generation)
	if p.hold != nil {
		p.begun <- struct{}{}
		<-p.hold
	}
	return serve.Pass, nil
}

// saw notes which generation sees an event.
func (w *world) saw(event string, generation int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen == nil {
		w.seen = map[string]int{}
	}
	if first, ok := w.seen[event]; ok && first != generation {
		w.wrong = append(w.wrong, fmt.Sprintf("event %s was seen by generations %d and %d", event, first, generation))
	}
	if _, ok := w.seen[event]; !ok {
		place := &w.last[w.count%len(w.last)]
		delete(w.seen, *place)
		*place = event
		w.count++
	}
	w.seen[event] = generation
}

// events says how many have been seen.
func (w *world) events() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

func (p *probe) Close(context.Context) error {
	if !p.started.Load() {
		return nil
	}
	if n := p.inside.Load(); n != 0 {
		p.w.note("a step of generation %d is closed with %d events inside", p.generation, n)
	}
	if !p.closed.Swap(true) {
		p.w.open.Add(-1)
		if p.fault == "panic in Close" {
			panic("the step is mad in the end")
		}
	}
	return nil
}

// set has the class Weigher and the runtime of oneSet.
func (w *world) set() *catalog.Set {
	set := oneSet()
	set.Add(v2.Class("Weigher", func() serve.Model { return &weigher{w: w} }))
	set.Add(catalog.Entry{Name: "Mad", New: func(catalog.Args) (serve.Step, error) { panic("the constructor is mad") }})
	return set
}

// A flow makes specs of probes before a model.
type flow struct {
	w      *world
	n      int // generations so far
	probes int
	tweak  func(i int, p *probe) // changes the probe in place i
}

// spec is the next generation, whose model has arguments of its own.
func (f *flow) spec(args map[string]any) *graph.Spec {
	f.n++
	generation, last := f.n, ""
	root := &graph.StepSpec{Engine: "sync"}
	after := func() []string {
		if last == "" {
			return nil
		}
		return []string{last}
	}
	for i := range f.probes {
		name := fmt.Sprintf("p%d", i)
		root.Steps = append(root.Steps, &graph.StepSpec{Name: name, After: after(), New: func(catalog.Args) (serve.Step, error) {
			p := &probe{w: f.w, generation: generation}
			f.w.made.Add(1)
			if f.tweak != nil {
				f.tweak(i, p)
			}
			return p, nil
		}})
		last = name
	}
	root.Steps = append(root.Steps, &graph.StepSpec{Name: "m", Class: "Weigher", Args: args, After: after()})
	return &graph.Spec{Graph: root}
}

// content is what a reload is given to read.
func content(spec *graph.Spec) func() (Content, error) {
	return func() (Content, error) { return Content{Spec: spec}, nil }
}

func weight(w float64) map[string]any { return map[string]any{"weight": w} }
