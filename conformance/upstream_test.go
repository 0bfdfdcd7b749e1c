package conformance

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// upstream is the server that remote steps talk to, the same as the one in
// verify/upstream.py.
func upstream(t *testing.T) string {
	var (
		mu   sync.Mutex
		seen = map[string]int{}
	)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.URL.Path]++
		count := seen[r.URL.Path]
		mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		status, kind, out := respond(r, body, count)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = w.Write(out)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

func respond(r *http.Request, body []byte, count int) (status int, kind string, out []byte) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	number := func() int {
		n, _ := strconv.Atoi(parts[1])
		return n
	}
	switch parts[0] {
	case "inspect":
		return 200, "application/json", inspect(r, body)
	case "json":
		return 200, "application/json", []byte(`{"post":"ok"}`)
	case "text":
		return 200, "text/plain", []byte("my str")
	case "number":
		return 200, "application/json", []byte("5")
	case "status":
		return number(), "text/plain", fmt.Appendf(nil, "status %d", number())
	case "flaky":
		if count <= number() {
			return 500, "text/plain", []byte("not yet")
		}
	}
	kind = r.Header.Get("Content-Type")
	if kind == "" {
		kind = "text/plain"
	}
	return 200, kind, body
}

func inspect(r *http.Request, body []byte) []byte {
	header := func(key string) *string {
		if v := r.Header.Get(key); v != "" {
			return &v
		}
		return nil
	}
	out, err := json.Marshal(struct {
		Method      string  `json:"method"`
		Path        string  `json:"path"`
		ID          *string `json:"id"`
		EventPath   *string `json:"event_path"`
		ContentType *string `json:"content_type"`
		Other       *string `json:"other"`
		Body        any     `json:"body"`
	}{
		r.Method, r.URL.Path, header("MLRUN-EVENT-ID"), header("MLRUN-EVENT-PATH"),
		header("Content-Type"), header("X-Other"), document(body),
	})
	if err != nil {
		panic(err)
	}
	return out
}

// document is a body that is JSON, and text otherwise.
func document(body []byte) any {
	if len(body) > 0 && json.Valid(body) {
		return json.RawMessage(body)
	}
	return string(body)
}
