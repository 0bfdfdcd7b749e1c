package repo

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything is a repository with a model in every state.
var everything = map[string]string{
	"churn.fake":            "FAKE good churn",
	"fraud/model.yaml":      "labels: {stable: 1, next: 2}\ndefault: stable",
	"fraud/1/model.fake":    "FAKE good fraud one",
	"fraud/2/model.fake":    "FAKE good fraud two",
	"multi/9/x":             "FAKE good nine",
	"multi/10/x":            "FAKE good ten",
	"half/1/x":              "FAKE good half",
	"half/2/x":              "FAKE bad the file is torn",
	"empty/1/":              "",
	"typo/model.yaml":       "lables: {}",
	"typo/1/x":              "FAKE good never",
	"triton/config.pbtxt":   "",
	"twice.fake":            "FAKE good never",
	"twice/x":               "FAKE good never",
	"iris/model_spec.yaml":  "kind: model\nspec: {model_file: m.fake, parameters: {classes: 3}}",
	"iris/m.fake":           "FAKE good iris",
	"README.md":             "# Models",
	"notebooks/train.ipynb": "{}",
}

func TestStatus(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	got := listing(r)
	file := filepath.Join("testdata", "status.golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestAnswers(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	for _, c := range []struct{ model, want string }{
		{"churn", "churn"},
		{"churn:1", "churn"},
		{"churn:2", "not found: model churn:2 doesnt exist, available models: churn | empty | fraud | half | iris | multi | triton | twice | typo"},
		{"fraud", "fraud one"},
		{"fraud:1", "fraud one"},
		{"fraud:2", "fraud two"},
		{"fraud:stable", "fraud one"},
		{"fraud:next", "fraud two"},
		{"multi", "ten"},
		{"multi:9", "nine"},
		{"iris", "iris"},
		{"half:1", "half"},
		{"half", "unavailable: model half:2 is not ready yet: x: the file is torn"},
		{"empty", "unavailable: model empty:1 is not ready yet: folder empty/1: there is no model in it that a runtime of this server knows (fake, other)"},
		{"typo", `unavailable: model typo is not ready yet: typo/model.yaml:1:1: unknown key "lables" (did you mean "labels"?)`},
		{"typo:1", `unavailable: model typo is not ready yet: typo/model.yaml:1:1: unknown key "lables" (did you mean "labels"?)`},
		{"twice", "unavailable: model twice is not ready yet: 2 models have this name: twice.fake and twice; rename all but one"},
		{"nobody", "not found: model nobody doesnt exist, available models: churn | empty | fraud | half | iris | multi | triton | twice | typo"},
		{"../churn", "not found: model ../churn doesnt exist, available models: churn | empty | fraud | half | iris | multi | triton | twice | typo"},
	} {
		if got := answer(t, r, c.model); got != c.want {
			t.Errorf("%s: got %s, want %s", c.model, got, c.want)
		}
	}
	if r.Find("nobody", "") != nil || r.Find("churn", "7") != nil {
		t.Error("found something that is not there")
	}
}

func TestNames(t *testing.T) {
	r, _ := serving(t, tree(t, map[string]string{"b.fake": good, "a/1/x": good, "a/2/x": good, "c/1/": ""}), nil)
	if got, want := r.Names(), []string{"a", "b", "c"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestMLRunNames has MLRun's contract, where a model with versions is not found
// without one.
func TestMLRunNames(t *testing.T) {
	root := tree(t, map[string]string{"b.fake": "FAKE good b", "a/model.yaml": "labels: {x: 1}", "a/1/x": "FAKE good a"})
	r, _ := serving(t, root, func(e *catalog.Env) { e.MLRun = true })
	if r.Find("a", "") != nil {
		t.Error("a is found without a version")
	}
	for model, want := range map[string]string{"b": "b", "b:1": "b", "a:1": "a", "a:x": "a"} {
		if got := answer(t, r, model); got != want {
			t.Errorf("%s: got %s, want %s", model, got, want)
		}
	}
}

// get sends a GET for a model's metadata or another operation of it.
func get(t *testing.T, r *Repository, model, op string) any {
	t.Helper()
	ev := serve.NewEvent(serve.Target{Method: "GET", Model: model, Operation: op}, nil)
	if _, err := v2.NewRouter(v2.RouterConfig{}, r).Do(context.Background(), ev); err != nil {
		return err.Error()
	}
	if raw, ok := ev.Body.Raw(); ok {
		text, _, _ := strings.Cut(string(raw), " (")
		return text
	}
	v, _ := ev.Body.Value()
	return v
}

func TestMetadataListsVersions(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	o := get(t, r, "multi", "").(*serve.Object)
	version, _ := o.Value("version")
	versions, _ := o.Value("versions")
	if diff := cmp.Diff([]any{"10", []string{"9", "10"}}, []any{version, versions}); diff != "" {
		t.Error(diff)
	}
}

func TestReady(t *testing.T) {
	r, _ := serving(t, tree(t, everything), nil)
	for model, want := range map[string]string{
		"churn": "Model churn is ready",
		"half":  "model not ready: x: the file is torn",
	} {
		if got := get(t, r, model, "ready"); got != want {
			t.Errorf("%s: got %v, want %s", model, got, want)
		}
	}
}

// TestSettingsReachTheRuntime has model.yaml's parameters and schema where the
// runtime looks for them.
func TestSettingsReachTheRuntime(t *testing.T) {
	root := tree(t, map[string]string{"m/x": good, "m/model.yaml": `
parameters: {output: margin, n: 3}
inputs: [{name: rows, datatype: FP32, shape: [-1, 4]}]
outputs: [{name: y, datatype: FP64, shape: [-1]}]
`})
	r, f := serving(t, root, func(e *catalog.Env) { e.Params = map[string]any{"n": int64(2), "of": "server"} })
	if st := r.Status(); st[0].Phase != v2.Ready {
		t.Fatal(st[0].Err)
	}
	want := serve.ModelSpec{
		Name: "m", Version: "1",
		Parameters: map[string]any{"output": "margin", "n": int64(3), "of": "server"},
		Inputs:     []serve.TensorSpec{{Name: "rows", Datatype: serve.FP32, Shape: []int{-1, 4}}},
		Outputs:    []serve.TensorSpec{{Name: "y", Datatype: serve.FP64, Shape: []int{-1}}},
	}
	if diff := cmp.Diff(want, f.spec); diff != "" {
		t.Error(diff)
	}
}

func TestNewFindsNothing(t *testing.T) {
	set, _ := fakes()
	var nothing *NothingError
	if _, err := New(t.TempDir(), Options{Catalog: set}); !errors.As(err, &nothing) {
		t.Errorf("got %v, want a NothingError", err)
	}
}

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
		defer f.hold(strings.TrimSuffix(name, ".fake") + ":1")()
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

// observer is a recorder that remembers the last state of every version, and
// what was counted.
type observer struct {
	mu     sync.Mutex
	states map[string][]v2.Phase
	counts map[string]int
}

func newObserver() *observer {
	return &observer{states: map[string][]v2.Phase{}, counts: map[string]int{}}
}

func (o *observer) Record(r serve.Record) { o.count("record " + r.Model + ":" + r.Version) }

func (o *observer) count(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counts[what]++
}

func (o *observer) Model(name, version string) v2.Metrics { return counter{o, name + ":" + version} }

func (o *observer) ModelState(name, version string, st v2.Status) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.states[name+":"+version] = append(o.states[name+":"+version], st.Phase)
}

// heard takes what was heard of a version.
func (o *observer) heard(label string) []v2.Phase {
	o.mu.Lock()
	defer o.mu.Unlock()
	got := o.states[label]
	delete(o.states, label)
	return got
}

type counter struct {
	o     *observer
	label string
}

func (c counter) Begin() {}

func (c counter) End(_ string, code serve.Code, _ time.Duration) {
	c.o.count(fmt.Sprintf("%s %d", c.label, code))
}

// TestObserver has an observer hear of what serves, not of what replaces it.
func TestObserver(t *testing.T) {
	root := tree(t, map[string]string{"m/1/x": "FAKE good one"})
	o := newObserver()
	r, _ := serving(t, root, func(e *catalog.Env) { e.Recorder = o })
	expect := func(label string, want ...v2.Phase) {
		t.Helper()
		if diff := cmp.Diff(want, o.heard(label)); diff != "" {
			t.Errorf("%s: %s", label, diff)
		}
	}
	expect("m:1", v2.Pending, v2.Loading, v2.Ready)
	answer(t, r, "m")
	put(t, root, "m/2/x", "FAKE bad no")
	if err := r.Load(context.Background(), "m"); err == nil {
		t.Error("a version that does not load is no error")
	}
	expect("m:1")
	expect("m:2")
	put(t, root, "m/2/x", "FAKE good two")
	remove(t, root, "m/1")
	if err := r.Load(context.Background(), "m"); err != nil {
		t.Error(err)
	}
	expect("m:1", v2.Closed)
	expect("m:2", v2.Ready)
	answer(t, r, "m")
	if err := r.Unload(context.Background(), "m"); err != nil {
		t.Error(err)
	}
	expect("m:2", v2.Closed)
	answer(t, r, "m")
	want := map[string]int{
		"record m:1": 1, "m:1 -1": 1, "record m:2": 2, "m:2 -1": 1, fmt.Sprintf("m:2 %d", serve.Unavailable): 1,
	}
	if diff := cmp.Diff(want, o.counts); diff != "" {
		t.Error(diff)
	}
}
