package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// A fake is a runtime whose models are text files: "FAKE good text" answers
// with the text, "FAKE bad reason" does not load. It checks that models are
// used between loading and closing only.
type fake struct {
	mu     sync.Mutex
	held   map[string]chan struct{} // models that load when the channel is closed
	open   atomic.Int64             // models loaded and not closed
	loads  atomic.Int64
	misuse atomic.Int64 // predictions of closed models
	spec   serve.ModelSpec
}

func (f *fake) Load(ctx context.Context, a *serve.Artifact, spec serve.ModelSpec) (serve.Model, error) {
	f.loads.Add(1)
	data, err := os.ReadFile(a.File)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	gate := f.held[spec.Name+":"+spec.Version]
	f.spec = spec
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	words := strings.SplitN(strings.TrimSpace(string(data)), " ", 3)
	if len(words) != 3 || words[1] != "good" {
		return nil, errors.New(words[len(words)-1])
	}
	f.open.Add(1)
	return &fakeModel{f: f, text: words[2]}, nil
}

// hold keeps a version from loading until the function it returns is called.
func (f *fake) hold(label string) (letGo func()) {
	gate := make(chan struct{})
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held[label] = gate
	return sync.OnceFunc(func() { close(gate) })
}

type fakeModel struct {
	f      *fake
	text   string
	closed atomic.Bool
}

// Predict answers with the text.
func (m *fakeModel) Predict(ctx context.Context, req *serve.Request) (any, error) {
	if gate, ok := ctx.Value(gateKey{}).(chan struct{}); ok {
		gate <- struct{}{} // inside
		<-gate             // let go
	}
	if m.closed.Load() {
		m.f.misuse.Add(1)
		return nil, errors.New("the model is closed")
	}
	return []any{m.text}, nil
}

// gateKey is the key in a request's context of a channel that its model sends
// to when it is inside and then receives from.
type gateKey struct{}

func (m *fakeModel) Close(context.Context) error {
	if m.closed.Swap(true) {
		m.f.misuse.Add(1)
		return errors.New("closed twice")
	}
	m.f.open.Add(-1)
	if m.text == "explosive" {
		panic("boom")
	}
	return nil
}

// fakes is a catalog with the runtimes "fake" (.fake) and "other" (.other), and
// the first of them.
func fakes() (*catalog.Set, *fake) {
	f := &fake{held: map[string]chan struct{}{}}
	set := &catalog.Set{}
	for name, magic := range map[string]string{"fake": "FAKE ", "other": "OTHER "} {
		set.AddRuntime(catalog.RuntimeEntry{
			Name: name, Suffix: "." + name, Runtime: f,
			Detect: func(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) },
		})
	}
	return set, f
}

// tree writes files below a new folder: path to content. A path that ends in a
// slash is a folder, a content that begins with "-> " the target of a link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for path, content := range files {
		put(t, root, path, content)
	}
	return root
}

func put(t testing.TB, root, path, content string) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(path))
	dir := filepath.Dir(full)
	if strings.HasSuffix(path, "/") {
		dir = full
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	target, link := strings.CutPrefix(content, "-> ")
	var err error
	switch {
	case dir == full:
	case link:
		err = os.Symlink(target, full)
	default:
		err = os.WriteFile(full, []byte(content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, root, path string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(root, filepath.FromSlash(path))); err != nil {
		t.Fatal(err)
	}
}

// serving returns a started repository that the test closes, and its runtime.
// edit changes the environment.
func serving(t *testing.T, root string, edit func(*catalog.Env)) (*Repository, *fake) {
	t.Helper()
	r, f := unstarted(t, root, edit)
	if err := r.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r, f
}

func unstarted(t *testing.T, root string, edit func(*catalog.Env)) (*Repository, *fake) {
	t.Helper()
	set, f := fakes()
	env := &catalog.Env{Open: artifact.Open}
	if edit != nil {
		edit(env)
	}
	r, err := New(root, Options{Catalog: set, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
		if n := f.open.Load(); n != 0 {
			t.Errorf("%d models are open after Close", n)
		}
		if n := f.misuse.Load(); n != 0 {
			t.Errorf("%d uses of closed models", n)
		}
	})
	return r, f
}

// ask sends an inference to a model, "name" or "name:version", through a router
// and returns what the model answered: its text, or the error.
func ask(ctx context.Context, r *Repository, model string) (string, error) {
	router := v2.NewRouter(v2.RouterConfig{}, r)
	name, version, _ := strings.Cut(model, ":")
	target := serve.Target{Method: "POST", Model: name, Version: version, Operation: "infer"}
	ev := serve.NewEvent(target, []byte(`{"inputs":[1]}`))
	if _, err := router.Do(ctx, ev); err != nil {
		return "", err
	}
	return text(ev), nil
}

// text is what the model of ev answered.
func text(ev *serve.Event) string {
	v, _ := ev.Body.Value()
	return strings.Trim(fmt.Sprintf("%s", v.(*serve.Response).Outputs), `[]"`)
}

// answer is what ask returns, as one text.
func answer(t *testing.T, r *Repository, model string) string {
	t.Helper()
	got, err := ask(context.Background(), r, model)
	if err != nil {
		return fmt.Sprintf("%v: %v", statusOf(err), err)
	}
	return got
}

func statusOf(err error) string {
	switch serve.CodeOf(err) {
	case serve.NotFound:
		return "not found"
	case serve.Unavailable:
		return "unavailable"
	case serve.Internal:
		return "internal"
	case serve.Canceled, serve.Timeout:
		return "canceled"
	}
	return fmt.Sprint("code ", serve.CodeOf(err))
}

// listing is the table of states as people see it, with paths from the root.
func listing(r *Repository) string {
	var b strings.Builder
	for _, i := range r.Status() {
		mark, reason := " ", ""
		if i.Default {
			mark = "*"
		}
		if i.Err != nil {
			reason = i.Err.Error()
		}
		path, err := filepath.Rel(r.root, i.Path)
		if err != nil {
			path = i.Path
		}
		line := fmt.Sprintf("%-8s %-2s%s %-6s %-9s %-20s %s", i.Name, i.Version, mark, i.Runtime, i.Phase, filepath.ToSlash(path), reason)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
