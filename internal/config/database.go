package config

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config/document"
)

// database reads the URL of the database. Problems do not repeat it: there may be
// a password in it.
func (r *reader) database(s *graph.Spec, f *document.Field) {
	r.text(&s.Database)(f)
	if f.Value.Kind != document.String {
		return
	}
	if what := badDatabase(s.Database); what != "" {
		r.problem(f.Value.Pos, "database: %s", what)
		s.Database = ""
	}
}

// artifacts reads where models are pushed to. A relative path is beside the spec.
func (r *reader) artifacts(s *graph.Spec, f *document.Field) {
	r.text(&s.Artifacts)(f)
	if f.Value.Kind != document.String {
		return
	}
	scheme, rest, isURL := strings.Cut(s.Artifacts, "://")
	switch {
	case !isURL && s.Artifacts != "" && !filepath.IsAbs(s.Artifacts):
		s.Artifacts = filepath.Join(filepath.Dir(r.file), s.Artifacts)
	case isURL && (rest == "" || !slices.Contains([]string{"file", "s3", "gs", "azblob"}, scheme)):
		r.problem(f.Value.Pos, "artifacts: models are pushed to a folder, or to s3://bucket/path, gs://bucket/path or azblob://container/path")
		s.Artifacts = ""
	}
}

// badDatabase says what is wrong with the URL of a database; "" if nothing is.
func badDatabase(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "the URL cannot be read; special characters in a password are written as %40, for example"
	}
	switch u.Scheme {
	case "sqlite":
		if u.Host != "" || u.User != nil || strings.Trim(u.Path+u.Opaque, "/") == "" || u.RawQuery != "" || u.Fragment != "" {
			return "a SQLite file is sqlite:///path, or sqlite:path in the working folder"
		}
	case "postgres", "postgresql":
		if u.Opaque != "" {
			return "a PostgreSQL database is postgres://user@host/name"
		}
	default:
		return "it is sqlite:///path or postgres://user@host/name"
	}
	return ""
}
