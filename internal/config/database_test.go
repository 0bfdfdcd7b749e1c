package config

import (
	"strings"
	"testing"
)

func TestDatabase(t *testing.T) {
	for text, want := range map[string]string{
		"sqlite:///var/lib/leat.db":             "",
		"sqlite:leat.db":                        "",
		"postgres://leat@db.example/leat":       "",
		"postgresql://u:p%40@h:1/d?sslmode=off": "",
		"postgres:///d?host=/run/postgresql":    "",
		"sqlite://leat.db":                      "sqlite:///path",
		"sqlite:///":                            "sqlite:///path",
		"sqlite:///x?mode=ro":                   "sqlite:///path",
		"postgres:leat":                         "postgres://user@host/name",
		"/var/lib/leat.db":                      "it is sqlite:///path or postgres://",
		"":                                      "it is sqlite:///path or postgres://",
		"postgres://u:s3cret%zz@h/d":            "the URL cannot be read",
	} {
		s, problems := ParseSpec("s.yaml", []byte("models: m\ndatabase: '"+text+"'\n"), Options{})
		switch {
		case want == "" && (len(problems) > 0 || s.Database != text):
			t.Errorf("%s: %q, problems %v", text, s.Database, problems)
		case want != "" && (len(problems) != 1 || problems[0].Warning || !strings.Contains(problems[0].Msg, want) || strings.Contains(problems[0].Msg, "s3cret")):
			t.Errorf("%s: problems %v, want %s", text, problems, want)
		}
	}
	if s, problems := ParseSpec("s.yaml", []byte("models: m\ndatabase: null\ntrack_models: true\n"), Options{}); len(problems) > 0 || !s.TrackModels || s.Database != "" {
		t.Errorf("%+v, problems %v", s, problems)
	}
}
