package server

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/internal/logs"
)

// A described document, as far as it is looked at here.
type openDocument struct {
	OpenAPI    string
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas, Responses map[string]json.RawMessage }
}

type openOperation struct {
	OperationID string
	Responses   map[string]json.RawMessage
	RequestBody struct {
		Content map[string]struct{ Example json.RawMessage }
	}
}

func readDocument(t *testing.T, url string) (openDocument, string) {
	t.Helper()
	status, text := fetch(t, "GET", url, "")
	var d openDocument
	if err := json.Unmarshal([]byte(text), &d); err != nil || status != 200 || d.OpenAPI != "3.0.3" {
		t.Fatalf("%s: %d %v %.200s", url, status, err, text)
	}
	return d, text
}

// operations are those of a document, by "METHOD path".
func (d openDocument) operations(t *testing.T) map[string]openOperation {
	t.Helper()
	all := map[string]openOperation{}
	for path, verbs := range d.Paths {
		for verb, raw := range verbs {
			var op openOperation
			if verb == "parameters" {
				continue
			}
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatal(err)
			}
			all[strings.ToUpper(verb)+" "+path] = op
		}
	}
	return all
}

// TestDocuments checks that documents hang together, that every operation is
// answered with a status that it names, and none with one of a mistake of the
// document's.
func TestDocuments(t *testing.T) {
	url, _, stop, result := runs(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet(), Logs: logs.New(io.Discard, logs.Options{})}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	defer func() { stop(); <-result }()
	server, text := readDocument(t, url+"/v2/docs/dataplane.json")
	if _, same := readDocument(t, url+"/openapi.json"); same != text {
		t.Error("/openapi.json is another document")
	}
	for _, at := range []string{"/v2", "/v2/models/w", "/v2/models/%77/versions/1"} {
		d, text := readDocument(t, url+at+"/docs/dataplane.json")
		checkReferences(t, at, d, text)
		for name, op := range d.operations(t) {
			method, path, _ := strings.Cut(name, " ")
			path = strings.NewReplacer("{model}", "w", "{version}", "1").Replace(path)
			body := op.RequestBody.Content["application/json"].Example
			status, text := fetch(t, method, url+path, string(body))
			if _, named := op.Responses[httpCode(status)]; !named || status == 404 || status == 405 {
				t.Errorf("%s: %s: %d %.200s, which is none of %v", at, name, status, text, op.Responses)
			}
			if len(body) > 0 && status != 200 {
				t.Errorf("%s: %s: the example %s is answered with %d %s", at, name, body, status, text)
			}
			if strings.HasSuffix(path, "/unload") { // for who comes next
				fetch(t, "POST", url+strings.Replace(path, "/unload", "/load", 1), "")
			}
		}
	}
	var all []string
	for name := range server.operations(t) {
		all = append(all, name)
	}
	for _, want := range []string{
		"GET /v2", "GET /v2/health/live", "GET /v2/health/ready", "GET /v2/models", "GET /v2/models/{model}", "GET /v2/models/{model}/versions/{version}",
		"GET /v2/models/{model}/ready", "POST /v2/models/{model}/infer", "POST /v2/models/{model}/versions/{version}/infer", "POST /v2/models/{model}/infer_dict",
		"POST /v2/models/{model}/generate", "POST /v2/models/{model}/generate_stream", "GET /v2/models/{model}/config", "GET /v2/models/{model}/stats",
		"GET /v2/models/stats", "POST /v2/repository/index", "POST /v2/repository/models/{model}/load", "POST /v2/repository/models/{model}/unload",
		"GET /v2/logging", "POST /v2/logging", "GET /v2/trace/setting", "POST /v2/trace/setting", "POST /v2/models/{model}/trace/setting",
		"GET /v1/models", "GET /v1/models/{model}", "POST /v1/models/{model}:predict", "GET /v2/models/{model}/docs/dataplane.json",
	} {
		if !slices.Contains(all, want) {
			t.Errorf("%s is not in the document, which has %v", want, all)
		}
	}
}

func httpCode(status int) string { b, _ := json.Marshal(status); return string(b) }

// checkReferences follows what the document refers to, and looks for identifiers
// that are there twice.
func checkReferences(t *testing.T, at string, d openDocument, text string) {
	t.Helper()
	for _, part := range strings.Split(text, `"$ref":"#/components/`)[1:] {
		ref, _, _ := strings.Cut(part, `"`)
		kind, name, _ := strings.Cut(ref, "/")
		if d.Components.Schemas[name] == nil && kind == "schemas" || d.Components.Responses[name] == nil && kind == "responses" {
			t.Errorf("%s: there is no %s", at, ref)
		}
	}
	seen := map[string]string{}
	for name, op := range d.operations(t) {
		if seen[op.OperationID] != "" || op.OperationID == "" {
			t.Errorf("%s: %s and %s are both called %q", at, name, seen[op.OperationID], op.OperationID)
		}
		seen[op.OperationID] = name
	}
}

// TestDocsPages checks the pages and their files, and what is not there.
func TestDocsPages(t *testing.T) {
	url, _, stop, result := runs(t, RunConfig{Config: Config{Models: oneModel(t), Catalog: oneSet()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	defer func() { stop(); <-result }()
	for _, tt := range []struct {
		method, path string
		status       int
		has          string
	}{
		{"GET", "/v2/docs", 200, `src="docs/swagger-ui-bundle.js"`},
		{"GET", "/v2/models/w/docs", 200, "<title>w</title>"},
		{"GET", "/v2/models/w/versions/1/docs", 200, "<title>w</title>"},
		{"GET", "/v2/docs/page.js", 200, "dataplane.json"},
		{"GET", "/v2/models/w/docs/swagger-ui.css", 200, ".swagger-ui"},
		{"GET", "/v2/docs/swagger-ui-bundle.js", 200, "SwaggerUI"},
		{"GET", "/v2/docs/favicon-32x32.png", 200, "PNG"},
		{"GET", "/v2/docs/", 200, "<title>"},
		{"GET", "/v2/models/w/docs/", 200, "<title>w</title>"},
		{"GET", "/v2/docs/nothing.js", 404, "nothing at"},
		{"GET", "/v2/models/w/docs/nothing.js", 404, "the document is /v2/models/w/docs/dataplane.json"},
		{"GET", "/v2/docs/..%2Fdocs", 404, "nothing at"},
		{"GET", "/v2/models/nobody/docs/dataplane.json", 404, "nobody"},
		{"GET", "/v2/models/nobody/docs", 404, "nobody"},
		{"GET", "/v2/models/w/versions/2/docs", 404, "w:2"},
		{"GET", "/v2/models/w/x/docs", 404, "nothing at"},
		{"GET", "/v2/models/docs/docs", 404, "docs"},
		{"POST", "/v2/docs", 405, "GET"},
	} {
		if status, text := fetch(t, tt.method, url+tt.path, ""); status != tt.status || !strings.Contains(text, tt.has) {
			t.Errorf("%s %s: %d %.200s", tt.method, tt.path, status, text)
		}
	}
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css"} {
		small, large := asset(t, url+"/v2/docs/"+name, "gzip"), asset(t, url+"/v2/docs/"+name, "gzip;q=0, br")
		if small != large || len(small) < 1000 {
			t.Errorf("%s has %d bytes compressed and %d as it is", name, len(small), len(large))
		}
	}
}

// asset is a file of a page, with what keeps it from loading others.
func asset(t *testing.T, url, accepts string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", accepts) // and nobody decompresses it by itself
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %v", url, resp.Header)
	}
	in := io.Reader(resp.Body)
	if zipped := resp.Header.Get("Content-Encoding") == "gzip"; zipped != (accepts == "gzip") {
		t.Fatalf("%s for %q: %v", url, accepts, resp.Header)
	} else if zipped {
		if in, err = gzip.NewReader(in); err != nil {
			t.Fatal(err)
		}
	}
	body, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
