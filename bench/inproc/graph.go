package inproc

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/leat-ml/leat/bench/echo"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// FlowCosts are what a flow cost and what the reference did, a round an element.
type FlowCosts struct {
	Name       string
	Ours, Refs []Cost
}

// A Flow is a graph to measure: steps that do nothing, and models that answer
// what they are asked.
type Flow struct {
	Name  string
	Spec  *graph.Spec
	Timed bool // every step is timed
	MLRun bool // by its contract
	Fresh bool // every event comes on a goroutine of its own, as over HTTP/2
}

// Chain is a chain of n steps that do nothing.
func Chain(n int) *graph.Spec {
	spec := graph.NewFlow("sync")
	at := spec.To("s0", graph.StepSpec{Class: "Nothing"})
	for i := range n - 1 {
		at = at.To(fmt.Sprintf("s%d", i+1), graph.StepSpec{Class: "Nothing"})
	}
	return spec
}

// Rows is one row of numbers in MLRun's dialect, which every flow is asked, and
// Tensor the same row in OIP, which the reference reads.
var (
	Rows   = []byte(`{"inputs": [[5.1, 3.5, 1.4, 0.2]]}`)
	Tensor = []byte(`{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}`)
)

// Flows are the graphs of the graph suite.
func Flows() []Flow {
	router := func() graph.StepSpec {
		return graph.StepSpec{Kind: "router", Routes: []*graph.StepSpec{{Name: "echo", Class: "Echo"}}}
	}
	voting := func(executor string) *graph.Spec {
		spec := graph.NewRouter()
		spec.Graph.Class = "VotingEnsemble"
		spec.Graph.Args = map[string]any{"vote_type": "regression", "executor_type": executor}
		for _, name := range []string{"a", "b", "c"} {
			spec.AddModel(name, "Echo", "", nil)
		}
		return spec
	}
	hop := graph.NewFlow("async")
	hop.To("a", graph.StepSpec{Class: "Nothing"}).To("q", graph.StepSpec{Class: "Hop"}).To("b", graph.StepSpec{Class: "Nothing"}).Respond()
	straight := graph.NewFlow("async")
	straight.To("a", graph.StepSpec{Class: "Nothing"}).To("q", graph.StepSpec{Class: "Nothing"}).To("b", graph.StepSpec{Class: "Nothing"}).Respond()
	side := graph.NewFlow("async")
	first := side.To("a", graph.StepSpec{Class: "Nothing"})
	first.To("x", graph.StepSpec{Class: "Nothing"})
	first.To("q", graph.StepSpec{Class: "Nothing"}).To("b", graph.StepSpec{Class: "Nothing"}).Respond()
	models := graph.NewFlow("sync")
	models.To("a", graph.StepSpec{Class: "Nothing"}).To("b", graph.StepSpec{Class: "Nothing"}).
		To("c", graph.StepSpec{Class: "Nothing"}).To("r", router())
	return []Flow{
		{Name: "chain-1", Spec: Chain(1)}, {Name: "chain-20", Spec: Chain(20)},
		{Name: "timed-1", Spec: Chain(1), Timed: true}, {Name: "timed-20", Spec: Chain(20), Timed: true},
		{Name: "fresh-20", Spec: Chain(20), Fresh: true},
		{Name: "straight", Spec: straight}, {Name: "hop", Spec: hop}, {Name: "side", Spec: side},
		{Name: "flow-3-router", Spec: models},
		{Name: "voting-3", Spec: voting("array")}, {Name: "voting-3-parallel", Spec: voting("thread")},
	}
}

// Peers are the graphs that MLRun runs too, in bench/mlrun.
func Peers() []Flow {
	return []Flow{
		{Name: "flow-3-router", Spec: steps("sync")},
		{Name: "voting-3", Spec: voting("")},
		{Name: "flow-3-router-async", Spec: steps("async")},
	}
}

// steps are three steps and a router to a model.
func steps(engine string) *graph.Spec {
	spec := graph.NewFlow(engine)
	spec.To("a", graph.StepSpec{Class: "Nothing"}).To("b", graph.StepSpec{Class: "Nothing"}).
		To("c", graph.StepSpec{Class: "Nothing"}).
		To("r", graph.StepSpec{Kind: "router", Routes: []*graph.StepSpec{{Name: "echo", Class: "Echo"}}, Responder: engine == "async"})
	return spec
}

// voting is three models that know one answer.
func voting(executor string) *graph.Spec {
	spec := graph.NewRouter()
	spec.Graph.Class = "mlrun.serving.VotingEnsemble"
	spec.Graph.Args = map[string]any{"vote_type": "regression"}
	if executor != "" {
		spec.Graph.Args["executor_type"] = executor
	}
	for _, name := range []string{"a", "b", "c"} {
		spec.AddModel(name, "Number", "", nil)
	}
	return spec
}

// number is a model that always answers the same.
type number struct{}

func (number) Predict(context.Context, *serve.Request) (any, error) { return []float64{2.5}, nil }

type nothing struct{}

func (nothing) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }

// A hop hands every event to another goroutine, as a queue in memory does.
type hop struct {
	serve.Links
	events chan *serve.Event
	done   chan struct{}
}

func (h *hop) Link(l serve.Links) error { h.Links = l; return nil }

func (h *hop) Start(context.Context) error {
	h.events, h.done = make(chan *serve.Event, 64), make(chan struct{})
	go func() {
		defer close(h.done)
		for ev := range h.events {
			h.Emit(context.Background(), ev)
		}
	}()
	return nil
}

func (h *hop) Close(context.Context) error {
	close(h.events)
	<-h.done
	return nil
}

func (h *hop) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	h.events <- ev
	return serve.Keep, nil
}

// timings counts nothing, but has every step timed.
type timings struct{}

func (timings) Step(string) graph.StepMetrics { return timings{} }
func (timings) Done(time.Duration, error)     {}

// Path is what events ask a flow for.
func (f Flow) Path() string {
	if strings.HasPrefix(f.Name, "flow-3-router") {
		return "/v2/models/echo/infer"
	}
	return "/v2/models/infer"
}

// Graph asks a flow in process: an event with body, and its answer as bytes.
// stop releases it.
func Graph(ctx context.Context, f Flow, body []byte) (op, stop func() error, err error) {
	op, _, stop, err = GraphAnswer(ctx, f, body)
	return op, stop, err
}

// GraphAnswer is Graph that also tells what the last event was answered.
func GraphAnswer(ctx context.Context, f Flow, body []byte) (op func() error, last func() []byte, stop func() error, err error) {
	set := catalog.Default.Clone()
	v2.Register(set)
	set.Add(v2.Class("Echo", echo.Model))
	set.Add(v2.Class("Number", func() serve.Model { return number{} }))
	set.Add(catalog.Entry{Name: "Nothing", New: func(catalog.Args) (serve.Step, error) { return nothing{}, nil }})
	set.Add(catalog.Entry{Name: "Hop", New: func(catalog.Args) (serve.Step, error) { return &hop{}, nil }})
	o := graph.Options{Catalog: set, Env: &catalog.Env{Recorder: &echo.Counter{}, MLRun: f.MLRun}, Timeout: 30 * time.Second}
	if f.Timed {
		o.Observer = timings{}
	}
	g, problems := graph.Build(f.Spec, o)
	if g == nil {
		return nil, nil, nil, fmt.Errorf("flow %s: %v", f.Name, problems)
	}
	if err := g.Start(ctx); err != nil {
		return nil, nil, nil, fmt.Errorf("flow %s: %w", f.Name, err)
	}
	target := serve.Target{Method: "POST", Path: f.Path()}
	var out []byte
	ask := func() error {
		ev, err := g.Serve(ctx, serve.NewEvent(target, body))
		if err != nil {
			return err
		}
		if ev == nil {
			return errors.New("filtered")
		}
		out, err = oip.AppendBody(out[:0], ev.Body)
		return err
	}
	stop = func() error { return g.Close(ctx) }
	last = func() []byte { return out }
	if !f.Fresh {
		return ask, last, stop, nil
	}
	done := make(chan error)
	return func() error {
		go func() { done <- ask() }()
		return <-done
	}, last, stop, nil
}
