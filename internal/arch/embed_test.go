package arch

import (
	"regexp"
	"strings"
	"testing"
)

// heavy are the modules that a program links only by importing what needs them: a
// database, a server of streams, the command's own.
var heavy = regexp.MustCompile(`^(modernc\.org/|github\.com/(pressly/goose|jackc/pgx|nats-io|redis|alecthomas/kong)(/|$)|gocloud\.dev/)`)

// TestEmbedding: what a Go program imports for a server of models links none of
// what that server does not need.
func TestEmbedding(t *testing.T) {
	all := packages(t)
	from := map[string]string{module: ""} // who imports it
	for queue := []string{module}; len(queue) > 0; queue = queue[1:] {
		path := queue[0]
		if heavy.MatchString(path) {
			var way []string
			for p := path; p != ""; p = from[p] {
				way = append(way, short(p))
			}
			t.Errorf("the root package links %s", strings.Join(way, ", which is imported by "))
			continue
		}
		for _, imp := range all[path].Imports {
			if _, known := from[imp]; !known {
				from[imp] = path
				queue = append(queue, imp)
			}
		}
	}
	if len(from) < 100 {
		t.Errorf("only %d packages were looked at", len(from))
	}
}
