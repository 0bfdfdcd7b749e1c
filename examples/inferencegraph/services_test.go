package inferencegraph

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// A says is what a service answers; the zero value stands for the object of its
// name and of what it got.
type says struct {
	status int
	body   string
	breaks bool // the connection, instead of answering
}

// services are the services that graphs call, by their paths.
type services struct {
	url  string
	says atomic.Pointer[map[string]says]
}

func newServices(t *testing.T) *services {
	t.Helper()
	s := &services{}
	s.tell(nil)
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

// tell says what services answer from now on.
func (s *services) tell(what map[string]says) { s.says.Store(&what) }

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	a := (*s.says.Load())[name]
	if a.breaks {
		panic(http.ErrAbortHandler)
	}
	if a.body == "" {
		got := json.RawMessage("null")
		if json.Valid(body) {
			got = body
		}
		a.body = fmt.Sprintf(`{"service":%q,"got":%s}`, name, got)
	}
	w.Header().Set("Content-Type", "application/json")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.body) // whoever asked sees that it is short
}
