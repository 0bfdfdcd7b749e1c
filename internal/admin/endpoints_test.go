package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/endpoint/endpointtest"
	_ "github.com/leat-ml/leat/endpoint/sqlite"
)

// records is a store with its failure.
type records struct {
	store endpoint.Store
	err   error
}

func (r *records) Endpoints(_ context.Context, _ bool, do func(endpoint.Store) error) error {
	if r.err != nil {
		return r.err
	}
	return do(r.store)
}

// An endpointList is the answer of a list.
type endpointList struct {
	Endpoints  []endpoint.Endpoint `json:"endpoints"`
	Pagination pagination          `json:"pagination"`
}

// recorded is an admin port with the records of two models in two versions, and an
// ensemble; and the uid of a:1 in p/f.
func recorded(t testing.TB) (http.Handler, *records, string) {
	t.Helper()
	s, err := endpoint.Open(t.Context(), "sqlite://"+filepath.Join(t.TempDir(), "x.db"), endpoint.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	uid := ""
	for i, m := range []struct{ function, model string }{{"p/f:t", "a:1"}, {"p/f:t", "a:2"}, {"p/g", "b:latest"}, {"q/f", "a:1"}} {
		e := endpointtest.Sample(t, m.function, m.model)
		e.Status.EndpointType = endpoint.Type(i%3 + 1)
		e.Metadata.Created = time.Date(2026, 1, i+1, 0, 0, 0, 0, time.UTC)
		e.Metadata.Labels = map[string]string{"n": m.model}
		e.Status.CurrentStats = nil
		e.Status.FeatureStats = []byte(`{"age":{"min":1,"mean":2,"max":3,"count":3,"hist":[[2,1],[1,2,3]]}}`)
		if err := endpoint.Create(t.Context(), s, e); err != nil {
			t.Fatal(err)
		}
		if uid == "" {
			uid = e.Metadata.UID
		}
	}
	r := &records{store: s}
	return New(newFake(), Options{Endpoints: r}), r, uid
}

// send is ask with a body.
func send(h http.Handler, method, path, body string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1:8082"+path, strings.NewReader(body))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, loopback)))
	return w.Result()
}

func TestListEndpoints(t *testing.T) {
	h, _, uid := recorded(t)
	for query, want := range map[string]string{
		"p": "p/f:t a:1, p/f:t a:2, p/g b:latest", "*": "p/f:t a:1, p/f:t a:2, p/g b:latest, q/f a:1", "x": "",
		// up to 1.8
		"p?model=a": "p/f:t a:1, p/f:t a:2", "p?model=a:2": "p/f:t a:2", "p?function=g": "p/g b:latest", "p?function=f:t&model=a:1": "p/f:t a:1",
		"p?label=n=a:1": "p/f:t a:1", "p?label=n,n=a:2": "p/f:t a:2", "p?label=n=a:1&label=n=a:2": "",
		"p?top-level=true": "p/f:t a:1, p/f:t a:2", "p?top_level=True": "p/f:t a:1, p/f:t a:2",
		"p?uid=" + uid: "p/f:t a:1", "p?uid=" + uid + ",x&uid=y": "p/f:t a:1",
		"p?start=now-1h&end=now&metric=x": "p/f:t a:1, p/f:t a:2, p/g b:latest", "p?start=0&end=now": "p/f:t a:1, p/f:t a:2, p/g b:latest",
		// later
		"p?name=b": "p/g b:latest", "p?model-name=a&model-tag=2": "p/f:t a:2", "p?function-name=f&function-tag=t&model_name=a&model_tag=1": "p/f:t a:1",
		"*?start=2026-01-02T00:00:00Z&end=2026-01-03T00:00:00%2B00:00": "p/f:t a:2, p/g b:latest", "*?end=1767225600000": "p/f:t a:1",
		"*?latest-only=true": "p/f:t a:2, p/g b:latest, q/f a:1", "p?mode=0&tsdb-metrics=true": "p/f:t a:1, p/f:t a:2, p/g b:latest",
		"p?monitoring-mode=disabled": "", "p?what=ever": "p/f:t a:1, p/f:t a:2, p/g b:latest",
	} {
		project, query, _ := strings.Cut(query, "?")
		resp := send(h, "GET", "/api/v1/projects/"+project+"/model-endpoints?"+query, "")
		var got endpointList
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || resp.StatusCode != 200 || got.Endpoints == nil {
			t.Errorf("%s?%s: %d, error %v", project, query, resp.StatusCode, err)
		}
		found := map[string]bool{}
		for _, e := range got.Endpoints {
			found[e.Spec.FunctionURI+" "+e.Spec.Model] = true
		}
		n := 0
		for _, one := range strings.Split(want, ", ") {
			if one == "" {
				continue
			}
			if n++; !found[one] {
				t.Errorf("%s?%s lacks %s", project, query, one)
			}
		}
		if len(got.Endpoints) != n {
			t.Errorf("%s?%s: %v, want %s", project, query, found, want)
		}
	}
}

func TestPagesOfEndpoints(t *testing.T) {
	h, _, _ := recorded(t)
	seen, token := map[string]bool{}, ""
	for page := range 4 {
		var got endpointList
		resp := send(h, "GET", "/api/v1/projects/*/model-endpoints?page-size=1&page-token="+token, "")
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || len(got.Endpoints) != 1 {
			t.Fatalf("page %d: %d endpoints, error %v", page, len(got.Endpoints), err)
		}
		seen[got.Endpoints[0].Metadata.UID] = true
		token = got.Pagination.Next
	}
	if len(seen) != 4 || token != "" {
		t.Errorf("%d endpoints, token %q", len(seen), token)
	}
}

func TestBadRequestsForEndpoints(t *testing.T) {
	h, _, uid := recorded(t)
	const list = "/api/v1/projects/p/model-endpoints"
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", list + "?uid=a%20b", "", 400, "is no uid of a model endpoint"},
		{"GET", list + "?label==x", "", 400, "has no key"},
		{"GET", list + "?top-level=maybe", "", 400, `top-level is \"maybe\", not true or false`},
		{"GET", list + "?start=yesterday", "", 400, "now-1h"},
		{"GET", list + "?start=now-1y", "", 400, "now-1h"},
		{"GET", list + "?start=now-99999999999d", "", 400, "now-1h"},
		{"GET", list + "?end=-5", "", 400, "now-1h"},
		{"GET", list + "?page-size=0", "", 400, "page-size"},
		{"GET", list + "?page-token=x", "", 400, "page token"},
		{"GET", list + "?a=%zz", "", 400, "the parameters cannot be read"},
		{"GET", list + "/nobody", "", 404, "there is no such model endpoint: nobody"},
		{"GET", list + "/a", "", 400, "several model endpoints are called a"},
		{"GET", list + "/a%20b%2F", "", 404, "there is no such model endpoint"},
		{"GET", "/api/v1/projects/q/model-endpoints/" + uid, "", 404, "there is no such model endpoint"},
		{"DELETE", list + "/nobody", "", 404, "there is no such"},
		{"PUT", list, "", 405, "this path takes GET, PATCH, POST"},
		{"POST", list, "{", 400, "the body is no record"},
		{"POST", list, "[]", 400, "the body is no record"},
		{"POST", list, "{}", 400, "spec.function_uri and spec.model"},
		{"POST", list, `{"metadata":{"project":"x"},"spec":{"function_uri":"x/f","model":"m"}}`, 409, `of project \"x\"`},
		{"POST", list + "/other", `{"metadata":{"project":"p","uid":"u"},"spec":{"function_uri":"p/f","model":"m"}}`, 409, `the uid \"u\"`},
		{"POST", list, `{"metadata":{"project":"p","uid":"a b"},"spec":{"function_uri":"p/f","model":"m"}}`, 400, "is no uid"},
		{"POST", list, `{"metadata":{"project":"p"},"spec":{"function_uri":"p/f","model":"m","monitoring_mode":"on"}}`, 400, "monitoring_mode is"},
		{"POST", list + "?creation-strategy=archive", `{}`, 501, "archive is not offered"},
		{"POST", list + "?creation-strategy=x", `{}`, 400, "not inplace or overwrite"},
		{"POST", list, `{"kind":"` + strings.Repeat("x", maxRecord) + `"}`, 400, "too large"},
		{"PATCH", list + "/" + uid, "", 400, "attributes is no JSON object"},
		{"PATCH", list + "/" + uid + "?attributes=" + url.QueryEscape(`{"UID":"x"}`), "", 400, `has no attribute \"UID\"`},
		{"PATCH", list + "/" + uid + "?attributes=" + url.QueryEscape(`{"features":"{"}`), "", 400, "features is no JSON"},
		{"PATCH", list + "/" + uid + "?attributes={}", "", 400, "no attributes to change"},
		{"PATCH", list + "/" + uid + "?attributes=" + url.QueryEscape(`{"nothing":1}`), "", 400, "has no attribute nothing"},
		{"PATCH", list + "/" + uid + "?attributes=" + url.QueryEscape(`{"uid":"x","error_count":1}`), "", 400, `error_count cannot be changed\nattribute uid`},
		{"PATCH", list + "/" + uid + "?attributes=" + url.QueryEscape(`{"active":"perhaps"}`), "", 400, "attribute active cannot be string"},
		{"PATCH", list + "/" + uid + "?attributes=" + url.QueryEscape(`{"monitoring_mode":"on"}`), "", 400, "monitoring_mode is"},
		{"PATCH", list + "/nobody?attributes=" + url.QueryEscape(`{"active":true}`), "", 404, "there is no such"},
		{"PATCH", list + "?attribute-key=active&name=b", `{}`, 400, "attribute-key active is not in the body"},
		{"GET", list + "/b/metrics?type=x", "", 400, "not results, metrics or all"},
		{"GET", list + "/b/metrics-values", "", 400, "name is missing"},
		{"GET", list + "/b/metrics-values?name=x", "", 400, "is not project.app.metric.name"},
		{"GET", list + "/b/metrics-values?name=p.a.metric.m&start=now", "", 400, "start and end come together"},
	} {
		resp := send(h, c.method, c.path, c.body)
		if got := body(t, resp); resp.StatusCode != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%s %.80s: %d %.300s, want %d %s", c.method, c.path, resp.StatusCode, got, c.status, c.want)
		}
	}
}

// TestEndpointByName: newer versions name an endpoint by its model.
func TestEndpointByName(t *testing.T) {
	h, _, uid := recorded(t)
	for path, want := range map[string]string{
		"p/model-endpoints/" + uid: "a:1", "*/model-endpoints/" + uid: "a:1", "p/model-endpoints/b": "b:latest", "p/model-endpoints/a:2": "a:2",
		"p/model-endpoints/a?model-tag=1": "a:1", "*/model-endpoints/a?function-name=f&function-tag=t&model-tag=2": "a:2",
		"p/model-endpoints/a?endpoint-id=" + uid: "a:1", "q/model-endpoints/a?start=now-1h&end=now": "a:1",
	} {
		var e endpoint.Endpoint
		resp := send(h, "GET", "/api/v1/projects/"+path, "")
		if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || e.Spec.Model != want || e.Status.RequestCount != 12 {
			t.Errorf("%s: %d %+v, error %v", path, resp.StatusCode, e, err)
		}
	}
	for _, flag := range []string{"feature_analysis", "feature-analysis"} {
		var e endpoint.Endpoint
		if err := json.NewDecoder(send(h, "GET", "/api/v1/projects/p/model-endpoints/b?"+flag+"=true", "").Body).Decode(&e); err != nil {
			t.Fatal(err)
		}
		if got := string(e.Status.Features); got != `[{"name":"age","weight":-1,"expected":{"min":1,"mean":2,"max":3,"histogram":{"buckets":[1,2,3],"counts":[2,1]}}}]` {
			t.Errorf("%s: %s", flag, got)
		}
	}
}

// TestChangeEndpoints creates, changes and deletes records in the ways of both
// generations.
func TestChangeEndpoints(t *testing.T) {
	h, _, uid := recorded(t)
	const list = "/api/v1/projects/p/model-endpoints"
	ask := func(method, path, text string, status int) (e endpoint.Endpoint) {
		t.Helper()
		resp := send(h, method, path, text)
		got := body(t, resp)
		if resp.StatusCode != status {
			t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, got)
		}
		if got != "" {
			if err := json.Unmarshal([]byte(got), &e); err != nil {
				t.Fatal(err)
			}
		}
		return e
	}
	own, err := endpoint.UID("p/n:v2", "new:3")
	if err != nil {
		t.Fatal(err)
	}
	const record = `{"metadata":{"project":"p","labels":{"a":"b"}},"spec":{"function_uri":"p/n:v2","model":"new:3","extra":1},"status":{"request_count":7}}`
	e := ask("POST", list, record, 201)
	if e.Metadata.UID != own || e.Kind != endpoint.Kind || !e.Spec.Active || e.Spec.MonitoringMode != endpoint.Disabled || e.Spec.FunctionName != "n" || e.Spec.ModelTag != "3" || e.Status.RequestCount != 7 {
		t.Errorf("%+v", e)
	}
	again := ask("POST", list+"/"+own, strings.Replace(record, `"request_count":7`, `"state":"X"`, 1), 201)
	if again.Status.RequestCount != 7 || again.Status.State != "X" || !again.Metadata.Created.Equal(e.Metadata.Created) {
		t.Errorf("%+v", again)
	}
	if over := ask("POST", list+"?creation-strategy=overwrite", strings.Replace(record, "7", "8", 1), 201); over.Status.RequestCount != 8 {
		t.Errorf("%+v", over)
	}
	const parts = `{"metadata":{"project":"p"},"spec":{"function_name":"n","function_tag":"v2","model_name":"new","model_tag":"4"}}`
	if e := ask("POST", list, parts, 201); e.Spec.FunctionURI != "p/n:v2" || e.Spec.Model != "new:4" {
		t.Errorf("%+v", e)
	}
	attributes := url.QueryEscape(`{"monitoring_mode":"disabled","labels":{"x":"y"},"drift_measures":"{\"kld_mean\":1}","drift_status":"2","feature_names":["q"],"active":false}`)
	e = ask("PATCH", list+"/"+uid+"?attributes="+attributes, "", 200)
	if e.Spec.MonitoringMode != "disabled" || e.Metadata.Labels["x"] != "y" || string(e.Status.DriftMeasures) != `{"kld_mean":1}` ||
		e.Status.DriftStatus != "2" || len(e.Spec.FeatureNames) != 1 || e.Spec.Active || e.Status.RequestCount != 12 {
		t.Errorf("%+v", e)
	}
	e = ask("PATCH", list+"?name=b&attribute-key=algorithm&attribute-key=active", `{"algorithm":"x","active":false,"drift_status":"9"}`, 200)
	if e.Spec.Algorithm != "x" || e.Spec.Active || e.Status.DriftStatus == "9" {
		t.Errorf("%+v", e)
	}
	ask("DELETE", list+"/"+uid, "", 204)
	ask("DELETE", list+"/b?function-name=g", "", 204)
	if resp := send(h, "GET", list+"/"+uid, ""); resp.StatusCode != 404 {
		t.Errorf("deleted: %d", resp.StatusCode)
	}
}

func TestMetricsOfEndpoints(t *testing.T) {
	h, r, uid := recorded(t)
	path := "/api/v1/projects/p/model-endpoints/" + uid
	for query, want := range map[string]string{
		"/metrics":              `[{"project":"p","app":"mlrun-infra","type":"metric","name":"invocations","full_name":"p.mlrun-infra.metric.invocations"}]`,
		"/metrics?type=results": `[]`,
		"/metrics-values?name=p.mlrun-infra.metric.invocations&name=p.a.result.drift&start=now-1h&end=now": `[{"full_name":"p.mlrun-infra.metric.invocations","type":"metric","data":false},{"full_name":"p.a.result.drift","type":"result","data":false}]`,
	} {
		if got := body(t, send(h, "GET", path+query, "")); strings.TrimSpace(got) != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	r.store = nil // nothing has been recorded
	if got := body(t, send(h, "GET", "/api/v1/projects/p/model-endpoints", "")); strings.TrimSpace(got) != `{"endpoints":[]}` {
		t.Error(got)
	}
	if resp := send(h, "GET", path, ""); resp.StatusCode != 404 {
		t.Errorf("%d", resp.StatusCode)
	}
	r.err = errors.New("the database is locked")
	if resp := send(h, "GET", path, ""); resp.StatusCode != 503 || !strings.Contains(body(t, resp), "the database is locked") {
		t.Errorf("%d", resp.StatusCode)
	}
	if resp := send(New(newFake(), Options{}), "GET", path, ""); resp.StatusCode != 501 {
		t.Errorf("without records: %d", resp.StatusCode)
	}
}

// FuzzEndpointQuery: parameters are refused or understood.
func FuzzEndpointQuery(f *testing.F) {
	f.Add("model=a&label=k=v&start=now-1h&end=2026-01-01T00:00:00Z")
	f.Add("uid=a,b&page-size=1&page-token=x&top-level=1&metric=x&mode=0")
	f.Add("start=99999999999999999&end=now-4000000000d")
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
		r.URL.RawQuery = query
		p := parameters(r)
		q := p.query()
		if err := p.end(q); err == nil && (q.Validate() != nil || q.Limit < 0) {
			t.Errorf("%+v", q)
		}
	})
}

// FuzzRecord: what is sent as a record is refused, or valid.
func FuzzRecord(f *testing.F) {
	f.Add(`{"metadata":{"project":"p"},"spec":{"function_uri":"p/f","model":"m:1"}}`, `{"labels":{"a":"b"}}`)
	f.Add(`{"kind":"x","status":{"feature_stats":{"a":{"hist":[[1],[1,2]]}}}}`, `{"drift_measures":"{}","nothing":1}`)
	f.Fuzz(func(t *testing.T, record, attributes string) {
		r := httptest.NewRequest("POST", "http://127.0.0.1/", strings.NewReader(record))
		r.SetPathValue("project", "*")
		e, _, err := newRecord(httptest.NewRecorder(), r)
		if err != nil {
			return
		}
		if err := e.Validate(); err != nil {
			t.Error(err)
		}
		e.Analyze()
		var values map[string]json.RawMessage
		if json.Unmarshal([]byte(attributes), &values) == nil {
			uid := e.Metadata.UID
			if _ = e.Patch(values); e.Metadata.UID != uid { // refused or not
				t.Error("the uid has changed")
			}
		}
		if _, err := json.Marshal(e); err != nil {
			t.Error(err)
		}
	})
}
