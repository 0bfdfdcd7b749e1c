package conformance

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// stated is the class Answer of docs/ensembles.md.
type stated struct{ base }

func (m *stated) Predict(context.Context, *serve.Request) (any, error) {
	if text, ok := m.ctx.Param("fails"); ok {
		return nil, errors.New(text.(string))
	}
	says, _ := m.ctx.Param("says")
	return says, nil
}

// TestExamplesOfEnsembles serves every spec of docs/ensembles.md and sends it the
// requests behind it.
func TestExamplesOfEnsembles(t *testing.T) {
	text, err := os.ReadFile("../docs/ensembles.md")
	if err != nil {
		t.Fatal(err)
	}
	set := catalog.Default.Clone()
	set.Add(v2.Class("Echo", func() serve.Model { return &echoReq{} }))
	set.Add(v2.Class("Answer", func() serve.Model { return &stated{} }))
	requests := 0
	folder := t.TempDir()
	if table := regexp.MustCompile("(?s)```csv\n(.*?)```").FindSubmatch(text); table == nil {
		t.Error("there is no table")
	} else if err := os.WriteFile(filepath.Join(folder, "customers.csv"), table[1], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```.*?\n```\n((?:POST|GET) .*?)```").FindAllSubmatch(text, -1) {
		written := bytes.ReplaceAll(block[1], []byte("${FOLDER}"), []byte(folder))
		spec, problems := config.ParseSpec("server.yaml", written, config.Options{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		srv, _ := start(t, spec, &leat.Options{Catalog: set})
		for _, example := range strings.Split(strings.TrimSpace(string(block[2])), "\n\n") {
			requests++
			question, want, _ := strings.Cut(example, "\n")
			if d := cmp.Diff(tidy(want), tidy(asked(t, srv, question))); d != "" {
				t.Errorf("%s (-docs +leat):\n%s", question, d)
			}
		}
	}
	if requests != 8 {
		t.Errorf("found %d requests, want 8", requests)
	}
}

// asked sends a request as the document writes it.
func asked(t *testing.T, srv *leat.Server, question string) string {
	t.Helper()
	method, rest, _ := strings.Cut(question, " ")
	path, body, _ := strings.Cut(rest, " ")
	ev, err := srv.Serve(t.Context(), serve.NewEvent(serve.Target{Method: method, Path: path}, []byte(body)))
	if err != nil {
		return "error: " + err.Error()
	}
	text, err := oip.AppendBody(nil, ev.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// tidy leaves out what JSON does not tell apart.
func tidy(text string) string {
	return strings.NewReplacer(" ", "", ".0]", "]", ".0,", ",").Replace(text)
}
