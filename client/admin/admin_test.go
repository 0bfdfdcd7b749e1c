package admin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/serve"
)

func serveWith(t *testing.T, answer string) (c *Client, asked *string) {
	t.Helper()
	asked = new(string)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = r.Method + " " + r.URL.RequestURI()
		if answer == "" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"error":"no such thing"}`)
			return
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(web.Close)
	c, err := New(web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, asked
}

const models = `{"models":[{"name":"m","version":"1","runtime":"trees","state":"ready","path":"/m","more":1}]}`

func TestModels(t *testing.T) {
	for _, tt := range []struct {
		call  func(c *Client) ([]Model, error)
		asked string
	}{
		{func(c *Client) ([]Model, error) { return c.Models(t.Context()) }, "GET /api/v1/models"},
		{func(c *Client) ([]Model, error) { return c.Load(t.Context(), "a/b") }, "POST /api/v1/models/a%2Fb/load"},
		{func(c *Client) ([]Model, error) { return c.Unload(t.Context(), "m") }, "POST /api/v1/models/m/unload"},
		{func(c *Client) ([]Model, error) { return c.Reload(t.Context()) }, "POST /api/v1/reload"},
	} {
		c, asked := serveWith(t, models)
		list, err := tt.call(c)
		if err != nil || len(list) != 1 || list[0].Name != "m" || list[0].State != "ready" || *asked != tt.asked {
			t.Errorf("asked %s, want %s: got %v, %v", *asked, tt.asked, list, err)
		}
		c, _ = serveWith(t, "")
		if _, err := tt.call(c); client.CodeOf(err) != serve.NotFound || !strings.Contains(err.Error(), "no such thing") {
			t.Errorf("got %v", err)
		}
		for _, other := range []string{"{}", "<html>", `{"models":7}`} {
			c, _ = serveWith(t, other)
			if _, err := tt.call(c); err == nil || !strings.HasSuffix(err.Error(), "does not list models: is it the admin port of a leat server?") {
				t.Errorf("%s: got %v", other, err)
			}
		}
	}
}

func TestEndpoints(t *testing.T) {
	c, asked := serveWith(t, `{"endpoints":[{"metadata":{"uid":"7"}}]}`)
	list, err := c.Endpoints(t.Context(), &EndpointQuery{Model: "m", Function: "f", Labels: []string{"a=b"}, TopLevel: true})
	if want := "GET /api/v1/projects/%2A/model-endpoints?function=f&label=a%3Db&model=m&top-level=true"; err != nil || len(list) != 1 || list[0].Metadata.UID != "7" || *asked != want {
		t.Errorf("asked %s: %v, %v", *asked, list, err)
	}
	c, _ = serveWith(t, "{}")
	if _, err := c.Endpoints(t.Context(), &EndpointQuery{Project: "p"}); err == nil || !strings.Contains(err.Error(), "/api/v1/projects/p/model-endpoints does not list model endpoints") {
		t.Errorf("got %v", err)
	}
	if _, _, err := c.Endpoint(t.Context(), "p", "7"); err == nil || !strings.Contains(err.Error(), "does not tell of a model endpoint") {
		t.Errorf("got %v", err)
	}
	c, asked = serveWith(t, `{"kind":"`+endpoint.Kind+`","metadata":{"uid":"7"},"more":1}`)
	e, doc, err := c.Endpoint(t.Context(), "p", "a b")
	if err != nil || e.Metadata.UID != "7" || !strings.Contains(string(doc), "more") || *asked != "GET /api/v1/projects/p/model-endpoints/a%20b" {
		t.Errorf("asked %s: %v, %v", *asked, e, err)
	}
}

func TestServer(t *testing.T) {
	c, _ := serveWith(t, `{"version":"1","started_at":"2026-01-02T03:04:05Z","uptime_seconds":2,"urls":{"http":"http://h"}}`)
	s, err := c.Server(t.Context())
	if err != nil || s.Version != "1" || s.URLs["http"] != "http://h" || s.StartedAt.IsZero() {
		t.Errorf("got %+v, %v", s, err)
	}
}
