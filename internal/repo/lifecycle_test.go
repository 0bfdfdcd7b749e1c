package repo

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// TestAsync has models that load in the background while others serve.
func TestAsync(t *testing.T) {
	root := tree(t, map[string]string{"slow.fake": "FAKE good slow", "a.fake": "FAKE good a"})
	r, f := unstarted(t, root, func(e *catalog.Env) { e.Async = true })
	if got, want := answer(t, r, "slow"), "unavailable: model slow:1 is not ready yet: it has not been started"; got != want {
		t.Errorf("before Start: got %s, want %s", got, want)
	}
	letGo := f.hold("slow:1")
	defer letGo()
	if err := r.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	<-r.find("a", "").in.settled
	if got := answer(t, r, "a"); got != "a" {
		t.Errorf("beside a model that loads: got %s", got)
	}
	waiting := streamed(r, "slow")
	letGo()
	if got := <-waiting; got != "slow" {
		t.Errorf("an event that waits: got %s", got)
	}
}

// streamed sends an event of a stream, which waits for its model, and returns
// where its answer will be.
func streamed(r *Repository, model string) <-chan string {
	got := make(chan string, 1)
	step := r.Find(model, "")
	go func() {
		ev := serve.NewEvent(serve.Target{Method: "POST"}, []byte(`{"inputs":[1]}`))
		ev.Trigger.Kind = "kafka"
		if _, err := step.Do(context.Background(), ev); err != nil {
			got <- statusOf(err) + ": " + err.Error()
			return
		}
		got <- text(ev)
	}()
	return got
}

// TestEventsOutliveRepository has events wait for a model that is never loaded.
func TestEventsOutliveRepository(t *testing.T) {
	r, _ := unstarted(t, tree(t, map[string]string{"m.fake": good}), nil)
	early := streamed(r, "m")
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
	for _, answer := range []<-chan string{early, streamed(r, "m")} {
		if got, want := <-answer, "unavailable: model m:1 is not ready yet: it has been unloaded"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestStartTooLate has a start whose context has ended.
func TestStartTooLate(t *testing.T) {
	r, f := unstarted(t, tree(t, map[string]string{"a.fake": good, "b.fake": good}), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := f.loads.Load(); n != 0 {
		t.Errorf("%d models were loaded", n)
	}
	if got := <-streamed(r, "a"); !strings.HasPrefix(got, "unavailable") {
		t.Errorf("got %s", got)
	}
}

// TestFailuresAreLogged has the reasons of models that do not load in the log,
// each once.
func TestFailuresAreLogged(t *testing.T) {
	var log strings.Builder
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "seconds" {
			return slog.Attr{}
		}
		return a
	}})
	root := tree(t, map[string]string{"m/2/x": "FAKE bad torn", "ok.fake": good})
	r, _ := serving(t, root, func(e *catalog.Env) { e.Logger = slog.New(handler) })
	put(t, root, "m/2/x", "FAKE good again")
	if err := r.Load(context.Background(), "m"); err != nil {
		t.Error(err)
	}
	if err := r.Unload(context.Background(), "m"); err != nil {
		t.Error(err)
	}
	const want = `level=ERROR msg="model failed to load" model=m version=2 error="x: torn"
level=INFO msg="model loaded" model=m versions=1
level=INFO msg="model unloaded" model=m
`
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Error(diff)
	}
}

// TestStartEndsWithContext has a start that is given up while a model loads.
func TestStartEndsWithContext(t *testing.T) {
	root := tree(t, map[string]string{"a.fake": good, "b.fake": good, "c.fake": good, "slow.fake": good})
	r, f := unstarted(t, root, nil)
	letGo := f.hold("slow:1")
	defer letGo()
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan error)
	go func() { started <- r.Start(ctx) }()
	<-r.find("a", "").in.settled
	cancel()
	if err := <-started; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context was canceled", err)
	}
	if p := r.find("slow", "").in.phase(); p == v2.Ready || p == v2.Loading {
		t.Errorf("the model is %s", p)
	}
}

// TestCloseWhileLoading has a server that stops while models load in the
// background.
func TestCloseWhileLoading(t *testing.T) {
	files := map[string]string{}
	for _, name := range strings.Split("abcdefgh", "") {
		files[name+".fake"] = good
	}
	r, f := unstarted(t, tree(t, files), func(e *catalog.Env) { e.Async = true })
	for name := range files {
		t.Cleanup(f.hold(strings.TrimSuffix(name, ".fake") + ":1"))
	}
	if err := r.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got, want := answer(t, r, "a"), "unavailable: model a:1 is not ready yet: it has been unloaded"; got != want {
		t.Errorf("after Close: got %s, want %s", got, want)
	}
	if err := r.Load(context.Background(), "a"); serve.CodeOf(err) != serve.Unavailable {
		t.Errorf("Load after Close: got %v", err)
	}
	if err := r.Unload(context.Background(), "a"); serve.CodeOf(err) != serve.Unavailable {
		t.Errorf("Unload after Close: got %v", err)
	}
	if err := r.Start(context.Background()); err != nil {
		t.Errorf("Start after Close: %v", err)
	}
}

// TestCloseWaits has Close wait for a request, and for its context no longer.
func TestCloseWaits(t *testing.T) {
	r, f := serving(t, tree(t, map[string]string{"a.fake": "FAKE good a"}), nil)
	gate := make(chan struct{})
	got := make(chan string)
	go func() {
		answer, err := ask(context.WithValue(context.Background(), gateKey{}, gate), r, "a")
		if err != nil {
			answer = err.Error()
		}
		got <- answer
	}()
	<-gate // inside
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close with a request inside: got %v", err)
	}
	if f.open.Load() != 1 {
		t.Error("the model was closed with a request inside")
	}
	gate <- struct{}{}
	if answer := <-got; answer != "a" {
		t.Errorf("the request got %s", answer)
	}
	if err := r.Close(context.Background()); err != nil {
		t.Errorf("second Close: %v", err)
	}
}
