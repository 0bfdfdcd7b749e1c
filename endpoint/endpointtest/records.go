package endpointtest

import (
	"context"
	"errors"
	"strings"
	"testing" //nolint:depguard // it is for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // it is for tests

	"github.com/leat-ml/leat/endpoint"
)

type opener = func() (endpoint.Store, error)

// testCreate: what was created is found as it was, after opening again too, and
// cannot be created twice.
func testCreate(t *testing.T, open opener) {
	s := must(t, open)
	e := add(t, s, Sample(t, "p1/serving:latest", "iris:v2"))
	if d := cmp.Diff(e, find(t, s, e.Metadata.UID)); d != "" {
		t.Errorf("found (-want +got):\n%s", d)
	}
	if d := cmp.Diff(e, find(t, must(t, open), e.Metadata.UID)); d != "" {
		t.Errorf("found by another (-want +got):\n%s", d)
	}
	if err := endpoint.Create(t.Context(), s, e); !errors.Is(err, endpoint.ErrExists) {
		t.Errorf("created twice: %v", err)
	}
	before := time.Now().Add(-time.Second)
	bare := add(t, s, plain(t, "p1/serving", "iris"))
	if got := find(t, s, bare.Metadata.UID); got.Metadata.Created.Before(before) || !got.Status.FirstRequest.IsZero() || got.Spec.MonitoringMode != endpoint.Disabled || !got.Spec.Active {
		t.Errorf("a new record is %+v", got)
	}
	if _, err := s.Find(t.Context(), "nobody"); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("found nobody: %v", err)
	}
}

// testUpdate: a change replaces the record and keeps what has come to it.
func testUpdate(t *testing.T, open opener) {
	s := must(t, open)
	e := add(t, s, Sample(t, "p/f", "m:1"))
	err := endpoint.Update(t.Context(), s, e.Metadata.UID, func(e *endpoint.Endpoint) error {
		e.Spec.MonitoringMode, e.Status.State, e.Status.Error = endpoint.Disabled, "FAILED", "no such file"
		e.Metadata.Labels = nil
		e.Metadata.Created = time.Time{}
		e.Status.RequestCount, e.Status.FirstRequest = 0, time.Time{}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := e
	want.Spec.MonitoringMode, want.Status.State, want.Status.Error, want.Metadata.Labels = endpoint.Disabled, "FAILED", "no such file", nil
	if d := cmp.Diff(want, find(t, s, e.Metadata.UID)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	none := func(*endpoint.Endpoint) error { return nil }
	if err := endpoint.Update(t.Context(), s, "nobody", none); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("updated nobody: %v", err)
	}
}

// testKeep: a change that is refused leaves everything as it was.
func testKeep(t *testing.T, open opener) {
	s := must(t, open)
	e := add(t, s, Sample(t, "p/f", "m:1"))
	refusal := errors.New("refused")
	for what, change := range map[string]func(old *endpoint.Endpoint) (endpoint.Endpoint, error){
		"refused": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) { return *old, refusal },
		"another uid": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
			c := *old
			c.Metadata.UID = "x"
			return c, nil
		},
		"no mode": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
			c := *old
			c.Spec.MonitoringMode = "on"
			return c, nil
		},
		"bad project": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
			c := *old
			c.Metadata.Project = "A_B"
			return c, nil
		},
		"type 9": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
			c := *old
			c.Status.EndpointType = 9
			return c, nil
		},
		"no document": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
			c := *old
			c.Status.CurrentStats = []byte("{")
			return c, nil
		},
		"another kind":  func(old *endpoint.Endpoint) (endpoint.Endpoint, error) { c := *old; c.Kind = "model"; return c, nil },
		"without model": func(old *endpoint.Endpoint) (endpoint.Endpoint, error) { c := *old; c.Spec.Model = ""; return c, nil },
	} {
		if err := s.Change(t.Context(), e.Metadata.UID, change); err == nil || what == "refused" && !errors.Is(err, refusal) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	if d := cmp.Diff(e, find(t, s, e.Metadata.UID)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func testDelete(t *testing.T, open opener) {
	s := must(t, open)
	e := add(t, s, plain(t, "p/f", "m:1"))
	other := add(t, s, plain(t, "p/f", "m:2"))
	for range 2 {
		if err := s.Delete(t.Context(), e.Metadata.UID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Find(t.Context(), e.Metadata.UID); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("found again: %v", err)
	}
	find(t, s, other.Metadata.UID)
}

// testTraffic: counts add up, the first request stays and the last does not go
// back.
func testTraffic(t *testing.T, open opener) {
	s := must(t, open)
	e := add(t, s, plain(t, "p/f", "m:1"))
	at := time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC)
	record := func(requests, errs int64, first, last time.Time, avg, rate float64) {
		t.Helper()
		err := s.Record(t.Context(), []endpoint.Traffic{
			{UID: "nobody", Requests: 1, First: at, Last: at},
			{UID: e.Metadata.UID, Requests: requests, Errors: errs, First: first, Last: last, Rates: endpoint.Rates{LatencyAvg1h: avg, PredictionsPerSecond: rate}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	record(3, 1, at, at.Add(time.Second), 100.5, 2)
	record(2, 0, at.Add(time.Minute), at.Add(time.Hour), 50, 0.5)
	record(1, 1, at.Add(time.Minute), at.Add(time.Minute), 20, 0.25) // late
	record(0, 0, time.Time{}, time.Time{}, 0, 0)                     // quiet
	st := find(t, s, e.Metadata.UID).Status
	if !st.FirstRequest.Equal(at) || !st.LastRequest.Equal(at.Add(time.Hour)) || st.RequestCount != 6 || st.ErrorCount != 2 || st.Metrics.Generic != (endpoint.Rates{}) {
		t.Errorf("status %+v", st)
	}
	record(1, 0, at.Add(-time.Hour), at.Add(-time.Hour), 20, 0.25) // of another server, earlier
	if st = find(t, s, e.Metadata.UID).Status; !st.FirstRequest.Equal(at.Add(-time.Hour)) || st.Metrics.Generic.LatencyAvg1h != 20 {
		t.Errorf("status %+v", st)
	}
	if err := s.Record(t.Context(), nil); err != nil {
		t.Errorf("nothing to record: %v", err)
	}
	if _, err := s.Find(t.Context(), "nobody"); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("traffic made a record: %v", err)
	}
}

// testRefused: what is no uid, and no query, is refused before the database is
// asked.
func testRefused(t *testing.T, open opener) {
	s := must(t, open)
	for _, uid := range []string{"", "a b", "a/b", "ü", "a\x00", "a'; DROP TABLE model_endpoints; --", strings.Repeat("a", 201), "%", "../x"} {
		_, found := s.Find(t.Context(), uid)
		changed := s.Change(t.Context(), uid, func(*endpoint.Endpoint) (endpoint.Endpoint, error) {
			t.Error("a change was called")
			return endpoint.Endpoint{}, nil
		})
		_, listed := s.List(t.Context(), endpoint.Query{UIDs: []string{uid}})
		for what, err := range map[string]error{"find": found, "change": changed, "delete": s.Delete(t.Context(), uid), "list": listed} {
			if err == nil || !strings.Contains(err.Error(), "is no uid of a model endpoint") || errors.Is(err, endpoint.ErrNotFound) {
				t.Errorf("%s %q: error %v", what, uid, err)
			}
		}
	}
	for what, q := range map[string]endpoint.Query{
		"token": {After: "x"}, "other token": {After: "bm90aGluZw"}, "limit": {Limit: -1}, "zero": {Model: "a\x00"}, "many": {UIDs: make([]string, endpoint.MaxUIDs+1)},
	} {
		if _, err := s.List(t.Context(), q); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// testOdd: names are data.
func testOdd(t *testing.T, open opener) {
	s := must(t, open)
	for _, model := range []string{`'; DROP TABLE model_endpoints; --`, "größe:1", `a"b\c%d_?$1`, "a:b:c", strings.Repeat("m", 3000)} {
		e := add(t, s, plain(t, "p/f:t?@$1", model))
		e = find(t, s, e.Metadata.UID)
		page, err := s.List(t.Context(), endpoint.Query{ModelName: e.Spec.ModelName, Function: "p/f:t?@$1"})
		if err != nil || len(page.Endpoints) != 1 || page.Endpoints[0].Spec.Model != model {
			t.Errorf("%.50s: %d endpoints, error %v", model, len(page.Endpoints), err)
		}
	}
}

// testCanceled: a caller that has gone changes nothing.
func testCanceled(t *testing.T, open opener) {
	s := must(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := plain(t, "p/f", "m:1")
	if err := endpoint.Create(ctx, s, e); !errors.Is(err, context.Canceled) {
		t.Errorf("create: %v", err)
	}
	if _, err := s.List(ctx, endpoint.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("list: %v", err)
	}
	if _, err := s.Find(t.Context(), e.Metadata.UID); !errors.Is(err, endpoint.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
}
