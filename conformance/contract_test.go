package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// failing fails with the code that its parameter names.
type failing struct{ base }

func (m *failing) Predict(ctx context.Context, _ *serve.Request) (any, error) {
	code, err := serve.Param(m.ctx, "code", 0)
	if err != nil {
		return nil, err
	}
	if serve.Code(code) == serve.Timeout {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return nil, serve.Errorf(serve.Code(code), "", "because")
}

// never is a model whose loading does not end by itself.
type never struct{ base }

func (m *never) Load(ctx context.Context, mc *serve.ModelContext) error {
	m.ctx = mc
	<-ctx.Done()
	return ctx.Err()
}

func (m *never) Predict(context.Context, *serve.Request) (any, error) { return nil, nil }

// failures are the codes that models fail with.
var failures = []serve.Code{
	serve.Internal, serve.BadRequest, serve.Unauthenticated, serve.Forbidden, serve.NotFound, serve.TooLarge, serve.Unsupported,
	serve.Limited, serve.NotOffered, serve.Unavailable, serve.Timeout,
}

// contractSpec is a router with a model for every line of the table.
func contractSpec() *graph.Spec {
	spec := graph.NewRouter()
	model := func(key string, m serve.Model, args map[string]any) {
		spec.AddRoute(key, graph.StepSpec{Args: args, New: func(a catalog.Args) (serve.Step, error) { return v2.FromArgs(a, m, "") }})
	}
	model("echo", &echoReq{}, nil)
	model("v:1", &listEcho{}, nil)
	model("v:10", &listEcho{}, nil)
	model("v:9", &listEcho{}, nil)
	model("loading", &never{}, nil)
	model("failed", &failsToLoad{}, nil)
	for _, code := range failures {
		model(fmt.Sprintf("code%d", code), &failing{}, map[string]any{"code": int(code)})
	}
	spec.AddRoute("drops", graph.StepSpec{New: func(catalog.Args) (serve.Step, error) {
		return serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil }), nil
	}})
	spec.LoadMode = "async"
	return spec
}

func serveContract(t *testing.T, mlrun bool, timeout time.Duration) string {
	t.Helper()
	_, url := start(t, contractSpec(), &leat.Options{MLRun: mlrun, Timeout: timeout, MaxBody: 1000})
	return url
}

// wanted is an answer in one of the contracts.
type wanted struct {
	status int
	body   string // exactly, or with a "…" at the end its beginning
	kind   string // of content
	header string
}

func post(path, body string) call { return call{method: "POST", path: path, body: body} }

const jsonKind, textKind = "application/json", "text/plain"

// contracts has the table of the two contracts, a row a line of it and one for
// each status that it lists.
var contracts = []struct {
	line  string
	call  call
	plain wanted // the default contract
	mlrun wanted
}{
	{"error body", post("/v2/models/echo/infer", `{"inputs":5}`),
		wanted{400, `{"error":"model echo: Expected \"inputs\" to be a list"}`, jsonKind, ""}, wanted{400, `Exception: Expected "inputs" to be a list`, textKind, ""}},
	{"400 bad request", post("/v2/models/echo/infer", `not json`),
		wanted{400, `{"error":"model echo: read the request: Unrecognized request format…`, jsonKind, ""}, wanted{400, `ValueError: Unrecognized request format, caused by: …`, textKind, ""}},
	{"400 from a model", post("/v2/models/code1/infer", `{"inputs":[1]}`), wanted{400, `{"error":"model code1: infer: because"}`, jsonKind, ""}, wanted{400, "ValueError: because", textKind, ""}},
	{"401", post("/v2/models/code2/infer", `{"inputs":[1]}`), wanted{401, `{"error":"model code2: infer: because"}`, jsonKind, ""}, wanted{400, "RuntimeError: because", textKind, ""}},
	{"403", post("/v2/models/code3/infer", `{"inputs":[1]}`), wanted{403, `{"error":"model code3: infer: because"}`, jsonKind, ""}, wanted{400, "RuntimeError: because", textKind, ""}},
	{"404 no such model", post("/v2/models/nobody/infer", `{"inputs":[1]}`), wanted{404, `{"error":"model nobody doesnt exist, available models: echo | v:1 | …`, jsonKind, ""}, wanted{400, "ValueError: model nobody doesnt exist, available models: echo | v:1 | …", textKind, ""}},
	{"404 no such version", post("/v2/models/v/versions/7/infer", `{"inputs":[1]}`), wanted{404, `{"error":"model v:7 doesnt exist…`, jsonKind, ""}, wanted{400, "ValueError: model v:7 doesnt exist…", textKind, ""}},
	{"404 no such path", post("/x/y", `{"inputs":[1]}`), wanted{404, `{"error":"illegal path prefix /x/y, must start with /v2/models"}`, jsonKind, ""}, wanted{400, "ValueError: illegal path prefix /x/y, must start with /v2/models", textKind, ""}},
	{"404 no such operation", post("/v2/models/echo/xx", `{"test":"ok"}`), wanted{404, `{"error":"model echo: illegal model operation xx, method=POST"}`, jsonKind, ""}, wanted{400, "ValueError: illegal model operation xx, method=POST", textKind, ""}},
	{"405 wrong verb", post("/v2/models/echo/ready", `{}`), wanted{405, `{"error":"model echo: illegal model operation ready, method=POST"}`, jsonKind, "Allow: GET"}, wanted{400, "ValueError: illegal model operation ready, method=POST", textKind, ""}},
	{"413 too large", post("/v2/models/echo/infer", strings.Repeat(" ", 1001)), wanted{413, `{"error":"…`, jsonKind, ""}, wanted{400, "…", textKind, ""}},
	{"415", post("/v2/models/code8/infer", `{"inputs":[1]}`), wanted{415, `{"error":"model code8: infer: because"}`, jsonKind, ""}, wanted{400, "RuntimeError: because", textKind, ""}},
	{"429 limited", post("/v2/models/code9/infer", `{"inputs":[1]}`), wanted{429, `{"error":"model code9: infer: because"}`, jsonKind, "Retry-After: 1"}, wanted{400, "RuntimeError: because", textKind, ""}},
	{"500 the model failed", post("/v2/models/code0/infer", `{"inputs":[1]}`), wanted{500, `{"error":"model code0: infer: because"}`, jsonKind, ""}, wanted{400, "Exception: because", textKind, ""}},
	{"501 not offered", post("/v2/models/echo/explain", `{"inputs":[1]}`), wanted{501, `{"error":"model echo: explain: the model does not explain"}`, jsonKind, ""}, wanted{400, "NotImplementedError: the model does not explain", textKind, ""}},
	{"503 overloaded", post("/v2/models/code11/infer", `{"inputs":[1]}`), wanted{503, `{"error":"model code11: infer: because"}`, jsonKind, "Retry-After: 1"}, wanted{400, "RuntimeError: because", textKind, ""}},
	{"504 the deadline", post("/v2/models/code12/infer", `{"inputs":[1]}`), wanted{504, `{"error":"…`, jsonKind, ""}, wanted{400, "TimeoutError: …", textKind, ""}},
	{"GET ready", call{method: "GET", path: "/v2/models/echo/ready"}, wanted{200, "Model echo is ready (event_id = …", textKind, ""}, wanted{200, "Model echo is ready (event_id = …", textKind, ""}},
	{"GET ready, loading", call{method: "GET", path: "/v2/models/loading/ready"}, wanted{408, `{"error":"model not ready: it is still loading"}`, jsonKind, ""}, wanted{408, "model not ready", textKind, ""}},
	{"GET ready, failed", call{method: "GET", path: "/v2/models/failed/ready"}, wanted{408, `{"error":"model not ready: it has failed: the weights are gone"}`, jsonKind, ""}, wanted{408, "model not ready", textKind, ""}},
	{"infer while loading", post("/v2/models/loading/infer", `{"inputs":[1]}`), wanted{503, `{"error":"model loading is not ready yet: it is still loading"}`, jsonKind, "Retry-After: 1"}, wanted{400, "RuntimeError: model loading is not ready yet", textKind, ""}},
	{"infer after a failed load", post("/v2/models/failed/infer", `{"inputs":[1]}`), wanted{503, `{"error":"model failed is not ready yet: it has failed: the weights are gone"}`, jsonKind, "Retry-After: 1"}, wanted{400, "RuntimeError: model failed is not ready…", textKind, ""}},
	{"live", call{method: "GET", path: "/v2/health/live"}, wanted{200, `{"live":true}`, jsonKind, ""}, wanted{200, `{"name":"ModelRouter","version":"v2","extensions":[]}`, jsonKind, ""}},
	{"ready", call{method: "GET", path: "/v2/health/ready"}, wanted{503, `{"error":"not all models are ready: …`, jsonKind, ""}, wanted{200, `{"name":"ModelRouter","version":"v2","extensions":[]}`, jsonKind, ""}},
	{"metadata of a model", call{method: "GET", path: "/v2/models/v/versions/9"}, wanted{200, `{"name":"v","version":"9","versions":["1","10","9"],"platform":"","inputs":[],"outputs":[]}`, jsonKind, ""}, wanted{200, `{"name":"v","version":"9","inputs":[],"outputs":[]}`, jsonKind, ""}},
	{"GET the list", call{method: "GET", path: "/v2/models"}, wanted{200, `{"models":["echo","v:1","v:10","v:9","loading","failed",…`, jsonKind, ""}, wanted{200, `{"models":["echo","v:1","v:10","v:9","loading","failed",…`, jsonKind, ""}},
	{"GET the list with a slash", call{method: "GET", path: "/v2/models/"}, wanted{200, `{"models":["echo",…`, jsonKind, ""}, wanted{200, `{"models":["echo",…`, jsonKind, ""}},
	{"POST the list", post("/v2/models", "{}"), wanted{405, `{"error":"the list of models is read with GET, not POST"}`, jsonKind, "Allow: GET"}, wanted{200, `{"models":["echo",…`, jsonKind, ""}},
	{"GET /", call{method: "GET", path: "/"}, wanted{200, `{"name":"leat","version":"dev","extensions":["binary_tensor_data","classification",…`, jsonKind, ""}, wanted{200, `{"name":"ModelRouter","version":"v2","extensions":[]}`, jsonKind, ""}},
	{"operation in URL and body", post("/v2/models/echo/infer", `{"operation":"xx","id":"a","inputs":[1]}`), wanted{200, `{"id":"a","model_name":"echo","outputs":[1]}`, jsonKind, ""}, wanted{400, "ValueError: illegal model operation xx, method=POST", textKind, ""}},
	{"success body", post("/v2/models/v/versions/1/infer", `{"id":"a","inputs":[1]}`), wanted{200, `{"id":"a","model_name":"v","outputs":[1],"model_version":"1"}`, jsonKind, ""}, wanted{200, `{"id":"a","model_name":"v","outputs":[1],"timestamp":"…`, jsonKind, ""}},
	{"filtered event", post("/v2/models/drops/infer", `{"inputs":[1]}`), wanted{204, "", "", ""}, wanted{200, "null", jsonKind, ""}},
	{"unversioned name", post("/v2/models/v/infer", `{"id":"a","inputs":[1]}`), wanted{200, `{"id":"a","model_name":"v","outputs":[1],"model_version":"10"}`, jsonKind, ""}, wanted{400, "ValueError: model v doesnt exist…", textKind, ""}},
}

func TestContracts(t *testing.T) {
	const never, soon = 10 * time.Minute, 300 * time.Millisecond
	plain, mlrun := serveContract(t, false, never), serveContract(t, true, never)
	hurriedPlain, hurriedMLRun := serveContract(t, false, soon), serveContract(t, true, soon)
	for _, url := range []string{plain, mlrun, hurriedPlain, hurriedMLRun} {
		waitLoadedBut(t, url)
	}
	for _, row := range contracts {
		plain, mlrun := plain, mlrun
		if row.plain.status == 504 { // nothing else is late, however slow the machine
			plain, mlrun = hurriedPlain, hurriedMLRun
		}
		t.Run(row.line, func(t *testing.T) {
			row.plain.compare(t, "default", row.call.do(t, plain))
			row.mlrun.compare(t, "mlrun", row.call.do(t, mlrun))
		})
	}
}

// waitLoadedBut waits until no model is loading any more but the one that never ends.
func waitLoadedBut(t *testing.T, url string) {
	t.Helper()
	models := []string{"echo", "v/versions/1", "v/versions/10", "v/versions/9"}
	for _, code := range failures {
		models = append(models, fmt.Sprintf("code%d", code))
	}
	says := func(model, text string) bool {
		got := call{method: "GET", path: "/v2/models/" + model + "/ready"}.do(t, url)
		return strings.Contains(string(got.body), text)
	}
	loading := func(model string) bool { return !says(model, "is ready") }
	for deadline := time.Now().Add(5 * time.Minute); slices.ContainsFunc(models, loading) || says("failed", "still loading"); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("models are still loading")
		}
	}
}

func (w wanted) compare(t *testing.T, contract string, got reply) {
	t.Helper()
	body := string(got.body)
	start, open := strings.CutSuffix(w.body, "…")
	if got.status != w.status || (open && !strings.HasPrefix(body, start)) || (!open && body != w.body) {
		t.Errorf("%s: %d %s\nwant %d %s", contract, got.status, body, w.status, w.body)
	}
	if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, w.kind) || (w.kind == "" && kind != "") {
		t.Errorf("%s: content type %q, want %q", contract, kind, w.kind)
	}
	if name, value, ok := strings.Cut(w.header, ": "); ok && got.header.Get(name) != value {
		t.Errorf("%s: header %s is %q, want %q", contract, name, got.header.Get(name), value)
	}
}

// TestUnknownKeys is the line of the table that is about specs.
func TestUnknownKeys(t *testing.T) {
	text := []byte("graph:\n  kind: router\n  rotues: {}\n")
	for _, mlrun := range []bool{false, true} {
		_, problems := config.ParseSpec("spec.yaml", text, config.Options{MLRun: mlrun})
		var warnings []bool
		for _, p := range problems {
			if strings.Contains(p.Msg, "rotues") {
				warnings = append(warnings, p.Warning)
			}
		}
		if d := cmp.Diff([]bool{mlrun}, warnings); d != "" {
			t.Errorf("mlrun %v: warnings (-want +got):\n%s\n%v", mlrun, d, problems)
		}
	}
}
