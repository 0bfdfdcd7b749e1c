package python

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/serve"
)

// testCode is the code in testdata.
func testCode(tb testing.TB, paths ...string) *Code {
	tb.Helper()
	if len(paths) == 0 {
		paths = []string{filepath.Join("testdata", "models.py")}
	}
	var w io.Writer = io.Discard
	if testing.Verbose() {
		w = tb.Output()
	}
	return &Code{Paths: paths, Logger: slog.New(slog.NewTextHandler(w, nil)), Serve: bare}
}

// bare takes the place of the model server.
func bare(_ catalog.Args, m serve.Model) (serve.Step, error) { return served{m.(*Model)}, nil }

// served is a model that is no step.
type served struct{ *Model }

func (served) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }

func load(tb testing.TB, c *Code, names ...string) *Loaded {
	tb.Helper()
	l, err := c.Load(context.Background(), names)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// join is a group of the code in a catalog of its own.
func join(tb testing.TB, l *Loaded) (*Group, *catalog.Set) {
	tb.Helper()
	set := &catalog.Set{}
	env := &catalog.Env{Logger: l.logger()}
	g, ok := l.Join(set, env).(*Group)
	if !ok {
		tb.Fatal("no group")
	}
	return g, set
}

// startModel loads a model of a class, and closes it at the end.
func startModel(tb testing.TB, c *Code, class string, args map[string]any) *Model {
	tb.Helper()
	m, err := tryModel(tb, c, class, args)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func tryModel(tb testing.TB, c *Code, class string, args map[string]any) (*Model, error) {
	tb.Helper()
	_, set := join(tb, load(tb, c))
	entry := set.Lookup(class)
	if entry == nil {
		tb.Fatalf("there is no class %s", class)
	}
	s, err := entry.New(catalog.Args{Name: "m", Class: class, Written: args, Values: args})
	if err != nil {
		return nil, err
	}
	m := s.(served).Model
	mc := serve.NewModelContext(serve.ModelOptions{Args: args})
	mc.Name, mc.Logger = "m", c.Logger.With("model", "m")
	if err := m.Load(context.Background(), mc); err != nil {
		return nil, err
	}
	tb.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return m, nil
}

// rows is a request in MLRun's dialect.
func rows(body string) *serve.Request {
	return &serve.Request{ID: "r", Op: "infer", Body: serve.RawBody([]byte(body))}
}

// await waits until something is so.
func await(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "leat-python-test")
	if err != nil {
		panic(err)
	}
	_ = os.Setenv("XDG_CACHE_HOME", dir)
	if os.Getenv(serverVariable) != "" {
		beServer() // until it is killed
	}
	parting, quickWord = 2*time.Minute, time.Second
	code := m.Run()
	_ = os.RemoveAll(dir)
	if code == 0 {
		if err := leaktest.Left(); err != nil {
			panic(err)
		}
	}
}
