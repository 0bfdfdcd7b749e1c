package admin

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/endpoint"
)

// busy is an admin port as recorded, whose a:1 has had requests in the last minutes.
func busy(t *testing.T) (ask func(path string) string, uid string, at time.Time) {
	h, r, uid := recorded(t)
	at = time.Now().UTC().Truncate(endpoint.InvocationsTime).Add(-50 * time.Minute)
	panes := []endpoint.Pane{{At: at, Requests: 2, Latency: 6 * time.Millisecond}, {At: at.Add(endpoint.PaneTime), Requests: 1, Errors: 1, Latency: time.Millisecond}}
	if err := r.store.Record(t.Context(), []endpoint.Traffic{{UID: uid, Requests: 3, Errors: 1, First: at, Last: at, Panes: panes}}); err != nil {
		t.Fatal(err)
	}
	return func(path string) string {
		t.Helper()
		return strings.TrimSpace(body(t, send(h, "GET", "/api/v1/projects/p/model-endpoints"+path, "")))
	}, uid, at
}

func TestInvocations(t *testing.T) {
	ask, uid, at := busy(t)
	const name = "/metrics-values?name=p.mlrun-infra.metric.invocations"
	want := `[{"full_name":"p.mlrun-infra.metric.invocations","type":"metric","data":true,"values":[["` + at.Format(time.RFC3339) + `",3]]}]`
	none := `[{"full_name":"p.mlrun-infra.metric.invocations","type":"metric","data":false}]`
	between := func(from, to time.Time) string {
		return "&start=" + url.QueryEscape(from.Format(time.RFC3339)) + "&end=" + url.QueryEscape(to.Format(time.RFC3339))
	}
	for query, want := range map[string]string{
		"":                               want,
		"&start=0&end=now":               want,
		between(at, at.Add(time.Minute)): strings.Replace(want, ",3]", ",2]", 1),
		between(at.Add(-time.Hour), at.Add(-time.Hour)): none,
	} {
		if got := ask("/" + uid + name + query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if got := ask("/b" + name); got != none {
		t.Errorf("another: %s", got)
	}
}

// TestRealTime: what is asked for with metric is beside a record, and of those that
// match alone.
func TestRealTime(t *testing.T) {
	ask, uid, at := busy(t)
	const metrics = "metric=latency_avg_1h&metric=error_count,other&start=now-3h&end=now"
	for _, path := range []string{"/" + uid + "?" + metrics, "?uid=" + uid + "&" + metrics} {
		text := ask(path)
		var list endpointList
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if list.Endpoints == nil {
			list.Endpoints = make([]endpoint.Endpoint, 1)
			if err := json.Unmarshal([]byte(text), &list.Endpoints[0]); err != nil {
				t.Fatal(err)
			}
		}
		got := list.Endpoints[0].Status.Metrics.RealTime
		if len(list.Endpoints) != 1 || len(got) != 2 || len(got["error_count"]) != 2 || got["error_count"][1].Value != 1 {
			t.Fatalf("%s: %+v", path, got)
		}
		if p := got["latency_avg_1h"]; p[0].Value != 3000 || !p[0].At.Equal(at) || p[1].Value != 7000.0/3 {
			t.Errorf("%+v", p)
		}
	}
	if text := ask("?metric=error_count"); !strings.Contains(text, `"error_count":[[`) {
		t.Errorf("the last hour: %s", text)
	}
	if text := ask("?metric=error_count&start=now-20m&end=now"); strings.Contains(text, "real_time") {
		t.Errorf("nothing has come: %s", text)
	}
	if text := ask("/b"); strings.Contains(text, "real_time") {
		t.Errorf("nobody has asked: %s", text)
	}
}
