package v2_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// traced notes which of its hooks ran.
type traced struct {
	mu    sync.Mutex
	calls []string
	fail  string // the hook that fails
	crash string // the hook that panics
}

var errHook = errors.New("no")

func (m *traced) note(hook string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, hook)
	if m.crash == hook {
		panic("secret")
	}
	if m.fail == hook {
		return errHook
	}
	return nil
}

func (m *traced) Load(context.Context, *serve.ModelContext) error { return m.note("load") }
func (m *traced) Warm(context.Context) error                      { return m.note("warm") }
func (m *traced) Close(context.Context) error                     { return m.note("close") }

func (m *traced) Preprocess(_ context.Context, req *serve.Request) (*serve.Request, error) {
	return req, m.note("preprocess")
}

func (m *traced) ValidateRequest(context.Context, *serve.Request) error { return m.note("validate") }

func (m *traced) Predict(context.Context, *serve.Request) (any, error) { return 1, m.note("predict") }

func (m *traced) Explain(context.Context, *serve.Request) (any, error) { return 2, m.note("explain") }

func (m *traced) Postprocess(_ context.Context, r *serve.Response) (*serve.Response, error) {
	return r, m.note("postprocess")
}

func (m *traced) LogResult(*serve.Request, *serve.Response) (inputs, outputs any) {
	_ = m.note("log")
	return "chosen in", "chosen out"
}

func (m *traced) Operation(name string) func(context.Context, *serve.Event) (any, error) {
	if name != "myop" {
		return nil
	}
	return func(context.Context, *serve.Event) (any, error) { return 3, m.note("myop") }
}

// kept keeps the records.
type kept struct {
	mu      sync.Mutex
	records []serve.Record
}

func (k *kept) Record(r serve.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records = append(k.records, r)
}

func TestHookOrder(t *testing.T) {
	for op, want := range map[string][]string{
		"infer":   {"load", "warm", "preprocess", "validate", "predict", "postprocess", "log"},
		"predict": {"load", "warm", "preprocess", "validate", "predict", "postprocess", "log"},
		"explain": {"load", "warm", "preprocess", "validate", "explain", "postprocess", "log"},
		"myop":    {"load", "warm", "myop"},
	} {
		m, rec := &traced{}, &kept{}
		s := started(t, v2.Config{Name: "m:v1", Model: m, Env: &catalog.Env{Recorder: rec}})
		if _, err := do(t.Context(), s, op, `{"id":"i","inputs":[1]}`); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, m.calls); d != "" {
			t.Errorf("%s (-want +got):\n%s", op, d)
		}
		if op == "myop" {
			if len(rec.records) != 0 {
				t.Errorf("a custom operation was recorded")
			}
			continue
		}
		if len(rec.records) != 1 {
			t.Fatalf("%s: %d records, want 1", op, len(rec.records))
		}
		r := rec.records[0]
		if r.Model != "m" || r.Version != "v1" || r.Op != op || r.Chosen.Inputs != "chosen in" || r.Chosen.Outputs != "chosen out" || r.Request.ID != "i" || r.Response().Outputs != any(map[bool]int{false: 1, true: 2}[op == "explain"]) {
			t.Errorf("%s: record %+v", op, r)
		}
	}
}

func TestHookFailures(t *testing.T) {
	for _, hook := range []string{"preprocess", "validate", "predict", "postprocess"} {
		rec := &kept{}
		m := &traced{fail: hook}
		s := started(t, v2.Config{Name: "m", Model: m, Env: &catalog.Env{Recorder: rec, Graph: "g"}})
		_, err := do(t.Context(), s, "infer", `{"inputs":[1]}`)
		doing := strings.Replace(hook, "predict", "infer", 1)
		if err == nil || err.Error() != "graph g: model m: "+doing+": no" || !errors.Is(err, errHook) || serve.CodeOf(err) != serve.Internal {
			t.Errorf("%s: error %v (%v)", hook, err, serve.CodeOf(err))
		}
		if len(rec.records) != 1 || rec.records[0].Err == nil || rec.records[0].Response() != nil {
			t.Errorf("%s: records %+v, want one with the error", hook, rec.records)
		}
	}
	for _, hook := range []string{"preprocess", "validate", "predict", "postprocess", "log"} {
		s := started(t, v2.Config{Name: "m", Model: &traced{crash: hook}, Env: &catalog.Env{Recorder: &kept{}}})
		_, err := do(t.Context(), s, "infer", `{"inputs":[1]}`)
		if hook == "log" {
			if err != nil {
				t.Errorf("a crash while choosing what to record failed the request: %v", err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "panicked") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want one without the panic's value", hook, err)
		}
	}
}

func TestLoadFailures(t *testing.T) {
	for _, m := range []*traced{{fail: "load"}, {fail: "warm"}, {crash: "load"}} {
		s, err := v2.New(v2.Config{Name: "m", Model: m})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Start(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "failed to load model m: ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("start: %v", err)
		}
		if st := s.Status(); st.Phase != v2.Failed || st.Err == nil {
			t.Errorf("status %+v, want failed", st)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestLoadedObject gives a model instead of a path.
func TestLoadedObject(t *testing.T) {
	m := &traced{}
	s := started(t, v2.Config{Name: "m", Model: m, Loaded: true})
	if _, err := do(t.Context(), s, "infer", `{"inputs":[1]}`); err != nil {
		t.Fatal(err)
	}
	if m.calls[0] != "warm" {
		t.Errorf("calls %v, want no load", m.calls)
	}
	step, err := v2.Object(m)(catalog.Args{Name: "o"})
	if err != nil {
		t.Fatal(err)
	}
	if o := step.(*v2.Server); !o.Loaded || o.Name != "o" {
		t.Errorf("the object is served as %+v", o.Config)
	}
}

// blocked loads until it is let go.
type blocked struct {
	let chan error
}

func (m *blocked) Load(ctx context.Context, _ *serve.ModelContext) error {
	select {
	case err := <-m.let:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *blocked) Predict(context.Context, *serve.Request) (any, error) { return 1, nil }

// TestAsyncLoading: callers are told at once, streams wait, and nobody waits
// for a load that has failed.
func TestAsyncLoading(t *testing.T) {
	for name, outcome := range map[string]error{"loads": nil, "fails": errHook} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &blocked{let: make(chan error)}
				s := started(t, v2.Config{Name: "m", Model: m, Env: &catalog.Env{Async: true}})
				synctest.Wait()
				if _, err := do(t.Context(), s, "infer", `{"inputs":[1]}`); serve.CodeOf(err) != serve.Unavailable || !strings.Contains(err.Error(), "still loading") {
					t.Errorf("a caller got %v", err)
				}
				got := make(chan error)
				go func() {
					ev := serve.NewEvent(serve.Target{Method: "POST"}, []byte(`{"inputs":[1]}`))
					ev.Trigger.Kind = "kafka"
					_, err := s.Do(t.Context(), ev)
					got <- err
				}()
				synctest.Wait()
				select {
				case err := <-got:
					t.Fatalf("the stream did not wait: %v", err)
				default:
				}
				m.let <- outcome
				err := <-got
				if (err == nil) != (outcome == nil) || (outcome != nil && !strings.Contains(err.Error(), "no")) {
					t.Errorf("the stream got %v", err)
				}
				if outcome != nil { // later ones fail at once, streams too
					ev := serve.NewEvent(serve.Target{Method: "POST"}, []byte(`{"inputs":[1]}`))
					ev.Trigger.Kind = "kafka"
					if _, err := s.Do(t.Context(), ev); serve.CodeOf(err) != serve.Unavailable {
						t.Errorf("after the failure: %v", err)
					}
				}
			})
		})
	}
}

// TestCloseWhileLoading ends the load and waits for it.
func TestCloseWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := v2.New(v2.Config{Name: "m", Model: &blocked{}, Env: &catalog.Env{Async: true}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := do(t.Context(), s, "infer", `{"inputs":[1]}`); serve.CodeOf(err) != serve.Unavailable || !strings.Contains(err.Error(), "unloaded") {
			t.Errorf("after close: %v", err)
		}
	})
}

// TestCloseLate has a model that has loaded be closed however late it is.
func TestCloseLate(t *testing.T) {
	late, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // of two reasons to go on one was chosen at random
		m := &slow{}
		s, err := v2.New(v2.Config{Name: "m", Model: m})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(late); err != nil || !m.closed {
			t.Fatalf("got %v, closed %v", err, m.closed)
		}
	}
}

// slow predicts until its context ends or it is let go.
type slow struct {
	let    chan struct{}
	closed bool
}

func (m *slow) Predict(context.Context, *serve.Request) (any, error) {
	<-m.let
	if m.closed {
		return nil, errors.New("closed under a request")
	}
	return 1, nil
}

func (m *slow) Close(context.Context) error {
	m.closed = true
	return nil
}

func TestCloseWaitsForRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &slow{let: make(chan struct{})}
		s, err := v2.New(v2.Config{Name: "m", Model: m})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		answered, closed := make(chan error), make(chan error)
		go func() {
			_, err := do(t.Context(), s, "infer", `{"inputs":[1]}`)
			answered <- err
		}()
		synctest.Wait()
		go func() { closed <- s.Close(t.Context()) }()
		time.Sleep(time.Second)
		if m.closed {
			t.Fatal("closed while a request runs")
		}
		close(m.let)
		if err := <-answered; err != nil {
			t.Error(err)
		}
		if err := <-closed; err != nil || !m.closed {
			t.Errorf("close: %v", err)
		}
	})
}

// TestCloseGivesUp does not wait longer than its context.
func TestCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &slow{let: make(chan struct{})}
		s, err := v2.New(v2.Config{Name: "m", Model: m})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = do(context.Background(), s, "infer", `{"inputs":[1]}`) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), "inferences are still running") {
			t.Errorf("close: %v", err)
		}
		close(m.let)
	})
}

func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &slow{let: make(chan struct{})}
		s := started(t, v2.Config{Name: "m", Model: m})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.AfterFunc(2*time.Second, func() { close(m.let) })
		if _, err := do(ctx, s, "infer", `{"inputs":[1]}`); serve.CodeOf(err) != serve.Timeout {
			t.Errorf("error %v, want a timeout", err)
		}
	})
}

func TestPaths(t *testing.T) {
	s := started(t, v2.Config{Name: "m", Model: &traced{}, InputPath: "req.body", ResultPath: `out.m\.1`})
	got, err := do(t.Context(), s, "infer", `{"req":{"body":{"id":"i","inputs":[1]}},"k":1.50}`)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"req":{"body":{"id":"i","inputs":[1]}},"k":1.50,"out":{"m.1":{"id":"i","model_name":"m","outputs":1}}}`; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for body, want := range map[string]string{
		`[1]`:          "supports only dict-like event bodies",
		`{"req":5}`:    "supports only dict-like event bodies",
		`{"other":{}}`: "not a JSON object",
	} {
		if _, err := do(t.Context(), s, "infer", body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", body, err, want)
		}
	}
}

func TestMetricsAndLabels(t *testing.T) {
	rec := &kept{}
	s := started(t, v2.Config{Name: "m", Model: &traced{}, Env: &catalog.Env{Recorder: rec}})
	s.Context().SetMetric("rows", 3)
	s.Context().SetLabel("team", "a")
	if _, err := do(t.Context(), s, "infer", `{"inputs":[1]}`); err != nil {
		t.Fatal(err)
	}
	s.Context().SetMetric("rows", 4) // records that were made keep theirs
	if d := cmp.Diff(map[string]float64{"rows": 3}, rec.records[0].Notes.Metrics); d != "" {
		t.Errorf("metrics (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"team": "a"}, rec.records[0].Notes.Labels); d != "" {
		t.Errorf("labels (-want +got):\n%s", d)
	}
}

func TestParamPrecedence(t *testing.T) {
	env := &catalog.Env{
		Params: map[string]any{"a": 1, "b": 1, "c": 1},
		Open: func(context.Context, string, string) (*serve.Artifact, error) {
			return &serve.Artifact{Parameters: map[string]any{"c": 3}}, nil
		},
	}
	s := started(t, v2.Config{Name: "m", Model: &traced{}, Args: map[string]any{"b": 2, "c": 2, "text": "x", "whole": 2.0, "part": 2.5}, Env: env})
	mc := s.Context()
	if v, _ := serve.Param(mc, "c", 0); v != 2 {
		t.Errorf("c is %v before the artifact is open, want 2", v)
	}
	if _, err := mc.GetModel(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"a": 1, "b": 2, "c": 3, "d": 9, "whole": 2} {
		if v, err := serve.Param(mc, key, 9); v != want || err != nil {
			t.Errorf("%s is %v (%v), want %v", key, v, err, want)
		}
	}
	for _, key := range []string{"text", "part"} {
		if v, err := serve.Param(mc, key, 9); err == nil {
			t.Errorf("%s is %v, want an error", key, v)
		}
	}
	if v, err := serve.Param(mc, "part", 0.0); v != 2.5 || err != nil {
		t.Errorf("part is %v (%v)", v, err)
	}
}
