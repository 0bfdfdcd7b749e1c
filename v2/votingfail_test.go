package v2_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

func number(v float64) says { return says{outputs: []float64{v}} }

func TestVoterFails(t *testing.T) {
	bad := serve.Errorf(serve.Unavailable, "", "overloaded")
	for _, executor := range []string{"thread", "array"} {
		for _, tt := range []struct {
			routes []route
			want   string
			mlrun  string
			code   serve.Code
		}{
			{[]route{{"a", number(1)}, {"b", fails{errBoom}}, {"c", number(2)}},
				"ensemble VotingEnsemble: model b: infer: boom", "Exception: boom", serve.Internal},
			{[]route{{"a", number(1)}, {"b:v2", fails{bad}}},
				"ensemble VotingEnsemble: model b:v2: infer: overloaded", "RuntimeError: overloaded", serve.Unavailable},
			{[]route{{"a", number(1)}, {"b", func(context.Context, *serve.Event) (serve.Fate, error) { panic("secret") }}},
				"ensemble VotingEnsemble: model b: the step panicked; the log has the details", "Exception: the step panicked; the log has the details", serve.Internal},
			{[]route{{"b", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil }}},
				"ensemble VotingEnsemble: model b: the event was filtered, so that there is no answer", "Exception: the event was filtered, so that there is no answer", serve.Internal},
			{[]route{{"b", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.To(1), nil }}},
				"ensemble VotingEnsemble: model b: the step is for flows: it chooses what comes next, or answers later", "", serve.Internal},
			{[]route{{"b", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, context.Canceled }}},
				"ensemble VotingEnsemble: model b: context canceled", "", serve.Canceled},
		} {
			g := several(t, "VotingEnsemble", map[string]any{"executor_type": executor}, nil, tt.routes...)
			_, err := send(t, g, "POST", "/v2/models/infer", rowBody)
			if err == nil || err.Error() != tt.want || serve.CodeOf(err) != tt.code {
				t.Errorf("error %v (%v), want %s (%v)", err, serve.CodeOf(err), tt.want, tt.code)
			}
			if tt.mlrun == "" {
				continue
			}
			g = several(t, "VotingEnsemble", map[string]any{"executor_type": executor}, &catalog.Env{MLRun: true, Graph: "g"}, tt.routes...)
			key := tt.routes[len(tt.routes)-1].key
			if len(tt.routes) == 3 {
				key = "b"
			}
			_, err = send(t, g, "POST", "/v2/models/infer", rowBody)
			if want := "RuntimeError: model " + key + " failed, caused by: " + tt.mlrun; err == nil || serve.Classic(err) != want || serve.CodeOf(err) != tt.code {
				t.Errorf("error %v, want %s", serve.Classic(err), want)
			}
		}
	}
	g := several(t, "VotingEnsemble", nil, &catalog.Env{Graph: "g"}, route{"a", fails{errBoom}})
	_, err := send(t, g, "POST", "/v2/models/infer", rowBody)
	if err == nil || err.Error() != "graph g: ensemble VotingEnsemble: model a: infer: boom" || !errors.Is(err, errBoom) {
		t.Errorf("error %v", err)
	}
}

func TestQuorum(t *testing.T) {
	a, b, c := route{"a", number(1)}, route{"b", number(2)}, route{"c", number(4)}
	deadA, deadB, deadC := route{"a", fails{errBoom}}, route{"b", fails{errBoom}}, route{"c", fails{errBoom}}
	weights := map[string]any{"a": 1.0, "b": 1.0, "c": 2.0}
	for _, tt := range []struct {
		quorum any
		routes []route
		want   string
	}{
		{int64(2), []route{a, b, c}, `"outputs":[2.75]`},
		{int64(2), []route{deadA, b, c}, `"parameters":{"failed_models":"a"},"outputs":[3.3333333333333335]`},
		{1, []route{deadA, b, deadC}, `"parameters":{"failed_models":"a,c"},"outputs":[2]`},
		{int64(2), []route{deadA, b, deadC}, "error: 2 of 3 models failed (a, c), which leaves less than the quorum: ensemble VotingEnsemble: model a: infer: boom"},
		{0.5, []route{deadA, deadB, c}, `"parameters":{"failed_models":"a,b"},"outputs":[4]`},
		{"50%", []route{a, b, deadC}, `"parameters":{"failed_models":"c"},"outputs":[1.5]`},
		{"60 %", []route{a, b, deadC}, "error: quorum"},
		{"60%", []route{a, b, deadC}, "error: 1 of 3 models failed (c), which leaves less than the quorum: ensemble VotingEnsemble: model c: infer: boom"},
		{"100%", []route{a, b, deadC}, "error: ensemble VotingEnsemble: model c: infer: boom"},
		{1.0, []route{a, b, c}, `"outputs":[2.75]`},
		{int64(3), []route{a, b, deadC}, "error: ensemble VotingEnsemble: model c: infer: boom"},
	} {
		for _, executor := range []string{"", "thread"} {
			g, problems := build("VotingEnsemble", map[string]any{"quorum": tt.quorum, "weights": weights, "executor_type": executor, "vote_type": "regression"}, nil, tt.routes...)
			if g == nil {
				if tt.want != "error: quorum" {
					t.Errorf("%v: %v", tt.quorum, problems)
				}
				continue
			}
			if err := g.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := tell(t, g, "POST", "/v2/models/infer", rowBody); !strings.Contains(got, tt.want) {
				t.Errorf("%v, %d routes:\n got %s\nwant %s", tt.quorum, len(tt.routes), got, tt.want)
			}
			if err := g.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestReadyByQuorum: as much has to be ready as has to answer.
func TestReadyByQuorum(t *testing.T) {
	for quorum, want := range map[int]string{
		1: "Model VotingEnsemble is ready (event_id = ev)",
		2: "error: model not ready: model b: it has not been started, model c: it has not been started",
	} {
		// Started one by one by hand: of the graph, only the first has been.
		set := []route{{"a", number(1)}, {"b", pending{}}, {"c", pending{}}}
		g := several(t, "VotingEnsemble", map[string]any{"quorum": quorum}, &catalog.Env{Async: true}, set...)
		waitFor(t, func() bool { return strings.HasPrefix(tell(t, g, "GET", "/v2/models/a/ready", ""), "Model a") })
		want = strings.ReplaceAll(want, "it has not been started", "it is still loading")
		waitFor(t, func() bool { return tell(t, g, "GET", "/v2/models/VotingEnsemble/ready", "") == want })
		if quorum == 1 {
			continue
		}
		g = several(t, "VotingEnsemble", map[string]any{"quorum": quorum}, &catalog.Env{Async: true, MLRun: true}, set...)
		if got := tell(t, g, "GET", "/v2/models/VotingEnsemble/ready", ""); got != "model not ready" {
			t.Error(got)
		}
	}
}

// pending is a model that never finishes loading.
type pending struct{ says }

func (pending) Warm(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
	}
}

// remote is a step that waits for something outside.
type remote struct {
	takes time.Duration
	err   error
	ended chan<- error
}

func (r remote) Waits() bool { return true }

func (r remote) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	var err error
	select {
	case <-time.After(r.takes):
		err = r.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if r.ended != nil {
		r.ended <- err
	}
	ev.Body = serve.RawBody([]byte(`{"outputs":[3]}`))
	return serve.Pass, err
}

// TestWaitersRunBeside: routes that wait take as long as the slowest of them,
// without being asked to; others are not given goroutines.
func TestWaitersRunBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := several(t, "VotingEnsemble", nil, nil, route{"a", remote{takes: time.Second}}, route{"b", number(3)}, route{"c", remote{takes: 3 * time.Second}})
		got := tell(t, g, "POST", "/v2/models/infer", rowBody)
		if took := time.Since(start); took != 3*time.Second || !strings.Contains(got, `"outputs":[3]`) {
			t.Errorf("%s after %v", got, took)
		}
		start = time.Now()
		g = several(t, "VotingEnsemble", map[string]any{"executor_type": "array"}, nil, route{"a", remote{takes: time.Second}}, route{"c", remote{takes: 3 * time.Second}})
		tell(t, g, "POST", "/v2/models/infer", rowBody)
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("one by one after %v", took)
		}
	})
}

// asks is a model that waits for something outside.
type asks struct{ takes time.Duration }

func (m asks) Waits() bool { return true }

func (m asks) Predict(context.Context, *serve.Request) (any, error) {
	time.Sleep(m.takes)
	return []float64{3}, nil
}

// TestModelsThatWaitRunBeside: a model can say so as a step can.
func TestModelsThatWaitRunBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &kept{}
		g := several(t, "VotingEnsemble", nil, &catalog.Env{Recorder: rec}, route{"a", asks{time.Second}}, route{"b", number(3)}, route{"c", asks{2 * time.Second}})
		start := time.Now()
		got := tell(t, g, "POST", "/v2/models/infer", rowBody)
		if took := time.Since(start); took != 2*time.Second || !strings.Contains(got, `"outputs":[3]`) {
			t.Errorf("%s after %v", got, took)
		}
		for _, r := range rec.records {
			want := map[string]time.Duration{"a": time.Second, "c": 2 * time.Second, "VotingEnsemble": 2 * time.Second}[r.Model]
			if r.Duration != want {
				t.Errorf("%s took %v, want %v", r.Model, r.Duration, want)
			}
		}
	})
}

// TestDurationsOneByOne: each model's time is its own.
func TestDurationsOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &kept{}
		g := several(t, "VotingEnsemble", map[string]any{"executor_type": "array"}, &catalog.Env{Recorder: rec},
			route{"a", asks{time.Second}}, route{"b", remote{takes: 4 * time.Second}}, route{"c", asks{2 * time.Second}})
		tell(t, g, "POST", "/v2/models/infer", rowBody)
		got := map[string]time.Duration{}
		for _, r := range rec.records {
			got[r.Model] = r.Duration
		}
		if d := cmp.Diff(map[string]time.Duration{"a": time.Second, "c": 2 * time.Second, "VotingEnsemble": 7 * time.Second}, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// TestFailureStopsTheRest: and the router waits for it to stop.
func TestFailureStopsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 2)
		g := several(t, "VotingEnsemble", nil, nil, route{"a", remote{takes: time.Hour, ended: ended}}, route{"b", remote{takes: time.Second, err: errBoom}})
		start := time.Now()
		_, err := send(t, g, "POST", "/v2/models/infer", rowBody)
		if took := time.Since(start); took != time.Second || err == nil || err.Error() != "ensemble VotingEnsemble: model b: boom" {
			t.Errorf("error %v after %v", err, took)
		}
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the other ended with %v", err)
		}
		// With a quorum it goes on.
		g = several(t, "VotingEnsemble", map[string]any{"quorum": 1}, nil, route{"a", remote{takes: time.Hour, ended: ended}}, route{"b", remote{takes: time.Second, err: errBoom}})
		got := tell(t, g, "POST", "/v2/models/infer", rowBody)
		if err := <-ended; err != nil || !strings.Contains(got, `"failed_models":"b"`) {
			t.Errorf("%s, the other ended with %v", got, err)
		}
	})
}

// TestCallerGoesAway: every model hears of it, and the error is that.
func TestCallerGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := several(t, "VotingEnsemble", map[string]any{"quorum": 1}, nil, route{"a", remote{takes: time.Hour}}, route{"b", remote{takes: time.Hour}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := g.Serve(ctx, serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/infer"}, []byte(rowBody)))
		if took := time.Since(start); took != time.Minute || serve.CodeOf(err) != serve.Timeout {
			t.Errorf("error %v after %v", err, took)
		}
	})
}

// TestAnswersOfSteps: what a route that is no model of this process may answer.
func TestAnswersOfSteps(t *testing.T) {
	for answer, want := range map[string]string{
		`{"outputs":[2]}`:     `"outputs":[2],`,
		`{"outputs":[2.5]}`:   `"outputs":[2.5],`,
		`[2]`:                 `"outputs":[2],`,
		`["a"]`:               `"outputs":["a"],`,
		`[true]`:              `"outputs":[true],`,
		`{"outputs":2}`:       `"outputs":2,`,
		`{"outputs":[[1,2]]}`: `"outputs":[[1,2]],`,
		`{"outputs":[{"name":"y","shape":[1],"datatype":"INT64","data":[7]}]}`: `"outputs":[7],`,
		`{"outputs":[{"name":"y"}]}`:  "model a: the outputs are objects, and no tensors",
		`{"outputs":[{"data":[1]}]}`:  "model a: read the outputs: ",
		`{"outputs":{"y":[1]}}`:       "model a: the outputs are an object",
		`{"error":"no"}`:              `model a: the answer has no "outputs"`,
		`{"outputs":["a",{"b":1}]}`:   "model a: the outputs are lists of different lengths, or objects among others",
		`{"outputs":[["a"],["b",1]]}`: "model a: the outputs are lists of different lengths, or objects among others",
		`"text"`:                      "model a: the answer is neither an object nor a list",
		`{`:                           "model a: read the answer: ",
		``:                            "model a: the answer is empty",
	} {
		step := func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
			ev.Body = serve.RawBody([]byte(answer))
			return serve.Pass, nil
		}
		g := several(t, "VotingEnsemble", nil, nil, route{"a", step})
		if got := tell(t, g, "POST", "/v2/models/infer", rowBody); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", answer, got, want)
		}
	}
}

// greedy changes everything that it is given and may change.
type greedy struct{ seen chan<- float64 }

func (m greedy) Preprocess(_ context.Context, req *serve.Request) (*serve.Request, error) {
	x, _, err := req.Matrix()
	if err != nil {
		return nil, err
	}
	m.seen <- x[0]
	req.Inputs, req.Data, req.Op = []*serve.Tensor{serve.NewTensor("x", []float64{x[0] + 100})}, nil, "mine"
	return req, nil
}

func (m greedy) Predict(_ context.Context, req *serve.Request) (any, error) {
	x, _, err := req.Matrix()
	return []float64{x[0]}, err
}

// TestModelsDoNotSeeEachOther: what one does to its request or event is not seen
// by the next, nor by the record.
func TestModelsDoNotSeeEachOther(t *testing.T) {
	for _, executor := range []string{"array", "thread"} {
		seen, rec := make(chan float64, 3), &kept{}
		step := func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
			if ev.Target.Operation != "infer" || ev.Header != nil {
				t.Errorf("the event is for %q, header %v", ev.Target.Operation, ev.Header)
			}
			ev.Target.Operation, ev.Header, ev.ID = "mine", serve.Header{}, "mine"
			ev.Body = serve.RawBody([]byte(`{"outputs":[101]}`))
			return serve.Pass, nil
		}
		g := several(t, "VotingEnsemble", map[string]any{"executor_type": executor}, &catalog.Env{Recorder: rec},
			route{"s1", step}, route{"a", greedy{seen}}, route{"b", greedy{seen}}, route{"s2", step}, route{"c", greedy{seen}})
		got := tell(t, g, "POST", "/v2/models/infer", `{"inputs":[1]}`)
		if !strings.Contains(got, `{"id":"ev"`) || !strings.Contains(got, `"outputs":[101]`) || <-seen != 1 || <-seen != 1 || <-seen != 1 {
			t.Errorf("%s: %s", executor, got)
		}
		for _, r := range rec.records {
			if r.EventID != "ev" || r.Model == "VotingEnsemble" && (r.Request.Data.(*serve.Tensor).At(0) != int64(1) || r.Op != "infer") {
				t.Errorf("record %+v", r)
			}
		}
	}
}

func TestVotingRecords(t *testing.T) {
	for _, mlrun := range []bool{false, true} {
		rec := &kept{}
		g := several(t, "VotingEnsemble", map[string]any{"quorum": 2}, &catalog.Env{Recorder: rec, MLRun: mlrun, Graph: "g"},
			route{"a", number(1)}, route{"b:v1", number(3)}, route{"c", fails{errBoom}})
		tell(t, g, "POST", "/v2/models/predict", rowBody)
		var got []string
		for _, r := range rec.records {
			got = append(got, strings.Join([]string{r.Graph, r.Model, r.Version, r.Class, r.Op}, " "))
			if (r.Err != nil) != (r.Model == "c") || r.Duration <= 0 || r.EventID != "ev" || r.Request == nil {
				t.Errorf("record %+v", r)
			}
		}
		want := []string{"g a   predict", "g b v1  predict", "g c   predict", "g VotingEnsemble v1 VotingEnsemble predict"}
		if mlrun {
			want[3] = "g VotingEnsemble v1 VotingEnsemble "
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		// What fails is recorded too, and what cannot be read.
		rec.records = nil
		tell(t, g, "POST", "/v2/models/infer", "{")
		if len(rec.records) != 1 || rec.records[0].Err == nil || rec.records[0].Response() != nil {
			t.Errorf("records %+v", rec.records)
		}
	}
}

func TestVotingArguments(t *testing.T) {
	a := route{"a", number(1)}
	for _, tt := range []struct {
		args   map[string]any
		routes []route
		want   string
	}{
		{nil, nil, "the ensemble has no models"},
		{map[string]any{"name": "a"}, []route{a}, "a model has the name of the ensemble, a"},
		{map[string]any{"vote_type": "rank"}, []route{a}, `vote type "rank" is neither`},
		{map[string]any{"vote_type": 1}, []route{a}, "vote_type is 1, not a string"},
		{map[string]any{"executor_type": "fiber"}, []route{a}, `executor_type is "fiber", which is none of`},
		{map[string]any{"weights": []any{1}}, []route{a}, "weights is [1], not an object of numbers by model"},
		{map[string]any{"weights": map[string]any{"a": "x"}}, []route{a}, "weights: that of model a is x, not a number"},
		{map[string]any{"weights": map[string]any{"b": 1}}, []route{a}, `weights: there is no model "b"; the models are a`},
		{map[string]any{"weights": map[string]float64{"a": -1}}, []route{a}, "weights: -1 is no weight of model a"},
		{map[string]any{"quorum": int64(2)}, []route{a}, "quorum is 2, but the ensemble has 1 models"},
		{map[string]any{"quorum": int64(0)}, []route{a}, "quorum is 0, which is no number of models"},
		{map[string]any{"quorum": 1.5}, []route{a}, "quorum is 1.5, which is neither a number of models nor a share"},
		{map[string]any{"quorum": "most"}, []route{a}, "quorum is most, which is neither"},
		{map[string]any{"quorum": true}, []route{a}, "quorum is true, which is neither"},
		{map[string]any{"format_response_with_col_name_flag": "yes"}, []route{a}, "format_response_with_col_name_flag is yes, which is neither true nor false"},
		{map[string]any{"prediction_col_name": 1}, []route{a}, "prediction_col_name is 1, not a string"},
		{map[string]any{"version": 1}, []route{a}, "version is 1, not a string"},
		{map[string]any{"url_prefix": 1}, []route{a}, "url_prefix is 1, not a string"},
		{map[string]any{"vote_typ": "soft"}, []route{a}, `unknown argument "vote_typ" (did you mean vote_type?)`},
	} {
		if _, problems := build("VotingEnsemble", tt.args, nil, tt.routes...); len(problems) != 1 || !strings.Contains(problems[0].String(), tt.want) {
			t.Errorf("%v: problems %v, want %s", tt.args, problems, tt.want)
		}
	}
	// MLRun takes arguments that it does not know.
	g := several(t, "VotingEnsemble", map[string]any{"vote_typ": "soft", "name": "all", "url_prefix": "/api/"}, &catalog.Env{MLRun: true}, a)
	if got := tell(t, g, "GET", "/api", ""); got != `{"models":["a","all"],"weights":null}` {
		t.Error(got)
	}
}

// TestVotingInFlow: a path of the flow's is not the ensemble's, except for MLRun.
func TestVotingInFlow(t *testing.T) {
	for _, mlrun := range []bool{false, true} {
		s, err := v2.New(v2.Config{Name: "a", Model: number(1.5), Loaded: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		env := &catalog.Env{MLRun: mlrun}
		v, err := v2.NewVoting(v2.VotingConfig{RouterConfig: v2.RouterConfig{InFlow: true, InputPath: "x", ResultPath: "y.z", Env: env}}, []catalog.Route{{Key: "a", Step: s}})
		if err != nil {
			t.Fatal(err)
		}
		ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/score"}, []byte(`{"k":1,"x":{"id":"i","inputs":[1]}}`))
		ev.ID = "ev"
		_, err = v.Do(t.Context(), ev)
		if mlrun {
			if err == nil || err.Error() != "illegal path prefix /score, must start with /v2/models" {
				t.Errorf("error %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := oip.AppendBody(nil, ev.Body)
		if want := `{"k":1,"x":{"id":"i","inputs":[1]},"y":{"z":{"id":"i","model_name":"VotingEnsemble","outputs":[1.5]}}}`; string(text) != want || err != nil {
			t.Errorf("%s, %v\nwant %s", text, err, want)
		}
	}
}

// TestRouteNamedLikeAnOperation: the route wins.
func TestRouteNamedLikeAnOperation(t *testing.T) {
	g := several(t, "VotingEnsemble", nil, nil, route{"infer", number(1.5)}, route{"b", number(2.5)})
	if got := tell(t, g, "POST", "/v2/models/infer", rowBody); got != `{"id":"mine","model_name":"infer","outputs":[1.5]}` {
		t.Error(got)
	}
	if got := tell(t, g, "POST", "/v2/models/VotingEnsemble/infer", rowBody); !strings.Contains(got, `"outputs":[2]`) {
		t.Error(got)
	}
}

// TestEnsembleOfManyModels: more than there is room for on the stack.
func TestEnsembleOfManyModels(t *testing.T) {
	var routes []route
	for i := range 20 {
		routes = append(routes, route{"m" + string(rune('a'+i)), number(float64(i) + 0.5)})
	}
	for _, executor := range []string{"", "thread"} {
		g := several(t, "VotingEnsemble", map[string]any{"executor_type": executor}, nil, routes...)
		if got := tell(t, g, "POST", "/v2/models/infer", rowBody); !strings.Contains(got, `"outputs":[10],`) {
			t.Error(got)
		}
	}
}

// TestVotingWaits: an ensemble waits if one of its routes does.
func TestVotingWaits(t *testing.T) {
	for _, class := range []string{"VotingEnsemble", "ParallelRun"} {
		for _, r := range []route{{"a", number(1)}, {"a", remote{}}} {
			g := several(t, class, nil, nil, r)
			_, want := r.what.(serve.Waiter)
			if got := waits(g); got != want {
				t.Errorf("%s over %T: waits %v", class, r.what, got)
			}
		}
	}
}

func waits(g *graph.Graph) bool {
	w, ok := g.Steps()[0].(serve.Waiter)
	return ok && w.Waits()
}

// patient is a model that waits as long as somebody wants an answer.
type patient struct{}

func (patient) Waits() bool { return true }

func (patient) Predict(ctx context.Context, _ *serve.Request) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestStoppedIsNoFailure: a model that is not waited for any more, since another has
// failed, has not failed; one whose caller is late has.
func TestStoppedIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &kept{}
		routes := []route{{"a", patient{}}, {"b", patient{}}}
		ask := func(ctx context.Context) (models []string) {
			g := several(t, "VotingEnsemble", nil, &catalog.Env{Recorder: rec}, routes...)
			rec.records = nil
			if _, err := g.Serve(ctx, serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/infer"}, []byte(rowBody))); err == nil {
				t.Error("no error")
			}
			for _, r := range rec.records {
				if r.Err == nil {
					t.Errorf("record %+v", r)
				}
				models = append(models, r.Model)
			}
			slices.Sort(models)
			return models
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got := ask(ctx); !slices.Equal(got, []string{"VotingEnsemble", "a", "b"}) {
			t.Errorf("late: records of %v", got)
		}
		routes[1].what = fails{errBoom}
		if got := ask(t.Context()); !slices.Equal(got, []string{"VotingEnsemble", "b"}) {
			t.Errorf("b failed: records of %v", got)
		}
	})
}
