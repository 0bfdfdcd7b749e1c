package leat_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/v2"
)

// three answers three times, and never once.
type three struct{ serve.OnlyStreams }

func (three) Stream(_ context.Context, _ *serve.Request, send func(any) error) error {
	for i := range 3 {
		if err := send([]int64{int64(i)}); err != nil {
			return err
		}
	}
	return nil
}

// found is three, which is only known once it has loaded.
type found struct{ loaded bool }

func (f *found) Predict(context.Context, *serve.Request) (any, error) {
	return nil, serve.ErrOnlyStreams
}

func (f *found) Stream(ctx context.Context, req *serve.Request, send func(any) error) error {
	return three{}.Stream(ctx, req, send)
}

func (f *found) Load(context.Context, *serve.ModelContext) error { f.loaded = true; return nil }
func (f *found) Describe() serve.Description {
	return serve.Description{Streams: true, StreamsOnly: f.loaded}
}

// explained is three with an answer to questions for reasons.
type explained struct{ three }

func (explained) Explain(context.Context, *serve.Request) (any, error) { return []int64{1}, nil }

// single predicts.
type single struct{}

func (single) Predict(context.Context, *serve.Request) (any, error) { return []int64{7}, nil }

func streamingClasses() *catalog.Set {
	set := catalog.Default.Clone()
	expr.Register(set)
	for class, model := range map[string]func() serve.Model{
		"Three": func() serve.Model { return three{} }, "Found": func() serve.Model { return &found{} },
		"Explained": func() serve.Model { return explained{} }, "Single": func() serve.Model { return single{} },
	} {
		set.Add(v2.Class(class, model))
	}
	return set
}

// TestOnlyStreamsWhereOneAnswerIsAskedFor: a model that only streams is no step of a
// flow and no model of an ensemble, and that is found out before there are requests:
// when the server is built or, where only loading tells, before it has started.
func TestOnlyStreamsWhereOneAnswerIsAskedFor(t *testing.T) {
	const cure = " only streams, and is asked for one answer here: give it a predict that answers once, or serve it by a router"
	for _, tt := range []struct {
		name, spec     string
		built, started string // the error; "" for none
	}{
		{name: "a router", spec: `{kind: router, routes: {t: {class_name: Three}, f: {class_name: Found}}}`},
		{name: "the only step of a flow", spec: `{engine: sync, steps: {t: {class_name: Three}}}`},
		{
			name: "a step before another", spec: `{engine: sync, steps: {t: {class_name: Three}, after: {handler: "(event)", after: [t]}}}`,
			built: `s.yaml:1:31: step "t": model t` + cure,
		},
		{
			name: "the last step", spec: `{engine: async, steps: {before: {handler: "(event)"}, t: {class_name: Three, after: [before], responder: true}}}`,
			built: `s.yaml:1:62: step "t": model t` + cure,
		},
		{
			name: "a branch behind the answer", spec: `{engine: async, steps: {before: {handler: "(event)", responder: true}, t: {class_name: Three, after: [before]}}}`,
			built: `s.yaml:1:79: step "t": model t` + cure,
		},
		{
			name: "known once it has loaded", spec: `{engine: sync, steps: {f: {class_name: Found}, after: {handler: "(event)", after: [f]}}}`,
			started: `s.yaml:1:31: step "f": model f` + cure,
		},
		{
			name: "a nested flow", spec: `{engine: sync, steps: {in: {kind: flow, steps: {t: {class_name: Three}}}}}`,
			built: `s.yaml:1:56: step "in/t": model t` + cure,
		},
		{
			name: "all routes of a step", spec: `{engine: sync, steps: {before: {handler: "(event)"}, r: {kind: router, after: [before], routes: {t: {class_name: Three}}}}}`,
			built: `s.yaml:1:105: step "r": model t` + cure,
		},
		{name: "a doubt: other routes answer", spec: `{engine: sync, steps: {before: {handler: "(event)"}, r: {kind: router, after: [before], routes: {t: {class_name: Three}, s: {class_name: Single}}}}}`},
		{name: "a doubt: it explains", spec: `{engine: sync, steps: {before: {handler: "(event)"}, e: {class_name: Explained, after: [before]}}}`},
		{
			name: "a voter", spec: `{kind: router, class_name: VotingEnsemble, routes: {s: {class_name: Single}, t: {class_name: Three}}}`,
			built: `s.yaml:1:85: the router: model t` + cure,
		},
		{
			name: "voters, known once they have loaded", spec: `{kind: router, class_name: VotingEnsemble, routes: {f: {class_name: Found}, s: {class_name: Single}, g: {class_name: Found}}}`,
			started: `s.yaml:1:60: the router: model f` + cure + "\n" + `s.yaml:1:109: the router: model g` + cure,
		},
		{name: "a doubt: a quorum does without", spec: `{kind: router, class_name: VotingEnsemble, class_args: {quorum: 1}, routes: {s: {class_name: Single}, t: {class_name: Three}}}`},
		{
			name: "a part of a merged answer", spec: `{kind: router, class_name: ParallelRun, routes: {t: {class_name: Three}, s: {class_name: Single}}}`,
			built: `s.yaml:1:57: the router: model t` + cure,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			built, started := startedWith(t, "graph: "+tt.spec)
			if d := cmp.Diff([]string{tt.built, tt.started}, []string{built, started}); d != "" {
				t.Errorf("errors when it is built and started (-want +got):\n%s", d)
			}
		})
	}
}

// startedWith are the errors of a server that is built, and started.
func startedWith(t *testing.T, text string) (built, started string) {
	t.Helper()
	spec, err := leat.ParseSpec("s.yaml", []byte(text), false)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := leat.New(spec, &leat.Options{Catalog: streamingClasses()})
	if err != nil {
		return err.Error(), ""
	}
	if err := srv.Start(t.Context()); err != nil {
		started = err.Error()
	}
	if err := srv.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return "", started
}

// TestOnlyStep holds what is said of a flow of one step against what it does: it
// streams, and refuses one answer.
func TestOnlyStep(t *testing.T) {
	spec, err := leat.ParseSpec("s.yaml", []byte(`graph: {engine: sync, steps: {t: {class_name: Three}}}`), false)
	if err != nil {
		t.Fatal(err)
	}
	srv, err := leat.New(spec, &leat.Options{Catalog: streamingClasses()})
	if err == nil {
		err = srv.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close(context.Background()) }()
	front := httptest.NewServer(srv.Handler())
	defer front.Close()
	for path, want := range map[string]struct {
		status int
		events int
	}{"/v2/models/t/infer_stream": {200, 3}, "/v2/models/t/infer": {501, 0}} {
		resp, err := http.Post(front.URL+path, "application/json", strings.NewReader(`{"inputs": [1]}`))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != want.status || strings.Count(string(body), "data: {") != want.events {
			t.Errorf("%s: %d %s, %v", path, resp.StatusCode, body, err)
		}
	}
}

// TestReloadToOnlyStreams: a reload refuses what a start does, and the old goes on.
func TestReloadToOnlyStreams(t *testing.T) {
	srv, err := leat.New(graph.NewRouter().AddModel("m", "Single", "", nil), &leat.Options{Catalog: streamingClasses()})
	if err == nil {
		err = srv.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = srv.Close(context.Background()) }()
	for _, class := range []string{"Three", "Found"} {
		next := graph.NewRouter().AddModel("m", "Single", "", nil).AddModel("n", class, "", nil)
		next.Graph.Class = "VotingEnsemble"
		if err := srv.Reload(t.Context(), next); err == nil || !strings.Contains(err.Error(), "model n only streams") {
			t.Errorf("reloaded with %s: %v", class, err)
		}
		if answer, err := srv.Test(t.Context(), "/v2/models/m/infer", `{"inputs": [1]}`); err != nil || !strings.Contains(string(answer), "[7]") {
			t.Errorf("then: %s, %v", answer, err)
		}
	}
}
