package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// venv is a Python with numpy and scikit-learn.
const venv = "../.venv/bin/python"

// TestPythonExamples serves code in the shape of the examples in the guides of
// MLRun, MLServer and Triton's Python backend, as it is.
func TestPythonExamples(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("starts many processes")
	}
	if _, err := os.Stat(venv); err != nil {
		t.Skip("there is no .venv with numpy; make setup makes it")
	}
	text := func(s string) string { return fmt.Sprintf("%q", s) }
	for _, tt := range []struct {
		name, file, graph, path, body, want string
	}{
		{
			"steps", "pipeline.py", `{"engine": "sync", "steps": {"first": {"class_name": "Echo"}, "enrich": {"handler": "enrich", "after": ["first"]}, "last": {"class_name": "RespName", "after": ["enrich"]}}}`,
			"/", `{"born": 2000}`, `{"name":"last","body":{"born":2000,"seen":["first"],"age":26}}`,
		},
		{
			"error handler", "pipeline.py", `{"engine": "sync", "steps": {"enrich": {"handler": "enrich", "on_error": "catch"}, "catch": {"kind": "error_step", "handler": "error_catcher", "full_event": true, "base_step": "enrich"}}}`,
			"/", `{"bad": 1}`, `{"body":{"bad":1},"origin_state":"enrich","error":{"enrich":"nothing to enrich"}}`,
		},
		{
			"terminated", "pipeline.py", `{"engine": "sync", "steps": {"early": {"handler": "ends_early", "full_event": true}, "enrich": {"handler": "enrich", "after": ["early"]}}}`,
			"/", `{"done": true}`, `{"answer":"at once"}`,
		},
		{
			"MLServer's JSON", "json_runtime.py", `{"kind": "router", "routes": {"json-hello-world": {"class_name": "JsonHelloWorldModel"}}}`,
			"/v2/models/json-hello-world/infer", `{"id": "q", "inputs": [{"name": "echo_request", "shape": [1], "datatype": "BYTES", "data": [` + text(`{"name": "Foo Bar"}`) + `]}]}`,
			`{"id":"q","model_name":"json-hello-world","outputs":[{"name":"echo_response","shape":[1],"datatype":"BYTES","data":[` +
				text(`{"request": {"echo_request": {"name": "Foo Bar"}}, "server_response": "Got your request. Hello from the server."}`) + `]}]}`,
		},
		{
			"Triton's add_sub", "add_sub/1/model.py", `{"kind": "router", "routes": {"add_sub": {"class_name": "TritonPythonModel"}}}`,
			"/v2/models/add_sub/infer", `{"id": "q", "inputs": [{"name": "INPUT0", "datatype": "FP32", "shape": [4], "data": [1, 2, 3, 4]}, {"name": "INPUT1", "datatype": "FP32", "shape": [4], "data": [1, 1, 1, 0.5]}]}`,
			`{"id":"q","model_name":"add_sub","outputs":[{"name":"OUTPUT0","shape":[4],"datatype":"FP32","data":[2,3,4,4.5]},{"name":"OUTPUT1","shape":[4],"datatype":"FP32","data":[0,1,2,3.5]}]}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			serveExample(t, tt.file, tt.graph, tt.path, tt.body, tt.want)
		})
	}
}

// TestPythonClassifier serves a classifier of scikit-learn by a class of MLRun's
// form, and wants what it predicts in plain Python.
func TestPythonClassifier(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("trains a model")
	}
	if _, err := os.Stat(venv); err != nil {
		t.Skip("there is no .venv with scikit-learn; make setup makes it")
	}
	folder := t.TempDir()
	train := exec.CommandContext(t.Context(), venv, "pythonexamples/train.py", filepath.Join(folder, "model.pkl"))
	train.Stderr = os.Stderr
	said, err := train.Output()
	if err != nil {
		t.Fatal(err)
	}
	var trained [2]json.RawMessage
	if err := json.Unmarshal(said, &trained); err != nil {
		t.Fatal(err)
	}
	graph := fmt.Sprintf(`{"kind": "router", "routes": {"iris": {"class_name": "ClassifierModel", "class_args": {"model_path": %q}}}}`, folder)
	body := fmt.Sprintf(`{"id": "q", "inputs": %s}`, trained[0])
	serveExample(t, "classifier.py", graph, "/v2/models/iris/infer", body, `{"id":"q","model_name":"iris","outputs":`+strings.ReplaceAll(string(trained[1]), " ", "")+`}`)
}

// serveExample serves a graph with code of a file, in the default contract, and asks it
// once.
func serveExample(t *testing.T, file, graph, path, body, want string) {
	t.Helper()
	interpreter, err := filepath.Abs(venv)
	if err != nil {
		t.Fatal(err)
	}
	code := &python.Code{
		Paths: []string{filepath.Join("pythonexamples", file)}, Interpreter: interpreter, Logger: (&testLog{t: t}).logger(),
		Serve: func(a catalog.Args, m serve.Model) (serve.Step, error) { return v2.FromArgs(a, m, "python") },
	}
	loaded, err := code.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, problems := config.ParseSpec("spec.json", []byte(`{"graph": `+graph+`}`), config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	srv, err := leat.New(spec, &leat.Options{Catalog: pythonSet(), Code: loaded, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	url, stop := startServer(t, srv)
	defer stop()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	a := send(t, req, request{})
	if got := strings.TrimSpace(string(a.body)); a.status != 200 || got != want {
		t.Errorf("%d %s\nwant %s", a.status, got, want)
	}
}
