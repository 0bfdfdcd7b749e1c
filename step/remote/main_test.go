package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/expr"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// classes is a set with the language of expressions.
func classes() *catalog.Set {
	set := &catalog.Set{}
	expr.Register(set)
	Register(set)
	return set
}

// build makes a step of class_args and starts it.
func build(t testing.TB, class string, values map[string]any, env *catalog.Env) serve.Step {
	t.Helper()
	s, err := classes().Lookup(class).New(catalog.Args{Name: "r", Class: class, Values: values, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.(serve.Starter).Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.(serve.Closer).Close(context.Background()) })
	return s
}

// upstream is a service on the loopback.
func upstream(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// post is an event with a body as the transport takes it.
func post(path, body string) *serve.Event {
	return serve.NewEvent(serve.Target{Method: "POST", Path: path}, []byte(body))
}

// bodyOf is the JSON of an event's body.
func bodyOf(t testing.TB, ev *serve.Event) string {
	t.Helper()
	text, err := oip.AppendBody(nil, ev.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// args is a map of arguments.
type m = map[string]any

func errorOf(t testing.TB, err error) *serve.Error {
	t.Helper()
	var e *serve.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a serve.Error", err)
	}
	return e
}
