package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A specCase is a line of mlrun.jsonl, as far as it is about calls.
type specCase struct {
	Name string `json:"name"`
	Spec struct {
		Graph struct {
			Steps map[string]struct {
				Class  string `json:"class_name"`
				Args   m      `json:"class_args"`
				Input  string `json:"input_path"`
				Result string `json:"result_path"`
			} `json:"steps"`
		} `json:"graph"`
	} `json:"spec"`
	Request struct {
		Method, Path string
		Headers      map[string]string
		Body         json.RawMessage
		EventID      string `json:"event_id"`
	} `json:"request"`
	Expect struct {
		Status    int             `json:"status"`
		Body      json.RawMessage `json:"body"`
		BodyText  string          `json:"body_text"`
		BodyRegex string          `json:"body_regex"`
	} `json:"expect"`
}

// stub is the upstream that the cases describe. It counts requests by path.
type stub struct {
	mu    sync.Mutex
	calls map[string]int
}

func (s *stub) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[path]++
	return s.calls[path]
}

func (s *stub) serve(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := s.count(r.URL.Path)
		body, _ := io.ReadAll(r.Body)
		at := r.Method + " " + r.URL.Path
		switch {
		case name == "remote_4xx_is_error":
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, "{}")
		case name == "remote_no_header_propagation":
			if r.Header.Get("X-dont-propagate") == "" {
				w.WriteHeader(http.StatusInternalServerError)
			}
		case name == "remote_timeout":
			select {
			case <-time.After(time.Minute): // long after the caller has given up
			case <-r.Context().Done():
			}
		case name == "remote_no_retry", (name == "remote_one_retry" || name == "batch_http_retry") && n == 1:
			w.WriteHeader(http.StatusInternalServerError)
		case name == "remote_one_retry", strings.HasPrefix(name, "batch_http"):
			w.Write(body)
		case at == "GET /" && len(body) == 0:
			reply(w, m{"get": "ok"})
		case at == "GET /foo" || at == "GET /cat":
			reply(w, m{r.URL.Path[1:]: "ok"})
		case at == "POST /data" && string(body) == "req text" && r.Header.Get("MLRUN-EVENT-ID") == "123" && r.Header.Get("MLRUN-EVENT-PATH") == "/datapath":
			io.WriteString(w, "my str")
		case (at == "POST /json" || at == "POST /dog") && strings.ReplaceAll(string(body), " ", "") == `{"x":5}`:
			reply(w, m{"post": "ok"})
		default:
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, at+" "+string(body))
		}
	}
}

// TestConformance runs the cases on calls, without a graph around them, in
// MLRun's contract.
func TestConformance(t *testing.T) {
	shared := os.Getenv("LEAT_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	f, err := os.Open(filepath.Join(shared, "conformance", "mlrun.jsonl"))
	if os.IsNotExist(err) {
		t.Skip("the conformance cases are not there: set LEAT_SHARED")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ran := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var head struct{ Name string }
		if err := json.Unmarshal(lines.Bytes(), &head); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(head.Name, "remote_") && !strings.HasPrefix(head.Name, "batch_http") || head.Name == "remote_to_dict" {
			continue
		}
		ran++
		line := string(lines.Bytes())
		t.Run(head.Name, func(t *testing.T) { runCase(t, line) })
	}
	if lines.Err() != nil || ran < 13 {
		t.Errorf("ran %d cases (%v), want 13 at least", ran, lines.Err())
	}
}

func runCase(t *testing.T, line string) {
	s := &stub{calls: map[string]int{}}
	var c specCase
	if err := json.Unmarshal([]byte(line), &c); err != nil {
		t.Fatal(err)
	}
	url := upstream(t, s.serve(c.Name))
	if err := json.Unmarshal([]byte(strings.ReplaceAll(line, "${UPSTREAM}", url)), &c); err != nil {
		t.Fatal(err)
	}
	var step serve.Step
	for _, spec := range c.Spec.Graph.Steps {
		if spec.Class == "" {
			continue
		}
		values := spec.Args
		if spec.Input != "" {
			values["input_path"], values["result_path"] = spec.Input, spec.Result
		}
		step = build(t, spec.Class, values, &catalog.Env{MLRun: true})
	}
	raw := []byte(c.Request.Body)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = []byte(text)
	}
	ev := serve.NewEvent(serve.Target{Method: c.Request.Method, Path: c.Request.Path}, raw)
	ev.ID, ev.Header = c.Request.EventID, serve.Header{}
	for k, v := range c.Request.Headers {
		ev.Header[http.CanonicalHeaderKey(k)] = []string{v}
	}
	_, err := step.Do(context.Background(), ev)
	compareCase(t, &c, ev, err)
	compareCalls(t, c.Name, s)
}

func compareCase(t *testing.T, c *specCase, ev *serve.Event, err error) {
	t.Helper()
	if (c.Expect.Status == 200) != (err == nil) {
		t.Fatalf("got the error %v, want status %d", err, c.Expect.Status)
	}
	if err != nil {
		if text := serve.Classic(err); !regexp.MustCompile(c.Expect.BodyRegex).MatchString(text) {
			t.Errorf("the error is %s, want %s", text, c.Expect.BodyRegex)
		}
		return
	}
	if c.Expect.BodyText != "" {
		if v, _ := ev.Body.Value(); v != c.Expect.BodyText {
			t.Errorf("the body is %v, want the text %s", v, c.Expect.BodyText)
		}
		return
	}
	if strings.HasPrefix(c.Name, "batch_http") { // a predicate in prose
		c.Expect.Body = json.RawMessage(`{"req":[{"url":"0","data":0},{"url":"1","data":1}],"resp":[0,1]}`)
	}
	var got, want any
	text := regexp.MustCompile(`"http://[^"]*/`).ReplaceAllString(bodyOf(t, ev), `"`)
	if json.Unmarshal([]byte(text), &got) != nil || json.Unmarshal(c.Expect.Body, &want) != nil || !cmp.Equal(got, want) {
		t.Errorf("the body is %s, want %s", bodyOf(t, ev), c.Expect.Body)
	}
}

// compareCalls is what the cases say in prose.
func compareCalls(t *testing.T, name string, s *stub) {
	t.Helper()
	want := map[string]map[string]int{
		"remote_no_retry": {"/data": 1}, "remote_one_retry": {"/data": 2},
		"batch_http": {"/0": 1, "/1": 1}, "batch_http_retry": {"/0": 2, "/1": 2},
	}[name]
	if want != nil && !cmp.Equal(s.calls, want) {
		t.Errorf("the calls are %v, want %v", s.calls, want)
	}
}
