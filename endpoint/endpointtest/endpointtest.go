// Package endpointtest is the suite that every [endpoint.Store] passes: a
// backend's test calls [Run] with what makes stores of it, and a benchmark calls
// [BenchmarkList].
package endpointtest

import (
	"fmt"
	"testing" //nolint:depguard // it is for tests
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// A Harness makes stores.
type Harness struct {
	// New makes an empty database and returns what opens it, any number of times.
	New func(t testing.TB) (open func() (endpoint.Store, error))
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func() (endpoint.Store, error))
	}{
		{"create", testCreate},
		{"update", testUpdate},
		{"keep", testKeep},
		{"delete", testDelete},
		{"traffic", testTraffic},
		{"list", testList},
		{"labels", testLabels},
		{"texts", testTexts},
		{"latest", testLatest},
		{"pages", testPages},
		{"text", testText},
		{"panes", testPanes},
		{"refused", testRefused},
		{"odd", testOdd},
		{"concurrent", testConcurrent},
		{"racing", testRacing},
		{"starting", testStarting},
		{"canceled", testCanceled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, h.New(t)) })
	}
}

func must(t testing.TB, open func() (endpoint.Store, error)) endpoint.Store {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// Sample is the record of a model, with something in every field.
func Sample(t testing.TB, function, model string) endpoint.Endpoint {
	t.Helper()
	e, err := endpoint.New(function, model)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 31, 12, 0, 0, 123456000, time.UTC)
	e.Metadata.Labels = map[string]string{"team": "risk", "tier.1": `a "quoted" value`}
	e.Metadata.Created = at
	e.Spec.ModelClass, e.Spec.ModelURI, e.Spec.StreamPath, e.Spec.Algorithm = "XGBoost", "/models/x.json", "file:x", "gbt"
	e.Spec.FeatureNames, e.Spec.LabelNames = []string{"age", "größe", "label"}, []string{"label"}
	e.Spec.MonitorConfiguration = []byte(`{"a":[1,2.5]}`)
	e.Spec.MonitoringMode = endpoint.Enabled
	e.Status = endpoint.Status{
		State: "READY", Error: "none", FirstRequest: at, LastRequest: at.Add(time.Hour), RequestCount: 12, ErrorCount: 3,
		Metrics:      endpoint.Metrics{Generic: endpoint.Rates{LatencyAvg1h: 1234.5, PredictionsPerSecond: 0.25}},
		EndpointType: endpoint.Router, Children: []string{"a", "b"}, ChildrenUIDs: []string{"u1", "u2"},
		FeatureStats: []byte(`{"age":{"count":3}}`), CurrentStats: []byte(`{"age":{"count":1}}`), DriftStatus: "0",
		DriftMeasures: []byte(`{"kld_mean":0.5}`), Features: []byte(`[{"name":"age"}]`), MonitoringFeatureSetURI: "store://x",
	}
	return e
}

// plain is the record of a model as a server first makes it.
func plain(t testing.TB, function, model string) endpoint.Endpoint {
	t.Helper()
	e, err := endpoint.New(function, model)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// add creates a record.
func add(t testing.TB, s endpoint.Store, e endpoint.Endpoint) endpoint.Endpoint {
	t.Helper()
	if err := endpoint.Create(t.Context(), s, e); err != nil {
		t.Fatal(err)
	}
	return e
}

func find(t testing.TB, s endpoint.Store, uid string) endpoint.Endpoint {
	t.Helper()
	e, err := s.Find(t.Context(), uid)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Fill adds n endpoints, as a server of so many models has them.
func Fill(t testing.TB, s endpoint.Store, n int) {
	t.Helper()
	for i := range n {
		e := plain(t, fmt.Sprintf("shop/scoring-%d:v1", i%10), fmt.Sprintf("model-%05d:v%d", i, i%3))
		e.Metadata.Labels = map[string]string{"team": fmt.Sprintf("team-%d", i%7)}
		e.Spec.ModelClass, e.Spec.ModelURI = "XGBoostModelServer", fmt.Sprintf("/srv/models/model-%05d/1/model.ubj", i)
		e.Spec.FeatureNames = []string{"sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm", "label"}
		e.Spec.LabelNames = []string{"label"}
		e.Status.State = "READY"
		add(t, s, e)
	}
}

// BenchmarkList lists 10,000 endpoints, all of them and by pages, with a store
// that is open.
func BenchmarkList(b *testing.B, open func() (endpoint.Store, error)) {
	s := must(b, open)
	const n = 10_000
	Fill(b, s, n)
	for _, c := range []struct {
		name string
		q    endpoint.Query
		want int
	}{
		{"all", endpoint.Query{Project: "shop"}, n},
		{"page of 100", endpoint.Query{Project: "shop", Limit: 100}, 100},
		{"model", endpoint.Query{Project: "shop", Model: "model-00042"}, 1},
		{"label", endpoint.Query{Project: "shop", Labels: []endpoint.Label{{Key: "team", Value: "team-3"}}, Limit: 100}, 100},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				page, err := s.List(b.Context(), c.q)
				if err != nil || len(page.Endpoints) != c.want {
					b.Fatalf("%d endpoints, error %v", len(page.Endpoints), err)
				}
			}
		})
		b.Run(c.name+" as text", func(b *testing.B) {
			var text []byte
			for b.Loop() {
				var err error
				if text, _, err = s.AppendList(b.Context(), c.q, text[:0]); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(text)))
		})
	}
}
