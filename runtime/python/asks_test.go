package python

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// A logBook is a log that can be read while it is written.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) has(text string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Contains(b.text.String(), text)
}

func TestDataItem(t *testing.T) {
	c := testCode(t)
	c.Folder = "testdata"
	c.Paths = []string{"models.py"}
	m := startModel(t, c, "Reads", nil)
	if got, err := answerOf(m, `{"inputs": [1]}`); err != nil || got != `["a note"]` {
		t.Errorf("answer %s, error %v", got, err)
	}
	l := load(t, c)
	if _, err := l.dataItem(nil, "s3://bucket/x"); err == nil || !strings.Contains(err.Error(), "brings no files from elsewhere") {
		t.Errorf("error %v", err)
	}
	env := &catalog.Env{Fetch: func(_ context.Context, url string) (string, error) { return "/brought/" + url[5:], nil }}
	if got, err := l.dataItem(env, "s3://bucket/x"); err != nil || got["file"] != "/brought/bucket/x" {
		t.Errorf("%v, error %v", got, err)
	}
	for url, want := range map[string]string{
		"s3://bucket/x": "bring s3://bucket/x: no route", "no_such_file": "there is no such file", "file://%zz": "bring file://%zz: no route",
	} {
		env := &catalog.Env{Fetch: func(_ context.Context, url string) (string, error) {
			return "", fmt.Errorf("bring %s: no route", url)
		}}
		if _, err := l.dataItem(env, url); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", url, err, want)
		}
	}
}

// TestArtifact has a model open its file, which the model server finds.
func TestArtifact(t *testing.T) {
	_, set := join(t, load(t, testCode(t)))
	s, err := set.Lookup("Opens").New(catalog.Args{Name: "m", Class: "Opens"})
	if err != nil {
		t.Fatal(err)
	}
	m := s.(served).Model
	mc := serve.NewModelContext(serve.ModelOptions{Open: func(_ context.Context, path, suffix string) (*serve.Artifact, error) {
		if path != "store://models/p/m" || suffix != ".txt" {
			t.Errorf("opened %s with %s", path, suffix)
		}
		return &serve.Artifact{File: "testdata/note.txt", Parameters: map[string]any{"k": 1}}, nil
	}})
	mc.Name, mc.Path = "m", "store://models/p/m"
	if err := m.Load(t.Context(), mc); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close(context.Background()) }()
	if got, err := answerOf(m, `{"inputs": [1]}`); err != nil || got != `["a note",null]` {
		t.Errorf("answer %s, error %v", got, err)
	}
	if k, ok := mc.Param("k"); !ok || k != 1 {
		t.Errorf("the artifact's parameter is %v", k)
	}
}

func TestPushError(t *testing.T) {
	book := &logBook{}
	c := testCode(t)
	c.Logger = slog.New(slog.NewTextHandler(book, nil))
	g, set := join(t, load(t, c))
	s, err := set.Lookup("Errs").New(catalog.Args{Name: "e", Class: "Errs"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close(context.Background()) }()
	if _, err := s.Do(t.Context(), serve.NewEvent(serve.Target{}, []byte("1"))); err != nil {
		t.Fatal(err)
	}
	await(t, "the error in the log", func() bool { return book.has(`source=Errs error="it went wrong"`) })
}

// TestOutput has what the code prints in the log, with the model that did.
func TestOutput(t *testing.T) {
	book := &logBook{}
	c := testCode(t)
	c.Logger = slog.New(slog.NewTextHandler(book, nil))
	m := startModel(t, c, "Prints", nil)
	await(t, "what is left out", func() bool { // it is told of behind a line that is logged again
		if _, err := answerOf(m, `{"inputs": [20]}`); err != nil {
			t.Fatal(err)
		}
		return book.has("are not logged: there are too many")
	})
	await(t, "lines of stderr", func() bool { return book.has(`msg=short model=m`) && book.has("stream=stderr") })
	await(t, "a long line, cut", func() bool { return book.has("msg=" + strings.Repeat("x", lineLimit) + " ") })
}
