package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/endpoint"
	_ "github.com/leat-ml/leat/endpoint/sqlite"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// A database is a file of records; faults are how often it cannot be opened.
type database struct {
	path   string
	faults atomic.Int32
	opened atomic.Int32
}

func newDatabase(t *testing.T) *database {
	return &database{path: filepath.Join(t.TempDir(), "x.db")}
}

func (d *database) open(ctx context.Context, _ bool) (endpoint.Store, error) {
	if d.faults.Add(-1) >= 0 {
		return nil, errors.New("the database is dead")
	}
	d.opened.Add(1)
	return endpoint.Open(ctx, "sqlite://"+d.path, endpoint.Options{})
}

// record is the record of a model, as it is in the file.
func (d *database) record(t *testing.T, function, model string) endpoint.Endpoint {
	t.Helper()
	s, err := d.open(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	uid, err := endpoint.UID(function, model)
	if err != nil {
		t.Fatal(err)
	}
	var e endpoint.Endpoint
	waitFor(t, "the record of "+function+" "+model, func() bool {
		e, err = s.Find(t.Context(), uid)
		return err == nil
	})
	return e
}

// one is a model that answers 1.
type one struct{}

func (one) Predict(context.Context, *serve.Request) (any, error) { return []int64{1}, nil }

func tracked1(function string) *graph.Spec {
	spec := routed(map[string]serve.Model{"m:v1": one{}})
	spec.FunctionURI, spec.TrackModels = function, true
	return spec
}

// fetched is the record of the model as the admin port tells it.
func fetched(t *testing.T, admin, project, name string) endpoint.Endpoint {
	t.Helper()
	status, text := fetch(t, "GET", admin+"/api/v1/projects/"+project+"/model-endpoints/"+name, "")
	var e endpoint.Endpoint
	if err := json.Unmarshal([]byte(text), &e); err != nil || status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	return e
}

// TestEndpointCounts: requests are in the record when somebody asks for it, and in
// the database when the server has ended; a restart goes on with both.
func TestEndpointCounts(t *testing.T) {
	d := newDatabase(t)
	begin := time.Now().Add(-time.Microsecond).Truncate(time.Microsecond)
	var first endpoint.Endpoint
	for round := range 2 {
		http, admin, stop, result := runs(t, RunConfig{
			Config: Config{Spec: tracked1("p/f"), Endpoints: d.open}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", Drain: 2 * time.Minute,
		})
		if e := fetched(t, admin, "p", "m"); e.Status.RequestCount != int64(3*round) || e.Spec.MonitoringMode != endpoint.Enabled || e.Status.State != "READY" {
			t.Errorf("round %d begins with %+v", round, e)
		}
		for _, body := range []string{`{"inputs":[1]}`, `{"inputs":[2]}`} {
			fetch(t, "POST", http+"/v2/models/m/versions/v1/infer", body)
		}
		e := fetched(t, admin, "p", "m")
		if st := e.Status; st.RequestCount != int64(3*round+2) || st.ErrorCount != int64(round) || st.Metrics.Generic.LatencyAvg1h <= 0 || st.Metrics.Generic.PredictionsPerSecond <= 0 {
			t.Errorf("round %d: %+v", round, st)
		}
		fetch(t, "POST", http+"/v2/models/m/versions/v1/infer", `{"inputs":5}`) // is counted at the end
		stop()
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		e = d.record(t, "p/f", "m:v1")
		st := e.Status
		if st.RequestCount != int64(3*round+3) || st.ErrorCount != int64(round+1) || st.LastRequest.Before(begin) || st.LastRequest.After(time.Now()) {
			t.Errorf("round %d ends with %+v", round, st)
		}
		if round == 0 {
			first = e
		} else if !st.FirstRequest.Equal(first.Status.FirstRequest) || !st.LastRequest.After(first.Status.LastRequest) || !e.Metadata.Created.Equal(first.Metadata.Created) {
			t.Errorf("first request %v, then %v; created %v, then %v", first.Status.FirstRequest, st.FirstRequest, first.Metadata.Created, e.Metadata.Created)
		}
	}
	if first.Status.FirstRequest.Before(begin) || first.Status.FirstRequest.After(first.Status.LastRequest) {
		t.Errorf("first request %v, last %v, begun %v", first.Status.FirstRequest, first.Status.LastRequest, begin)
	}
}

// TestDeadDatabase: it is told once, serving goes on, and what came meanwhile is
// recorded when the database is back.
func TestDeadDatabase(t *testing.T) {
	d := newDatabase(t)
	d.faults.Store(1 << 30)
	var log syncBuffer
	http, admin, stop, result := runs(t, RunConfig{
		Config: Config{Spec: tracked1("p/f"), Endpoints: d.open, Logger: slog.New(slog.NewTextHandler(&log, nil))},
		HTTP:   "127.0.0.1:0", Admin: "127.0.0.1:0", Drain: 2 * time.Minute,
	})
	for range 3 {
		if status, text := fetch(t, "POST", http+"/v2/models/m/versions/v1/infer", `{"inputs":[1]}`); status != 200 {
			t.Errorf("%d %s", status, text)
		}
		status, text := fetch(t, "GET", admin+"/api/v1/projects/p/model-endpoints", "")
		if status != 503 || !strings.Contains(text, "the database is dead") {
			t.Errorf("%d %s", status, text)
		}
	}
	d.faults.Store(0)
	stop()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "model endpoints are not recorded; serving goes on"); n != 1 {
		t.Errorf("it is told %d times:\n%s", n, log.String())
	}
	if e := d.record(t, "p/f", "m:v1"); e.Status.RequestCount != 3 {
		t.Errorf("%d requests", e.Status.RequestCount)
	}
}

// TestFailedEndpoint: a model that keeps the server from starting has a record that
// says why.
func TestFailedEndpoint(t *testing.T) {
	d, w := newDatabase(t), &world{}
	spec := graph.NewRouter()
	spec.FunctionURI = "p/f"
	spec.AddRoute("bad", graph.StepSpec{Class: "Weigher", Args: map[string]any{"fault": "error"}})
	core, problems := New(Config{Spec: spec, Catalog: w.set(), Endpoints: d.open})
	if core == nil {
		t.Fatal(problems)
	}
	if err := core.Start(t.Context()); err == nil {
		t.Error("it starts")
	}
	if err := core.Close(t.Context()); err != nil {
		t.Error(err)
	}
	e := d.record(t, "p/f", "bad:latest")
	if e.Status.State != "FAILED" || e.Status.Error != "the weights are gone" || e.Spec.ModelClass != "Weigher" {
		t.Errorf("%+v", e)
	}
}

// TestEndpointsAfterReload: a model that is not served any more says so, and others
// come.
func TestEndpointsAfterReload(t *testing.T) {
	d := newDatabase(t)
	core := started(t, Config{Spec: tracked1("p/f"), Endpoints: d.open})
	next := routed(map[string]serve.Model{"other": one{}})
	next.FunctionURI = "p/f"
	if err := core.Reload(t.Context(), func() (Content, error) { return Content{Spec: next}, nil }); err != nil {
		t.Fatal(err)
	}
	if err := core.keeper.turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := d.record(t, "p/f", "other:latest"); e.Status.State != "READY" || e.Spec.MonitoringMode != endpoint.Disabled {
		t.Errorf("%+v", e)
	}
	if err := core.Reload(t.Context(), func() (Content, error) { return Content{Spec: tracked1("p/f")}, nil }); err != nil {
		t.Fatal(err)
	}
	if err := core.keeper.turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := d.record(t, "p/f", "other:latest"); e.Status.State != "UNLOADED" {
		t.Errorf("%+v", e)
	}
	if e := d.record(t, "p/f", "m:v1"); e.Status.State != "READY" || e.Spec.MonitoringMode != endpoint.Enabled {
		t.Errorf("%+v", e)
	}
}

// TestNewEndpointCounts: what has come to a model that nobody has looked at yet is in
// its record at once.
func TestNewEndpointCounts(t *testing.T) {
	d := newDatabase(t)
	core := started(t, Config{Spec: tracked1("p/f"), Endpoints: d.open})
	next := routed(map[string]serve.Model{"other": one{}})
	next.FunctionURI = "p/f"
	if err := core.Reload(t.Context(), func() (Content, error) { return Content{Spec: next}, nil }); err != nil {
		t.Fatal(err)
	}
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/other/infer"}, []byte(`{"inputs": [1]}`))
	if _, err := core.Serve(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
	if err := core.keeper.turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := d.record(t, "p/f", "other:latest"); e.Status.RequestCount != 1 {
		t.Errorf("%d requests", e.Status.RequestCount)
	}
}

// TestMergedEndpoint: what others wrote into a record stays when a server starts.
func TestMergedEndpoint(t *testing.T) {
	d := newDatabase(t)
	s, err := d.open(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	e, err := endpoint.New("p/f", "m:v1")
	if err != nil {
		t.Fatal(err)
	}
	e.Metadata.Labels = map[string]string{"team": "risk"}
	e.Status.DriftStatus, e.Spec.FeatureNames, e.Spec.ModelURI = "1", []string{"a"}, "/old"
	if err := errors.Join(endpoint.Create(t.Context(), s, e), s.Close()); err != nil {
		t.Fatal(err)
	}
	core := started(t, Config{Spec: tracked1("p/f"), Endpoints: d.open})
	if err := core.keeper.turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := d.record(t, "p/f", "m:v1")
	if got.Metadata.Labels["team"] != "risk" || got.Status.DriftStatus != "1" || len(got.Spec.FeatureNames) != 1 || got.Spec.MonitoringMode != endpoint.Enabled || got.Spec.ModelURI != "" {
		t.Errorf("%+v", got)
	}
}

// TestNoUIDs: a function without a project has no records; it is told once a model.
func TestNoUIDs(t *testing.T) {
	d := newDatabase(t)
	var log syncBuffer
	core := started(t, Config{Spec: tracked1("serving"), Endpoints: d.open, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		if err := core.keeper.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if text := log.String(); strings.Count(text, "model endpoint is not recorded") != 1 || !strings.Contains(text, "names no project") || d.opened.Load() > 0 {
		t.Errorf("opened %d times:\n%s", d.opened.Load(), text)
	}
}

// TestWindow: rates are of the last five minutes and the last hour, and slide.
func TestWindow(t *testing.T) {
	var w window
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if r := w.rates(at); r != (endpoint.Rates{}) {
		t.Errorf("nothing is %+v", r)
	}
	w.add(at, 300, 300*time.Millisecond)
	w.add(at.Add(4*time.Minute), 300, 900*time.Millisecond)
	for _, c := range []struct {
		after time.Duration
		want  endpoint.Rates
	}{
		{4*time.Minute + 50*time.Second, endpoint.Rates{LatencyAvg1h: 2000, PredictionsPerSecond: 2}},
		{5 * time.Minute, endpoint.Rates{LatencyAvg1h: 2000, PredictionsPerSecond: 1}},
		{8 * time.Minute, endpoint.Rates{LatencyAvg1h: 2000, PredictionsPerSecond: 1}},
		{10 * time.Minute, endpoint.Rates{LatencyAvg1h: 2000}},
		{time.Hour, endpoint.Rates{LatencyAvg1h: 3000}},
		{2 * time.Hour, endpoint.Rates{}},
	} {
		if r := w.rates(at.Add(c.after)); r != c.want {
			t.Errorf("after %v: %+v, want %+v", c.after, r, c.want)
		}
	}
	w.add(at, 1, time.Second) // the clock was set back
	if r := w.rates(at.Add(2 * time.Hour)); r.LatencyAvg1h != 1e6 {
		t.Errorf("%+v", r)
	}
}

// TestMockEndpoint: a mock whose models are tracked has records, with what has come
// to them; another mock has none.
func TestMockEndpoint(t *testing.T) {
	for _, tracking := range []bool{true, false} {
		d, spec := newDatabase(t), tracked1("p/f")
		spec.TrackModels = tracking
		core, problems := New(Config{Spec: spec, Endpoints: d.open, Mock: true})
		if core == nil {
			t.Fatal(problems)
		}
		if err := core.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/m/versions/v1/infer"}, []byte(`{"inputs": [1]}`))
		if _, err := core.Serve(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
		if err := core.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !tracking {
			if n := d.opened.Load(); n > 0 {
				t.Errorf("the database was opened %d times", n)
			}
			continue
		}
		if e := d.record(t, "p/f", "m:v1"); e.Status.RequestCount != 1 || e.Status.FirstRequest.IsZero() {
			t.Errorf("%+v", e.Status)
		}
	}
}

// TestRecordsDoNotBeginBehindTheEnd: who closes a server that still loads has no time to wait.
func TestRecordsDoNotBeginBehindTheEnd(t *testing.T) {
	k := &keeper{}
	k.settle(t.Context())
	if k.begin(); k.stop != nil {
		k.stop()
		t.Error("records are kept of a server that has been closed")
	}
}
