package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func predict(model, body string, status int) call {
	return call{method: "POST", path: "/v1/models/" + model + ":predict", body: body, status: status}
}

// v1Rows are the statements about the V1 protocol.
var v1Rows = []callRow{
	{103, "GET /v1/models, /v1/models/{m}; GET / is the metadata of V2 with the status alive", []call{
		get("/", 200).Has(`"status":"alive"`), get("/", 200).Has(`"name":"leat"`),
		get("/v1/models", 200).Has(`{"models":["any"`), get("/v1/models/any", 200).Want(`{"name":"any","ready":true}`), get("/v1/models/failed", 503).Has("the weights are gone"),
		get("/v1/models/nobody", 404).Has("nobody"), get("/v1/models/a%20model%2Fwith%20%25", 200).Want(`{"name":"a model/with %","ready":true}`), get("/v1/models/any/more", 404), get("/v1/modelsx", 404),
		{method: "POST", path: "/v1/models", body: "{}", status: 405, has: "error"}, {method: "POST", path: "/v1/models/any", body: "{}", status: 405, has: "error", header: "Allow: GET"}}},
	{104, "there are as many predictions as instances; what is malformed is 400", []call{
		predict("any", `{"instances":[[1,2],[3,4],[5,6]]}`, 200).Want(`{"predictions":[[1,2],[3,4],[5,6]]}`),
		predict("any", `{"inputs":[[1.5,2]]}`, 200).Want(`{"predictions":[[1.5,2]]}`),
		predict("typed", `{"instances":[[1,2,3,4],[5,6,7,8]]}`, 200).Want(`{"predictions":[[1,2,3,4],[5,6,7,8]]}`),
		predict("any", `{"instances":{}}`, 400).Has(`model any: read the request: Expected key \"instances\"`), predict("nobody", `{`, 404).Has("model nobody doesnt exist"), predict("any", `{"instances":5}`, 400), predict("any", `{}`, 400).Has("instances"), predict("any", `[1]`, 400),
		predict("any", `{"instances":[`, 400), predict("any", "", 400), predict("nobody", `{"instances":[[1]]}`, 404).Has("nobody"), predict("broken", `{"instances":[[1]]}`, 500),
		predict("typed", `{"instances":[[1,2]]}`, 400), {method: "GET", path: "/v1/models/any:predict", status: 405, has: "error", header: "Allow: POST"},
		{method: "POST", path: "/v1/models/any:dream", body: "{}", status: 404, has: "predict and explain"}}},
	{105, "explain without an explainer is 501", []call{
		{method: "POST", path: "/v1/models/any:explain", body: `{"instances":[[1]]}`, status: 501, has: "does not explain"}}},
}

func TestV1Checklist(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	for _, row := range v1Rows {
		for _, c := range row.calls {
			c.check(t, row.n, row.statement, c.do(t, url))
		}
	}
}

// TestCloudEvents is statement 106: cloud events in the header or in a document are
// answered in the same form.
func TestCloudEvents(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	const data = `{"instances":[[1,2]]}`
	attributes := `"specversion":"1.0","id":"7","source":"s","type":"t"`
	head := map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "7", "Ce-Source": "s", "Ce-Type": "t", "Content-Type": "application/json"}
	structured := map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8"}
	lacking := map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "7"}
	for _, tt := range []struct {
		name   string
		header map[string]string
		body   string
		status int
		has    string
	}{
		{"binary", head, data, 200, ""},
		{"structured", structured, `{` + attributes + `,"data":` + data + `}`, 200, ""},
		{"structured, base64", structured, `{` + attributes + `,"data_base64":"eyJpbnN0YW5jZXMiOltbMSwyXV19"}`, 200, ""},
		{"binary, without a source", lacking, data, 400, "no source"},
		{"structured, called JSON", map[string]string{"Content-Type": "application/json"}, `{` + attributes + `,"time":"2024-01-01T00:00:00Z","data":` + data + `}`, 200, ""},
		{"JSON, with an attribute less", map[string]string{"Content-Type": "application/json"}, `{"specversion":"1.0","id":"7","type":"t","data":` + data + `}`, 400, "Expected key"},
		{"structured, an id that is a number", structured, `{"specversion":"1.0","id":7,"source":"s","type":"t","data":` + data + `}`, 400, "the id of the cloud event is no text"},
		{"structured, text as data", structured, `{` + attributes + `,"data":"{}"}`, 400, "the data of the cloud event is not a JSON object"},
		{"structured, null as data", structured, `{` + attributes + `,"data":null}`, 400, "the cloud event has no data"},
		{"structured, without a source", structured, `{"specversion":"1.0","id":"7","data":` + data + `}`, 400, "no source"},
		{"structured, of another version", structured, `{"specversion":"2.0","id":"7","source":"s","type":"t","data":` + data + `}`, 400, "specversion"},
		{"structured, without data", structured, `{` + attributes + `}`, 400, "no data"},
		{"structured, broken base64", structured, `{` + attributes + `,"data_base64":"%"}`, 400, "base64"},
		{"structured, no object", structured, `[]`, 400, "not a JSON object"},
		{"structured, an attribute twice", structured, `{` + attributes + `,"id":"8","data":` + data + `}`, 400, `\"id\" is there twice`},
		{"structured, data in two forms", structured, `{` + attributes + `,"data":` + data + `,"data_base64":"e30="}`, 400, "both data and data_base64"},
		{"a batch", map[string]string{"Content-Type": "application/cloudevents-batch+json"}, `[{` + attributes + `,"data":` + data + `}]`, 415, "send one cloud event"},
		{"structured, in another format", map[string]string{"Content-Type": "application/cloudevents+avro"}, "x", 415, "cloudevents+avro"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := posted(t, url+"/v1/models/any:predict", tt.body, tt.header)
			if got.status != tt.status || !strings.Contains(string(got.body), tt.has) {
				t.Fatalf("%d %s, want %d with %q", got.status, got.body, tt.status, tt.has)
			}
			if tt.status == 200 {
				checkCloudAnswer(t, got, tt.header["Ce-Id"] == "")
			}
		})
	}
}

// TestCloudSource is a model whose name is no part of a URI as it is: the source is one, and
// in a header its percent signs are written as cloud events have it.
func TestCloudSource(t *testing.T) {
	_, url := serveOIP(t)
	waitLoaded(t, url)
	const path, data = "/v1/models/a%20model%2Fwith%20%25:predict", `{"instances":[[1,2]]}`
	head := map[string]string{"Ce-Specversion": "1.0", "Ce-Id": "7", "Ce-Source": "s", "Ce-Type": "t", "Content-Type": "application/json"}
	got := posted(t, url+path, data, head)
	if source := got.header.Get("Ce-Source"); got.status != 200 || source != "io.kserve.inference.a%2520model%252Fwith%2520%2525" {
		t.Errorf("%d %s %s", got.status, source, got.body)
	}
	got = posted(t, url+path, `{"specversion":"1.0","id":"7","source":"s","type":"t","data":`+data+`}`, map[string]string{"Content-Type": "application/cloudevents+json"})
	if got.status != 200 || !strings.Contains(string(got.body), `"source":"io.kserve.inference.a%20model%2Fwith%20%25"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// checkCloudAnswer wants an answer to be a cloud event with the predictions.
func checkCloudAnswer(t *testing.T, got reply, structured bool) {
	t.Helper()
	var e struct {
		SpecVersion, ID, Source, Type, Time string
		Data                                json.RawMessage
	}
	e.SpecVersion, e.ID, e.Source = got.header.Get("Ce-Specversion"), got.header.Get("Ce-Id"), got.header.Get("Ce-Source")
	e.Type, e.Time, e.Data = got.header.Get("Ce-Type"), got.header.Get("Ce-Time"), got.body
	want := "application/json"
	if structured {
		want = "application/cloudevents+json"
		if err := json.Unmarshal(got.body, &e); err != nil {
			t.Fatal(err)
		}
	}
	if got.header.Get("Content-Type") != want || e.ID == "" || e.ID == "7" || e.Time == "" || e.SpecVersion != "1.0" ||
		e.Source != "io.kserve.inference.any" || e.Type != "io.kserve.inference.response" {
		t.Errorf("%s: %+v", got.header.Get("Content-Type"), e)
	}
	if d := cmp.Diff(decode(t, []byte(`{"predictions":[[1,2]]}`)), decode(t, e.Data)); d != "" {
		t.Error(d)
	}
}

func posted(t *testing.T, url, body string, header map[string]string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, inflated(t, resp)}
}
