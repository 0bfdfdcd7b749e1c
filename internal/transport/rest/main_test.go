package rest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// answering returns a handler that answers every event with body and reply.
func answering(body serve.Body, reply *serve.Reply) serve.Handler {
	return handlerFunc(func(_ context.Context, ev *serve.Event) (*serve.Event, error) {
		ev.Body, ev.Reply = body, reply
		return ev, nil
	})
}

func failing(err error) serve.Handler {
	return handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) { return nil, err })
}

func filtering() serve.Handler {
	return handlerFunc(func(context.Context, *serve.Event) (*serve.Event, error) { return nil, nil })
}

// ask serves one request; header is name, value, name, value …
func ask(h http.Handler, method, target, body string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
