package client

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/leat-ml/leat/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A seen is a request as a server saw it.
type seen struct {
	method, path string
	header       http.Header
	body         string
}

// serveWith starts a server and returns a client for it, and what it has seen.
func serveWith(t *testing.T, opts *Options, answer http.HandlerFunc) (*Client, *[]seen) {
	t.Helper()
	var all []seen
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		all = append(all, seen{r.Method, r.URL.EscapedPath(), r.Header, string(body)})
		answer(w, r)
	}))
	t.Cleanup(web.Close)
	c, err := New(web.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, &all
}

// says answers every request with a body.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
