package sqliteurl

import (
	"net/url"
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	for text, want := range map[string]string{
		"sqlite:///var/x.db": "/var/x.db", "sqlite:x.db": "x.db", "sqlite:a/b%20c.db": "a/b c.db",
		"sqlite:///a%3Fb.db?table=t": "/a?b.db",
	} {
		if got, err := Path(parsed(t, text)); err != nil || got != want {
			t.Errorf("%s: %q, error %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"sqlite://x.db": "begins with /", "sqlite://user@/x.db": "begins with /", "sqlite:": "is missing", "sqlite:///": "is missing",
		"sqlite:///folder/": "is missing", "sqlite:///a%00b": "is missing", "sqlite:a%zz": "invalid escape",
	} {
		if got, err := Path(parsed(t, text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, error %v, want %q", text, got, err, want)
		}
	}
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
