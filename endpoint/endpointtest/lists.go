package endpointtest

import (
	"fmt"
	"slices"
	"strings"
	"testing" //nolint:depguard // it is for tests
	"time"

	"github.com/google/go-cmp/cmp" //nolint:depguard // it is for tests

	"github.com/leat-ml/leat/endpoint"
)

// testList asks with the parameters of both generations of MLRun.
func testList(t *testing.T, open opener) {
	s := must(t, open)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	uids := map[string]string{}
	for i, r := range []struct {
		function, model, mode string
		of                    endpoint.Type
	}{
		{"p/f", "a:1", endpoint.Enabled, endpoint.Node},
		{"p/f", "a:2", endpoint.Disabled, endpoint.Node},
		{"p/f", "b:latest", endpoint.Disabled, endpoint.Router},
		{"p/f", "c:latest", endpoint.Disabled, endpoint.Leaf},
		{"p/g:v1", "a:1", endpoint.Disabled, endpoint.Node},
		{"q/f", "a:1", endpoint.Disabled, endpoint.Node},
	} {
		e := plain(t, r.function, r.model)
		e.Spec.MonitoringMode, e.Status.EndpointType, e.Metadata.Created = r.mode, r.of, at.AddDate(0, 0, i)
		add(t, s, e)
		uids[r.function+" "+r.model] = e.Metadata.UID
	}
	for _, c := range []struct {
		name string
		q    endpoint.Query
		want []string
	}{
		{"all", endpoint.Query{}, []string{"p/f a:1", "p/f a:2", "p/f b:latest", "p/f c:latest", "p/g:v1 a:1", "q/f a:1"}},
		{"project", endpoint.Query{Project: "q"}, []string{"q/f a:1"}},
		{"no such project", endpoint.Query{Project: "x"}, nil},
		{"model", endpoint.Query{Project: "p", Model: "a"}, []string{"p/f a:1", "p/f a:2", "p/g:v1 a:1"}},
		{"model and version", endpoint.Query{Project: "p", Model: "a:2"}, []string{"p/f a:2"}},
		{"function", endpoint.Query{Project: "p", Function: "f"}, []string{"p/f a:1", "p/f a:2", "p/f b:latest", "p/f c:latest"}},
		{"function and tag", endpoint.Query{Function: "g:v1"}, []string{"p/g:v1 a:1"}},
		{"function of a project", endpoint.Query{Function: "q/f"}, []string{"q/f a:1"}},
		{"both", endpoint.Query{Function: "f", Model: "a:1"}, []string{"p/f a:1", "q/f a:1"}},
		{"top level", endpoint.Query{Project: "p", TopLevel: true, Function: "f"}, []string{"p/f a:1", "p/f a:2", "p/f b:latest"}},
		{"uids", endpoint.Query{UIDs: []string{uids["q/f a:1"], uids["p/f b:latest"], "nobody"}}, []string{"p/f b:latest", "q/f a:1"}},
		{"newer names", endpoint.Query{ModelName: "a", ModelTag: "1", FunctionName: "g", FunctionTag: "v1"}, []string{"p/g:v1 a:1"}},
		{"mode", endpoint.Query{Mode: endpoint.Enabled}, []string{"p/f a:1"}},
		{"created", endpoint.Query{CreatedAfter: at.AddDate(0, 0, 2), CreatedBefore: at.AddDate(0, 0, 4)}, []string{"p/f b:latest", "p/f c:latest", "p/g:v1 a:1"}},
		{"a pattern is none", endpoint.Query{Model: "%"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, err := s.List(t.Context(), c.q)
			var got []string
			for _, e := range page.Endpoints {
				got = append(got, e.Spec.FunctionURI+" "+e.Spec.Model)
			}
			slices.Sort(got)
			if d := cmp.Diff(c.want, got); d != "" || err != nil || page.Next != "" {
				t.Errorf("error %v, next %q, (-want +got):\n%s", err, page.Next, d)
			}
		})
	}
}

func testLabels(t *testing.T, open opener) {
	s := must(t, open)
	for model, labels := range map[string]map[string]string{
		"a": {"team": "risk", "tier": "1"}, "b": {"team": "shop"}, "c": nil, "d": {`odd "key.$`: "x'y", "empty": ""},
	} {
		e := plain(t, "p/f", model)
		e.Metadata.Labels = labels
		add(t, s, e)
	}
	for want, labels := range map[string][]string{
		"ab": {"team"}, "a": {"team=risk"}, "": {"team=ris"}, "b": {"team", " team = shop "}, "d": {`odd "key.$=x'y`}, "d ": {"empty="}, " ": {"team", "empty"},
	} {
		var q endpoint.Query
		for _, text := range labels {
			l, err := endpoint.ParseLabel(text)
			if err != nil {
				t.Fatal(err)
			}
			q.Labels = append(q.Labels, l)
		}
		page, err := s.List(t.Context(), q)
		got := ""
		for _, e := range page.Endpoints {
			got += e.Spec.Model
		}
		if want = trim(want); got != want || err != nil {
			t.Errorf("%q: %q, want %q; error %v", labels, got, want, err)
		}
	}
}

// trim lets a map have several keys for one value.
func trim(s string) string {
	for s != "" && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// testTexts: what no record can have is refused, and the list goes on.
func testTexts(t *testing.T, open opener) {
	s := must(t, open)
	add(t, s, plain(t, "p/f", "m:1"))
	for _, text := range []string{"\x00", "m\x00", "\xff"} {
		for _, q := range []endpoint.Query{
			{Project: text}, {Model: text}, {Function: text}, {ModelName: text}, {ModelTag: text}, {FunctionName: text}, {FunctionTag: text}, {Mode: text},
			{Labels: []endpoint.Label{{Key: text, Any: true}}}, {Labels: []endpoint.Label{{Key: "k", Value: text}}},
		} {
			if _, err := s.List(t.Context(), q); err == nil || !strings.HasSuffix(err.Error(), "is no text that a model endpoint could have") {
				t.Errorf("%+v: error %v", q, err)
			}
		}
	}
	if page, err := s.List(t.Context(), endpoint.Query{}); err != nil || len(page.Endpoints) != 1 {
		t.Errorf("%d endpoints, error %v", len(page.Endpoints), err)
	}
}

// testLatest: of several versions of a model in a function the newest.
func testLatest(t *testing.T, open opener) {
	s := must(t, open)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, model := range []string{"a:1", "a:3", "a:2", "b:1"} {
		e := plain(t, "p/f", model)
		e.Metadata.Created = at.Add(time.Duration(i) * time.Hour)
		add(t, s, e)
	}
	other := plain(t, "p/g", "a:1")
	other.Metadata.Created = at
	add(t, s, other)
	page, err := s.List(t.Context(), endpoint.Query{LatestOnly: true})
	var got []string
	for _, e := range page.Endpoints {
		got = append(got, e.Spec.FunctionURI+" "+e.Spec.Model)
	}
	slices.Sort(got)
	if d := cmp.Diff([]string{"p/f a:2", "p/f b:1", "p/g a:1"}, got); d != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, d)
	}
}

// testPages: the pages of a list are all of it, once, in order, whatever is added
// behind them meanwhile; a page may be larger than what there is.
func testPages(t *testing.T, open opener) {
	s := must(t, open)
	const n = 25
	var want []string
	for i := range n {
		want = append(want, add(t, s, plain(t, "p/f", fmt.Sprintf("m%02d:%d", i/2, i%2))).Metadata.UID)
	}
	for _, limit := range []int{1, 7, 24, 25, 26, 1000} {
		var got, models []string
		q := endpoint.Query{Project: "p", Limit: limit}
		for {
			page, err := s.List(t.Context(), q)
			if err != nil || len(page.Endpoints) > limit || page.Next != "" && len(page.Endpoints) < limit {
				t.Fatalf("limit %d: %d endpoints, error %v", limit, len(page.Endpoints), err)
			}
			for _, e := range page.Endpoints {
				got, models = append(got, e.Metadata.UID), append(models, e.Spec.ModelName)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if !slices.IsSorted(models) {
			t.Errorf("limit %d: models %q", limit, models)
		}
		slices.Sort(got)
		slices.Sort(want)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, d)
		}
	}
}
