package admin

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// verbs serves a path by method.
type verbs map[string]http.HandlerFunc

// ServeHTTP implements http.Handler.
func (v verbs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if h, ok := v[method]; ok {
		h(w, r)
		return
	}
	allow := strings.Join(slices.Sorted(maps.Keys(v)), ", ")
	fail(w, &serve.Error{Code: serve.WrongMethod, Allow: allow, Err: wrongVerb{r.Method, allow}})
}

type wrongVerb struct{ method, allow string }

func (e wrongVerb) Error() string { return "this path takes " + e.allow + ", not " + e.method }

func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, serve.Errorf(serve.NotFound, "", "no such path: %s", r.URL.Path))
}

// statuses are those of failures that an admin port has; others are 500.
var statuses = map[serve.Code]int{
	serve.BadRequest:  http.StatusBadRequest,
	serve.Forbidden:   http.StatusForbidden,
	serve.NotFound:    http.StatusNotFound,
	serve.WrongMethod: http.StatusMethodNotAllowed,
	serve.NotOffered:  http.StatusNotImplemented,
	serve.Unavailable: http.StatusServiceUnavailable,
	serve.Timeout:     http.StatusGatewayTimeout,
}

func fail(w http.ResponseWriter, err error) {
	status, ok := statuses[serve.CodeOf(err)]
	if !ok {
		status = http.StatusInternalServerError
	}
	if _, ok := err.(*conflict); ok { //nolint:errorlint // our own
		status = http.StatusConflict
	}
	if e, ok := err.(*serve.Error); ok && e.Allow != "" { //nolint:errorlint // only our own says what is allowed
		w.Header().Set("Allow", e.Allow)
	}
	reply(w, status, map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, status int, v any) {
	header(w)
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // fails when the client has gone
}

func header(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
}
