package conformance

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/leat-ml/leat"
)

var (
	fileInDocs   = regexp.MustCompile("(?s)```(?:python|yaml)\\n# (\\S+)\\n(.*?)```")
	streamInDocs = regexp.MustCompile("(?s)```sh\\ncurl (?:-N )?localhost:8080(\\S+) -d '([^\\n]*)'\\n```\\n\\n```\\n(.*?)```")
)

// TestExamplesOfStreaming serves the files of docs/streaming.md and sends what is sent
// there, which has to be answered as it is there, to the byte.
func TestExamplesOfStreaming(t *testing.T) {
	text, err := os.ReadFile("../docs/streaming.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range fileInDocs.FindAllStringSubmatch(string(text), -1) {
		if err := os.WriteFile(filepath.Join(dir, f[1]), []byte("# "+f[1]+"\n"+f[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec, err := leat.ReadSpec(filepath.Join(dir, "server.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, url := start(t, spec, &leat.Options{Code: pythonCode(t, filepath.Join(dir, "writer.py"))})
	examples := streamInDocs.FindAllStringSubmatch(string(text), -1)
	if len(examples) < 4 {
		t.Fatalf("found %d examples", len(examples))
	}
	for _, e := range examples {
		r, err := http.Post(url+e[1], "application/json", strings.NewReader(e[2]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || strings.TrimRight(string(got), "\n") != strings.TrimRight(e[3], "\n") {
			t.Errorf("%s %s\n%s%v\nwant\n%s", e[1], e[2], got, err, e[3])
		}
	}
}
