package endpointtest

import (
	"encoding/json"
	"fmt"
	"testing" //nolint:depguard // it is for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // it is for tests

	"github.com/leat-ml/leat/endpoint"
)

// testText: a list as text says what the list says, in the same pages.
func testText(t *testing.T, open opener) {
	s := must(t, open)
	for i := range 12 {
		add(t, s, plain(t, fmt.Sprintf("p%d/f", i%3), fmt.Sprintf("m%02d", i)))
	}
	odd := Sample(t, "p0/f", `<"a\b">:1`)
	odd.Spec.ModelURI = "}}" + `","request_count":9`
	add(t, s, odd)
	for _, q := range []endpoint.Query{{}, {Project: "p1"}, {Project: "none"}, {Limit: 5}, {ModelTag: "1"}} {
		page, err := s.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		text, next, err := s.AppendList(t.Context(), q, []byte("before"))
		if err != nil || next != page.Next || string(text[:6]) != "before" {
			t.Fatalf("%+v: next %q, not %q; error %v", q, next, page.Next, err)
		}
		want, err := json.Marshal(append([]endpoint.Endpoint{}, page.Endpoints...))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(value(t, want), value(t, text[6:])); d != "" {
			t.Errorf("%+v (-list +text):\n%s", q, d)
		}
	}
	if _, _, err := s.AppendList(t.Context(), endpoint.Query{After: "x"}, nil); err == nil {
		t.Error("no error of a token that is none")
	}
}

// value is what a JSON text says.
func value(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return v
}

// testPanes: what has come adds up in panes, which go with their endpoint and with
// time.
func testPanes(t *testing.T, open opener) {
	s := must(t, open)
	e := add(t, s, plain(t, "p/f", "m:1"))
	uid := e.Metadata.UID
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	pane := func(minute int, n int64) endpoint.Pane {
		return endpoint.Pane{At: at.Add(time.Duration(minute) * time.Minute), Requests: n, Errors: n / 2, Latency: time.Duration(n) * time.Millisecond}
	}
	record := func(panes ...endpoint.Pane) {
		t.Helper()
		all := []endpoint.Traffic{{UID: uid, Panes: panes}, {UID: "nobody", Panes: panes}}
		if err := s.Record(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	record(pane(0, 2), pane(5, 4))
	record(pane(5, 2), pane(20, 1))
	wants := func(from, to int, want ...endpoint.Pane) {
		t.Helper()
		got, err := s.Panes(t.Context(), uid, at.Add(time.Duration(from)*time.Minute), at.Add(time.Duration(to)*time.Minute))
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("error %v, (-want +got):\n%s", err, d)
		}
	}
	wants(0, 60, pane(0, 2), pane(5, 6), pane(20, 1))
	wants(5, 5, pane(5, 6))
	wants(6, 19)
	week := int(endpoint.PanesKept / time.Minute)
	record(pane(week+60, 3)) // in the first pane of an hour
	wants(0, week+60, pane(week+60, 3))
	if got, err := s.Panes(t.Context(), "nobody", time.Time{}, at.AddDate(9, 0, 0)); len(got) != 0 || err != nil {
		t.Errorf("nobody has %+v, error %v", got, err)
	}
	if err := s.Delete(t.Context(), uid); err != nil {
		t.Fatal(err)
	}
	add(t, s, e)
	wants(0, week+60)
}
