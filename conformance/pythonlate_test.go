package conformance

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

const lateCode = `from mlrun.serving import V2ModelServer
import time

class Late(V2ModelServer):
    def load(self): pass
    def predict(self, request):
        if request["inputs"] == ["respond"]:
            return "own"
        time.sleep(request["inputs"][0])
        return [1]
    def postprocess(self, response):
        if response["outputs"] == "own":
            return self.context.Response(body="as it is", content_type="text/tea", status_code=418)
        return response
`

// TestPythonLate wants the line that late code is in to be in what clients get: who
// answers for it at the deadline gives it the time to say so.
func TestPythonLate(t *testing.T) {
	url := serveText(t, lateCode, `{"graph": {"kind": "router", "routes": {"m": {"class_name": "Late"}}}}`, 300*time.Millisecond)
	for end := time.Now().Add(patience); ; {
		status, body := putTo(t, url+"/v2/models/m/infer", `{"inputs": [0.5]}`)
		if status == http.StatusGatewayTimeout && strings.Contains(body, "code.py:9 in predict") {
			break
		}
		if time.Now().After(end) { // one a second is asked, and a busy machine may not answer in time
			t.Fatalf("got %d %s, want 504 with code.py:9 in predict", status, body)
		}
	}
}

// TestPythonRespond wants what postprocess responds with to be answered as it is, to
// whom has asked in either dialect.
func TestPythonRespond(t *testing.T) {
	url := serveText(t, lateCode, `{"graph": {"kind": "router", "routes": {"m": {"class_name": "Late"}}}}`, patience)
	for _, request := range []string{`{"inputs": ["respond"]}`, `{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["respond"]}]}`} {
		if status, body := putTo(t, url+"/v2/models/m/infer", request); status != http.StatusTeapot || body != "as it is" {
			t.Errorf("%s: got %d %s, want the class's own response", request, status, body)
		}
	}
}

// serveText serves code that is in no file, in the default contract.
func serveText(t *testing.T, text, spec string, timeout time.Duration) (url string) {
	t.Helper()
	code := &python.Code{
		Name: "code", Text: text, Logger: (&testLog{t: t}).logger(),
		Serve: func(a catalog.Args, m serve.Model) (serve.Step, error) { return v2.FromArgs(a, m, "python") },
	}
	loaded, err := code.Load(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	read, problems := config.ParseSpec("spec.json", []byte(spec), config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	srv, err := leat.New(read, &leat.Options{Catalog: pythonSet(), Code: loaded, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	url, _ = startServer(t, srv)
	return url
}

func putTo(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	all, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(all)
}
