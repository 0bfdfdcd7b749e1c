package tracing

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRoute(t *testing.T) {
	for _, tt := range []struct{ method, path, name, model, version string }{
		{"POST", "/v2/models/iris/infer", "POST /v2/models/{model}/infer", "iris", ""},
		{"POST", "/v2/models/iris/versions/3/infer", "POST /v2/models/{model}/versions/{version}/infer", "iris", "3"},
		{"GET", "/v2/models/iris", "GET /v2/models/{model}", "iris", ""},
		{"GET", "/v2/models/iris/", "GET /v2/models/{model}", "iris", ""},
		{"GET", "/v2/models/iris/versions/3", "GET /v2/models/{model}/versions/{version}", "iris", "3"},
		{"POST", "/v2/models/iris/thumb/up", "POST /v2/models/{model}/{operation}", "iris", ""},
		{"GET", "/v2/models", "GET /v2/models", "", ""},
		{"GET", "/v2", "GET /v2", "", ""},
		{"POST", "/", "POST /", "", ""},
		{"POST", "/any/path", "POST", "", ""},
		{"BREW", "/v2", "HTTP /v2", "", ""},
	} {
		route, model, version := routeOf(tt.path)
		if name := spanName(tt.method, route); name != tt.name || model != tt.model || version != tt.version {
			t.Errorf("%s %s: %q, model %q, version %q", tt.method, tt.path, name, model, version)
		}
	}
}

// FuzzRoute checks that what is sent names one of few routes.
func FuzzRoute(f *testing.F) {
	for _, s := range []string{"/v2/models/a/infer", "/v2/models//versions//", "/v2/models/a/versions/1/ready", "\xff"} {
		f.Add(s)
	}
	literal := map[string]bool{"": true, "v2": true, "models": true, "versions": true, "{model}": true, "{version}": true, "{operation}": true}
	f.Fuzz(func(t *testing.T, path string) {
		route, _, _ := routeOf(path)
		for _, part := range strings.Split(route, "/") {
			if !literal[part] && !operations[part] {
				t.Errorf("%q is in the route of %q", part, path)
			}
		}
	})
}

func TestClean(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"a\xffb", "a�b"},
		{strings.Repeat("x", maxText), strings.Repeat("x", maxText)},
		{strings.Repeat("x", maxText+1), strings.Repeat("x", maxText) + "…"},
		{strings.Repeat("x", maxText-1) + "é", strings.Repeat("x", maxText-1) + "…"},
		{strings.Repeat("\x80", 2*maxText), "�…"},
	} {
		if got := clean(tt.in); got != tt.want || !utf8.ValidString(got) {
			t.Errorf("%.20q: %q", tt.in, got)
		}
	}
}
