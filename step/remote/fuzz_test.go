package remote

import (
	"strings"
	"testing"
)

// FuzzPath wants the path of an event never to lead anywhere but below the URL
// of the step.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"", "/", "/a/b", "/../x", "//evil/x", "/a?b#c", "/%2e%2e/x", "\x00\n ö", "/a/./../../..", "@host", `\..\x`} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		u, err := parseURL("http://host/base/" + below(p))
		if err != nil {
			t.Fatalf("%q: %v", p, err)
		}
		if u.Host != "host" || u.RawQuery != "" || !strings.HasPrefix(u.RequestURI(), "/base/") || strings.Contains(u.Path+"/", "/../") {
			t.Errorf("%q leads to %s", p, u)
		}
	})
}

// FuzzURL wants no panic, and no URL without a host, from any text.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"http://a", "https://u:p@a:80/x?y#z", "//a", "http:a", "http://[::1", "HTTP://A", "http://a b", "f:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := parseURL(s)
		if err != nil {
			return
		}
		if u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%q is taken for %s", s, u)
		}
		_ = shown(u)
		_ = hosts{"*.example.com", "a"}.check(u)
	})
}
