package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A testCase is one line of mlrun.jsonl.
type testCase struct {
	Name    string
	Spec    json.RawMessage
	Request json.RawMessage
	Expect  json.RawMessage
	Note    string
}

type request struct {
	Method      string
	Path        string
	Headers     map[string]string
	Body        json.RawMessage
	ContentType *string `json:"content_type"`
	EventID     string  `json:"event_id"`
	TriggerKind string  `json:"trigger_kind"`
}

type expect struct {
	Status      int
	ContentType string                     `json:"content_type"`
	Body        json.RawMessage            `json:"body"`
	BodySubset  map[string]json.RawMessage `json:"body_subset"`
	BodyText    string                     `json:"body_text"`
	BodyRegex   string                     `json:"body_regex"`
	KeysOrder   []string                   `json:"keys_order"`
	Absent      []string
	Predicate   string
	BuildError  string `json:"build_error"`
}

// concerns lists the cases of one model and one router; those of flows, streams
// and remote steps come with what they are about.
var concerns = []string{"router_", "infer_dict_", "metadata_", "async_", "param_", "predict_", "better_bad_output_is_500"}

func TestMLRunCases(t *testing.T) {
	ran := 0
	for _, c := range readCases(t) {
		concerned := false
		for _, prefix := range concerns {
			concerned = concerned || strings.HasPrefix(c.Name, prefix)
		}
		if !concerned {
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			if c.Name == "router_max_steps" {
				maxSteps(t, c)
				return
			}
			runCase(t, c)
		})
	}
	if ran < 34 {
		t.Errorf("ran %d cases, want at least 34", ran)
	}
}

func readCases(t *testing.T) []testCase {
	t.Helper()
	f, err := os.Open("mlrun.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var cases []testCase
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c testCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

// stillLoading is the spec of a case. A model that is to be loading when the request
// comes never ends to, so that it does however late that is.
func stillLoading(c testCase) string {
	if c.Name == "async_load_ready_408" || c.Name == "async_load_http_fails_fast" {
		return strings.ReplaceAll(string(c.Spec), "SlowLoad", "NeverLoads")
	}
	return string(c.Spec)
}

func runCase(t *testing.T, c testCase) {
	folder, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(stillLoading(c), "${CASES}", folder)
	spec, problems := config.ParseSpec("spec.json", []byte(text), config.Options{MLRun: true})
	for _, p := range problems {
		if !p.Warning {
			t.Fatal(p)
		}
	}
	srv, url := start(t, spec, &leat.Options{Catalog: classes(), MLRun: true})
	requests, expects := lists[request](t, c.Request), lists[expect](t, c.Expect)
	var seen []answer
	for i, r := range requests {
		a := ask(t, srv, url, r)
		seen = append(seen, a)
		check(t, expects[i], a)
		if expects[i].Predicate != "" {
			predicate(t, c.Name, i, seen)
		}
	}
}

// lists reads one T or a list of them.
func lists[T any](t *testing.T, raw json.RawMessage) []T {
	t.Helper()
	var many []T
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		if err := json.Unmarshal(raw, &many); err != nil {
			t.Fatal(err)
		}
		return many
	}
	var one T
	if err := json.Unmarshal(raw, &one); err != nil {
		t.Fatal(err)
	}
	return []T{one}
}

type answer struct {
	status      int
	contentType string
	body        []byte
}

func ask(t *testing.T, srv *leat.Server, url string, r request) answer {
	t.Helper()
	if r.TriggerKind != "" {
		return askStream(t, srv, r)
	}
	path := r.Path
	if path == "" {
		path = "/"
	}
	req, err := http.NewRequestWithContext(t.Context(), r.Method, url+path, strings.NewReader(bodyText(t, r.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if r.EventID != "" {
		req.Header.Set("MLRUN-EVENT-ID", r.EventID)
	}
	return send(t, req, r)
}

// send sends a request with the fields of a case.
func send(t *testing.T, req *http.Request, r request) answer {
	t.Helper()
	for k, v := range r.Headers {
		req.Header.Set(k, v)
	}
	if r.ContentType != nil {
		req.Header.Set("Content-Type", *r.ContentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), body}
}

// askStream sends the event as a stream would: in process, with its trigger.
func askStream(t *testing.T, srv *leat.Server, r request) answer {
	t.Helper()
	ev := serve.NewEvent(serve.Target{Method: r.Method, Path: r.Path}, []byte(bodyText(t, r.Body)))
	ev.ID, ev.Trigger.Kind = r.EventID, r.TriggerKind
	out, err := srv.Serve(t.Context(), ev)
	if err != nil {
		return answer{400, "text/plain", []byte(serve.Classic(err))}
	}
	body, err := oip.AppendBody(nil, out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{200, "application/json", body}
}

// bodyText is a body as it goes over the wire: text as it is, a document as
// JSON.
func bodyText(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if raw[0] != '"' {
		return string(raw)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func check(t *testing.T, want expect, got answer) {
	t.Helper()
	if want.Status != got.status {
		t.Fatalf("status %d, want %d; body %s", got.status, want.Status, got.body)
	}
	if !strings.HasPrefix(got.contentType, want.ContentType) {
		t.Errorf("content type %q, want %q", got.contentType, want.ContentType)
	}
	if want.BodyText != "" && string(got.body) != want.BodyText {
		t.Errorf("body %q, want %q", got.body, want.BodyText)
	}
	if want.BodyRegex != "" && !regexp.MustCompile(want.BodyRegex).Match(got.body) {
		t.Errorf("body %q does not match %q", got.body, want.BodyRegex)
	}
	if len(want.Body) > 0 {
		if d := cmp.Diff(decode(t, want.Body), decode(t, got.body)); d != "" {
			t.Errorf("body (-want +got):\n%s", d)
		}
	}
	if len(want.BodySubset) > 0 || len(want.Absent) > 0 || len(want.KeysOrder) > 0 {
		checkMembers(t, want, got.body)
	}
}

func checkMembers(t *testing.T, want expect, body []byte) {
	t.Helper()
	members, ok := decode(t, body).(map[string]any)
	if !ok {
		t.Fatalf("body %s is not an object", body)
	}
	for key, v := range want.BodySubset {
		if d := cmp.Diff(decode(t, v), members[key]); d != "" {
			t.Errorf("%s (-want +got):\n%s", key, d)
		}
	}
	for _, key := range want.Absent {
		if _, ok := members[key]; ok {
			t.Errorf("there is a %q in %s", key, body)
		}
	}
	if len(want.KeysOrder) > 0 {
		if d := cmp.Diff(want.KeysOrder, keys(t, body)); d != "" {
			t.Errorf("order of keys (-want +got):\n%s", d)
		}
	}
}

func decode(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

func keys(t *testing.T, body []byte) []string {
	t.Helper()
	doc, err := oip.ParseValue(body)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for key := range doc.(*serve.Object).All() {
		names = append(names, key)
	}
	return names
}

// predicate is what the prose of some cases asks for.
func predicate(t *testing.T, name string, i int, seen []answer) {
	t.Helper()
	last := decode(t, seen[i].body).(map[string]any)
	switch name {
	case "metadata_from_artifact":
		inputs, outputs := last["inputs"].([]any), last["outputs"].([]any)
		if len(inputs) != 4 || len(outputs) != 1 {
			t.Fatalf("%d inputs and %d outputs, want 4 and 1", len(inputs), len(outputs))
		}
		if vt := inputs[0].(map[string]any)["value_type"]; vt != "float" {
			t.Errorf("value_type %v, want float", vt)
		}
	case "infer_dict_reorders":
		first := decode(t, seen[0].body).(map[string]any)
		x := 5.1
		if want := x * 100; first["outputs"] != want || last["outputs"] != want {
			t.Errorf("outputs %v and %v, want %v", first["outputs"], last["outputs"], want)
		}
	default:
		t.Fatalf("no check for the predicate of %s", name)
	}
}

func maxSteps(t *testing.T, c testCase) {
	spec := graph.NewRouter()
	for i := range graph.MaxSteps + 1 {
		spec.AddModel("m"+string(rune('0'+i%10))+strings.Repeat("x", i/10), "ScalarMul", "", nil)
	}
	_, err := leat.New(spec, &leat.Options{Catalog: classes()})
	want := lists[expect](t, c.Expect)[0].BuildError
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}
