package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/servertest"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/tracing/tracetest"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/step/remote"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/mem"
	"github.com/leat-ml/leat/v2"
)

// constant is a model that answers its number for every row.
type constant float64

func (constant) Load(context.Context, *serve.ModelContext) error { return nil }
func (c constant) Predict(_ context.Context, req *serve.Request) (any, error) {
	if c < 0 {
		panic("a model of a test")
	}
	return []float64{float64(c)}, nil
}

// tracedSet are the classes of the graphs here.
func tracedSet(hold chan struct{}) *catalog.Set {
	set := &catalog.Set{}
	step.Register(set)
	remote.Register(set)
	mux, memory := &stream.Mux{}, &mem.Memory{}
	mux.Register("mem", memory.Open)
	queue.Register(set, mux)
	add := func(name string, do serve.StepFunc) {
		set.Add(catalog.Entry{Name: name, New: func(catalog.Args) (serve.Step, error) { return do, nil }})
	}
	add("Pass", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil })
	add("Drop", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil })
	add("Fail", func(context.Context, *serve.Event) (serve.Fate, error) {
		return serve.Pass, serve.Errorf(serve.BadRequest, "", "no \xff good")
	})
	add("Panic", func(context.Context, *serve.Event) (serve.Fate, error) { panic("a step of a test") })
	add("Hold", func(ctx context.Context, _ *serve.Event) (serve.Fate, error) {
		select {
		case <-hold:
			return serve.Pass, nil
		case <-ctx.Done():
			return serve.Pass, ctx.Err()
		}
	})
	return set
}

func model(c constant) func(catalog.Args) (serve.Step, error) {
	return func(a catalog.Args) (serve.Step, error) { return v2.FromArgs(a, c, "") }
}

// tracing has servers send their spans to the collector, which is read once all
// have been stopped.
type tracingTest struct {
	*testing.T
	collector tracetest.Collector
	url       string
	stops     []func()
}

func newTracingTest(t *testing.T) *tracingTest {
	for _, limit := range []string{"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_BSP_EXPORT_TIMEOUT"} {
		t.Setenv(limit, strconv.FormatInt(patience.Milliseconds(), 10))
	}
	tt := &tracingTest{T: t}
	srv := httptest.NewServer(&tt.collector)
	t.Cleanup(srv.Close)
	tt.url = srv.URL + "/v1/traces"
	return tt
}

// serve serves a graph and returns its URL.
func (t *tracingTest) serve(set *catalog.Set, root *graph.StepSpec) (url string) {
	url, _, stop, result := runs(t.T, RunConfig{
		Config: Config{Spec: &graph.Spec{FunctionURI: "p/f", Graph: root}, Catalog: set, Function: "*"},
		HTTP:   "127.0.0.1:0", Admin: "127.0.0.1:0", Traces: &tracing.Config{Endpoint: t.url, Version: "1"},
	})
	t.stops = append(t.stops, func() {
		stop()
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
	return url
}

// spans stops the servers and returns what they have sent.
func (t *tracingTest) spans() []tracetest.Span {
	t.Helper()
	for _, stop := range t.stops {
		stop()
	}
	for _, p := range t.collector.Problems() {
		t.Error(p)
	}
	return t.collector.Spans()
}

const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	callersSpan  = "b7ad6b7169203331"
)

// TestTraces follows a request through a flow with a nested flow, a call of
// another server, an ensemble and a branch that goes on behind the answer: all
// spans are in the trace of the caller, each below the one that it belongs to.
func TestTraces(t *testing.T) {
	tt, hold := newTracingTest(t), make(chan struct{})
	scorer := tt.serve(tracedSet(nil), &graph.StepSpec{Kind: "router", Routes: []*graph.StepSpec{{Name: "scorer:v1", New: model(7)}}})
	flow := tt.serve(tracedSet(hold), &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "clean", Class: "Pass"},
		{Name: "inner", Kind: "flow", After: []string{"clean"}, Steps: []*graph.StepSpec{
			{Name: "tidy", Class: "Pass"}, {Name: "sweep", Class: "Pass", After: []string{"tidy"}},
		}},
		{Name: "score", Class: "$remote", After: []string{"inner"}, Args: map[string]any{"url": scorer + "/v2/models/scorer/infer"}, ResultPath: "score"},
		{Name: "log", Class: "Hold", After: []string{"score"}},
		{Name: "stop", Class: "Drop", After: []string{"log"}},
		{Name: "vote", Kind: "router", Class: "VotingEnsemble", After: []string{"score"}, Routes: []*graph.StepSpec{
			{Name: "m1", New: model(1)}, {Name: "m2", New: model(3)},
		}},
		{Name: "decide", Class: "Pass", After: []string{"vote"}, Responder: true},
		{Name: "after", Class: "Pass", After: []string{"decide"}},
	}})
	req, err := http.NewRequestWithContext(t.Context(), "POST", flow, strings.NewReader(`{"inputs": [[1.5]]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	req.Header.Set("Tracestate", "vendor=1")
	req.Header.Set("X-Request-Id", "r1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	close(hold)
	tt.stops[0], tt.stops[1] = tt.stops[1], tt.stops[0] // who calls first
	spans := tt.spans()
	want := `POST / http.response.status_code=200
  after leat.fate=passed
  clean leat.fate=passed
  decide leat.fate=passed
  inner leat.fate=passed
    inner/sweep leat.fate=passed
    inner/tidy leat.fate=passed
  log leat.fate=passed
  score leat.fate=passed
    POST /v2/models/{model}/infer http.response.status_code=200 leat.model.name=scorer
      router leat.fate=passed
        scorer:v1 leat.fate=passed leat.model.name=scorer leat.model.version=v1 leat.operation=infer
  stop leat.fate=filtered
  vote leat.fate=passed
    m1 leat.fate=passed leat.model.name=m1 leat.operation=infer
    m2 leat.fate=passed leat.model.name=m2 leat.operation=infer
`
	got := tracetest.Tree(spans, "http.response.status_code", "leat.fate", "leat.model.name", "leat.model.version", "leat.operation")
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, s := range spans {
		if s.Trace != callersTrace || s.Service != "leat" || s.End < s.Start {
			t.Errorf("span %s is in trace %s, of %s, from %d to %d", s.Name, s.Trace, s.Service, s.Start, s.End)
		}
		if kind := map[bool]string{true: "server", false: "internal"}[strings.HasPrefix(s.Name, "POST")]; s.Kind != kind {
			t.Errorf("span %s is of kind %s", s.Name, s.Kind)
		}
		if s.Name == "POST /" && s.Parent != callersSpan {
			t.Errorf("the request is below %q, not the caller's span", s.Parent)
		}
		if s.Name == "clean" && (s.Attributes["leat.event.id"] != "r1" || s.Attributes["leat.step"] != "clean" || s.Attributes["leat.graph"] != "p/f") {
			t.Errorf("attributes %v", s.Attributes)
		}
	}
}

// TestTracesOfFailures checks what the spans tell of steps and models that fail.
func TestTracesOfFailures(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []*graph.StepSpec
		want  string
	}{
		{"error", []*graph.StepSpec{{Name: "bad", Class: "Fail"}, {Name: "end", Class: "Pass", After: []string{"bad"}, Responder: true}}, `
POST / http.response.status_code=400
  bad error.type=bad_request leat.fate=failed FAILED no � good
`},
		{"panic", []*graph.StepSpec{{Name: "bad", Class: "Panic", Responder: true}}, `
POST / http.response.status_code=500 error.type=500 FAILED step bad: the step panicked; the log has the details
  bad error.type=internal leat.fate=failed FAILED the step panicked; the log has the details
`},
		{"handled", []*graph.StepSpec{
			{Name: "bad", Class: "Fail", OnError: "catch"},
			{Name: "end", Class: "Pass", After: []string{"bad"}, Responder: true},
			{Name: "catch", Kind: "error_step", Class: "Pass", Before: []string{"end"}},
		}, `
POST / http.response.status_code=200
  bad error.type=bad_request leat.fate=failed FAILED no � good
  catch leat.fate=passed leat.handles=bad
  end leat.fate=passed
`},
		{"model", []*graph.StepSpec{
			{Name: "vote", Kind: "router", Class: "VotingEnsemble", Responder: true, Routes: []*graph.StepSpec{
				{Name: "m1", New: model(1)}, {Name: "m2", New: model(-1)},
			}},
		}, `
POST / http.response.status_code=500 error.type=500 FAILED step vote: ensemble vote: model m2: infer: the model panicked; the log has the details
  vote error.type=internal leat.fate=failed FAILED ensemble vote: model m2: infer: the model panicked; the log has the details
    m1 leat.fate=passed
    m2 error.type=internal leat.fate=failed FAILED model m2: infer: the model panicked; the log has the details
`},
		{"filtered", []*graph.StepSpec{{Name: "stop", Class: "Drop"}, {Name: "end", Class: "Pass", After: []string{"stop"}, Responder: true}}, `
POST / http.response.status_code=204
  stop leat.fate=filtered
`},
	} {
		tt := newTracingTest(t)
		url := tt.serve(tracedSet(nil), &graph.StepSpec{Steps: c.steps})
		fetch(t, "POST", url, `{"inputs": [[1.5]]}`)
		got := tracetest.Tree(tt.spans(), "http.response.status_code", "error.type", "leat.fate", "leat.handles")
		if d := cmp.Diff(strings.TrimPrefix(c.want, "\n"), got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// TestTracesThroughQueues checks that the trace goes on behind a queue that has
// answered, and behind one whose request stays open.
func TestTracesThroughQueues(t *testing.T) {
	tt := newTracingTest(t)
	open := tt.serve(tracedSet(nil), &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "q", Kind: "queue", Path: "mem://open"},
		{Name: "end", Class: "Pass", After: []string{"q"}, Responder: true},
	}})
	aside := tt.serve(tracedSet(nil), &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "first", Class: "Pass", Responder: true},
		{Name: "q", Kind: "queue", Path: "mem://aside", After: []string{"first"}},
		{Name: "second", Class: "Pass", After: []string{"q"}},
	}})
	fetch(t, "POST", open, "{}")
	fetch(t, "PUT", aside, "{}")
	spans := tt.spans()
	want := `POST /
  q leat.fate=kept
    end leat.fate=passed
PUT /
  first leat.fate=passed
  q leat.fate=filtered
    q leat.fate=kept leat.stream=mem://aside
      second leat.fate=passed
`
	if d := cmp.Diff(want, tracetest.Tree(spans, "leat.fate", "leat.stream")); d != "" {
		t.Error(d)
	}
}

// TestTracesOfBatches checks that what follows a batch is in the trace of one of
// its requests, linked with the other.
func TestTracesOfBatches(t *testing.T) {
	tt := newTracingTest(t)
	url := tt.serve(tracedSet(nil), &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "two", Class: "Batch", Args: map[string]any{"max_events": 2}},
		{Name: "end", Class: "Pass", After: []string{"two"}, Responder: true},
	}})
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { fetch(t, "POST", url, "{}") })
	}
	both.Wait()
	spans := tt.spans()
	requests := map[string]bool{}
	for _, s := range spans {
		if s.Name == "POST /" {
			requests[s.ID] = true
		}
	}
	for _, s := range spans {
		if s.Name == "end" && !(requests[s.Parent] && len(s.Links) == 1 && requests[s.Links[0]] && s.Parent != s.Links[0]) {
			t.Errorf("the batch is below %s and linked with %v; the requests are %v", s.Parent, s.Links, requests)
		}
	}
	if len(spans) != 5 {
		t.Errorf("spans:\n%s", tracetest.Tree(spans))
	}
}

// TestTracesOfAttempts checks that a span tells how often a remote step tried.
func TestTracesOfAttempts(t *testing.T) {
	var calls atomic.Int64
	shy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer shy.Close()
	tt := newTracingTest(t)
	url := tt.serve(tracedSet(nil), &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "call", Class: "$remote", Args: map[string]any{"url": shy.URL, "retries": 3, "backoff_factor": 0.001}, Responder: true},
	}})
	fetch(t, "POST", url, "{}")
	want := "POST /\n  call leat.fate=passed leat.attempts=3\n"
	if d := cmp.Diff(want, tracetest.Tree(tt.spans(), "leat.fate", "leat.attempts")); d != "" {
		t.Error(d)
	}
}

// TestUntraced checks that a caller who keeps no trace has none here, and that
// what watches over the server leaves no spans.
func TestUntraced(t *testing.T) {
	tt := newTracingTest(t)
	scorer := tt.serve(tracedSet(nil), &graph.StepSpec{Kind: "router", Routes: []*graph.StepSpec{{Name: "scorer", New: model(7)}}})
	flow := tt.serve(tracedSet(nil), &graph.StepSpec{Steps: []*graph.StepSpec{
		{Name: "score", Class: "$remote", Args: map[string]any{"url": scorer + "/v2/models/scorer/infer"}, Responder: true},
	}})
	req, err := http.NewRequestWithContext(t.Context(), "POST", flow, strings.NewReader(`{"inputs": [[1.5]]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-00")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	if status, _ := fetch(t, "GET", scorer+"/v2/health/ready", ""); status != 200 {
		t.Fatal(status)
	}
	if spans := tt.spans(); len(spans) > 0 {
		t.Errorf("spans:\n%s", tracetest.Tree(spans))
	}
}

// TestCollectorGone checks that a collector that is not there costs no answer,
// that the metrics tell what was lost, and that the server stops nevertheless.
func TestCollectorGone(t *testing.T) {
	gone := fmt.Sprintf("http://127.0.0.1:%d", servertest.Port(t))
	spec := &graph.Spec{Graph: &graph.StepSpec{Steps: []*graph.StepSpec{{Name: "a", Class: "Pass", Responder: true}}}}
	url, admin, stop, result := runs(t, RunConfig{
		Config: Config{Spec: spec, Catalog: tracedSet(nil)},
		HTTP:   "127.0.0.1:0", Admin: "127.0.0.1:0", Traces: &tracing.Config{Endpoint: gone, Queue: 4},
	})
	for range 10 {
		if status, text := fetch(t, "POST", url, "{}"); status != 200 {
			t.Fatal(status, text)
		}
	}
	_, metrics := fetch(t, "GET", admin+"/metrics", "")
	if !strings.Contains(metrics, `leat_trace_spans_lost_total{reason="full"}`) || !strings.Contains(metrics, "leat_trace_spans_sent_total 0") {
		t.Error("the metrics tell nothing of spans")
	}
	stop()
	if err := <-result; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
