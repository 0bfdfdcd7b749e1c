package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// predict asks the flow and returns what its model answers.
func predict(ctx context.Context, c *Core) (string, error) {
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/"}, []byte(`{"inputs":[1]}`))
	ev.Header = serve.Header{"Content-Type": {"application/json"}}
	ev, err := c.Serve(ctx, ev)
	if err != nil {
		return "", err
	}
	body, err := oip.AppendBody(nil, ev.Body)
	_, rest, _ := strings.Cut(string(body), `"outputs":[`)
	answer, _, _ := strings.Cut(rest, "]")
	return answer, err
}

func answers(t *testing.T, c *Core, want string) {
	t.Helper()
	if got, err := predict(t.Context(), c); err != nil || got != want {
		t.Errorf("answer %q (%v), want %q", got, err, want)
	}
}

// patience is how long a test waits for what has to come.
const patience = 2 * time.Minute

// waitFor waits for what happens in the background.
func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen that %s", what)
		}
	}
}

func TestReload(t *testing.T) {
	w := &world{}
	f := &flow{w: w, probes: 2}
	core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set()})
	answers(t, core, "1")
	since := core.Models()[0].Since
	for range 5 {
		if err := core.Reload(t.Context(), content(f.spec(weight(1)))); err != nil {
			t.Fatal(err)
		}
		answers(t, core, "1")
	}
	if n := w.loads.Load(); n != 1 || !core.Models()[0].Since.Equal(since) {
		t.Errorf("a model that has not changed was loaded %d times, the last at %v and not %v", n, core.Models()[0].Since, since)
	}
	if err := core.Reload(t.Context(), content(f.spec(weight(2)))); err != nil {
		t.Fatal(err)
	}
	answers(t, core, "2")
	waitFor(t, "the old model is closed", func() bool { return w.unloads.Load() == 1 })
	waitFor(t, "the old steps are closed", func() bool { return w.open.Load() == 2 })
	if err := core.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if w.loads.Load() != 2 || w.unloads.Load() != 2 || w.open.Load() != 0 {
		t.Errorf("%d loads, %d unloads, %d steps open", w.loads.Load(), w.unloads.Load(), w.open.Load())
	}
	w.check(t)
}

// TestReloadFails wants every failure to leave what was served serving, with
// the model that both would share still open, and nothing of the new one behind.
func TestReloadFails(t *testing.T) {
	type fails struct {
		name   string
		tweak  func(i int, p *probe)
		change func(*graph.Spec)
		read   func() (Content, error)
		want   []string
	}
	tests := []fails{
		{name: "unreadable", read: func() (Content, error) { return Content{}, errors.New("server.yaml:1:1: no") }, want: []string{"server.yaml:1:1: no"}},
		{name: "reading panics", read: func() (Content, error) { panic("mad reader") }, want: []string{"mad reader"}},
		{name: "another contract", read: func() (Content, error) { return Content{MLRun: true}, nil }, want: []string{"restart it"}},
		{name: "nothing", read: func() (Content, error) { return Content{}, nil }, want: []string{"nothing to serve"}},
		{name: "no repository", read: func() (Content, error) { return Content{Models: "/no/such/folder"}, nil }, want: []string{"/no/such/folder"}},
		{name: "problems", change: func(s *graph.Spec) {
			s.Graph.Steps[0].After = []string{"nobody"}
			s.Graph.Steps[1].Class, s.Graph.Steps[1].New = "Wigher", nil
		}, want: []string{"nobody", `unknown class "Wigher"`}},
		{name: "constructor", change: func(s *graph.Spec) { s.Graph.Steps[3].Args = map[string]any{"model_path": 1} }, want: []string{"m: model_path"}},
		{name: "constructor panics", change: func(s *graph.Spec) { s.Graph.Steps[1].Class, s.Graph.Steps[1].New = "Mad", nil }, want: []string{"the constructor is mad"}},
		{name: "model", change: func(s *graph.Spec) { s.Graph.Steps[3].Args["fault"] = "error" }, want: []string{"failed to load model m: the weights are gone"}},
		{name: "model panics", change: func(s *graph.Spec) { s.Graph.Steps[3].Args["fault"] = "panic" }, want: []string{"failed to load model m: the model panicked"}},
	}
	for i := range 3 {
		for _, fault := range []string{"error", "panic"} {
			tests = append(tests, fails{
				name: fmt.Sprintf("step %d: %s", i, fault), want: []string{"the step"},
				tweak: func(at int, p *probe) {
					if at == i {
						p.fault = fault
					}
				},
			})
		}
	}
	w := &world{}
	f := &flow{w: w, probes: 3}
	core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set()})
	serving := core.current.Load()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.tweak = tt.tweak
			read := tt.read
			if read == nil {
				spec := f.spec(weight(1))
				if tt.change != nil {
					tt.change(spec)
				}
				read = content(spec)
			}
			err := core.Reload(t.Context(), read)
			if err == nil {
				t.Fatal("it was reloaded")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
			if serve.CodeOf(err) != serve.Internal || core.current.Load() != serving || core.Ready() != nil {
				t.Errorf("code %v, the old one serves: %v, ready: %v", serve.CodeOf(err), core.current.Load() == serving, core.Ready())
			}
			if n, gone := w.open.Load(), w.unloads.Load(); n != 3 || gone != 0 || w.loads.Load() != 1 {
				t.Errorf("%d steps are open, %d models were closed, %d loaded", n, gone, w.loads.Load())
			}
			answers(t, core, "1")
		})
	}
	f.tweak = nil
	if err := core.Reload(t.Context(), content(f.spec(weight(1)))); err != nil {
		t.Errorf("a good one after those: %v", err)
	}
	w.check(t)
}

// TestReloadMadClose closes all of the old steps although one panics.
func TestReloadMadClose(t *testing.T) {
	w := &world{}
	f := &flow{w: w, probes: 3, tweak: func(i int, p *probe) {
		if i == 0 {
			p.fault = "panic in Close"
		}
	}}
	var log syncBuffer
	core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	f.tweak = nil
	if err := core.Reload(t.Context(), content(f.spec(weight(2)))); err != nil {
		t.Fatal(err)
	}
	core.leaving.Wait()
	if w.open.Load() != 3 || w.unloads.Load() != 1 || !strings.Contains(log.String(), "was not released") {
		t.Errorf("%d steps open, %d models closed; log %s", w.open.Load(), w.unloads.Load(), log.String())
	}
	answers(t, core, "2")
}

// TestReloadBeforeStart starts what serves once.
func TestReloadBeforeStart(t *testing.T) {
	w := &world{}
	f := &flow{w: w, probes: 1}
	core, problems := New(Config{Spec: f.spec(weight(1)), Catalog: w.set()})
	if core == nil {
		t.Fatal(problems)
	}
	if err := errors.Join(core.Reload(t.Context(), content(f.spec(weight(2)))), core.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	answers(t, core, "2")
	if w.open.Load() != 1 || w.loads.Load() != 1 {
		t.Errorf("%d steps open, %d loads", w.open.Load(), w.loads.Load())
	}
	if err := core.Close(t.Context()); err != nil || w.open.Load() != 0 {
		t.Errorf("%v, %d steps open", err, w.open.Load())
	}
}

// TestReloadCanceled gives up with its caller, while a model loads.
func TestReloadCanceled(t *testing.T) {
	w := &world{}
	f := &flow{w: w, probes: 1}
	core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set()})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := core.Reload(ctx, content(f.spec(map[string]any{"fault": "hang"})))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	answers(t, core, "1")
	if w.open.Load() != 1 {
		t.Errorf("%d steps are open", w.open.Load())
	}
}

// TestReloadDrains lets an event end in what it began in, while the next are
// served by the new one, and closes the old one then.
func TestReloadDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		hold, begun := make(chan struct{}), make(chan struct{}, 1)
		f := &flow{w: w, probes: 1, tweak: func(_ int, p *probe) { p.hold, p.begun = hold, begun }}
		core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set()})
		f.tweak = nil
		done := make(chan string)
		go func() {
			answer, err := predict(t.Context(), core)
			done <- fmt.Sprint(answer, err)
		}()
		<-begun
		if err := core.Reload(t.Context(), content(f.spec(weight(2)))); err != nil {
			t.Fatal(err)
		}
		answers(t, core, "2")
		time.Sleep(time.Hour)
		if w.open.Load() != 2 || w.unloads.Load() != 0 {
			t.Errorf("with an event inside, %d steps are open and %d models closed", w.open.Load(), w.unloads.Load())
		}
		close(hold)
		if got := <-done; got != "1<nil>" {
			t.Errorf("the event inside got %s", got)
		}
		synctest.Wait()
		if w.open.Load() != 1 || w.unloads.Load() != 1 {
			t.Errorf("without it, %d steps are open and %d models closed", w.open.Load(), w.unloads.Load())
		}
		w.check(t)
		if err := core.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestReloadsTakeTurns never reads for two reloads at a time, and the last that
// reads is what serves.
func TestReloadsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		f := &flow{w: w, probes: 1}
		core := started(t, Config{Spec: f.spec(weight(0)), Catalog: w.set()})
		var reading, turns atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				err := core.Reload(t.Context(), func() (Content, error) {
					if reading.Add(1) != 1 {
						t.Error("two reloads at a time")
					}
					time.Sleep(time.Second)
					defer reading.Add(-1)
					return Content{Spec: f.spec(weight(float64(turns.Add(1))))}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		answers(t, core, "20")
		synctest.Wait()
		if w.open.Load() != 1 || w.loads.Load() != 21 || w.unloads.Load() != 20 {
			t.Errorf("%d steps open, %d loads, %d unloads", w.open.Load(), w.loads.Load(), w.unloads.Load())
		}
		if err := core.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestReloadAtShutdown is refused, and one that is on its way given up.
func TestReloadAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		f := &flow{w: w, probes: 1}
		core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set()})
		result := make(chan error)
		go func() { result <- core.Reload(t.Context(), content(f.spec(map[string]any{"fault": "hang"}))) }()
		synctest.Wait()
		core.Drain()
		if err := <-result; serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("the one on its way: %v", err)
		}
		answers(t, core, "1")
		if err := core.Reload(t.Context(), content(f.spec(weight(2)))); serve.CodeOf(err) != serve.Unavailable || !strings.Contains(err.Error(), "shutting down") {
			t.Errorf("the next: %v", err)
		}
		if err := core.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := predict(t.Context(), core); serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("a request after Close: %v", err)
		}
		if w.open.Load() != 0 || w.loads.Load() != w.unloads.Load() {
			t.Errorf("%d steps open, %d loads, %d unloads", w.open.Load(), w.loads.Load(), w.unloads.Load())
		}
		w.check(t)
	})
}

// TestCloseHurries has old generations leave when Close may not wait for their
// events any longer.
func TestCloseHurries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{}
		m := &slowModel{begun: make(chan struct{}), let: make(chan struct{})}
		core, problems := New(Config{Spec: routed(map[string]serve.Model{"m": m}), Catalog: w.set()})
		if core == nil {
			t.Fatal(problems)
		}
		if err := core.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := core.Serve(t.Context(), serve.NewEvent(serve.Target{Method: "POST", Path: "/v2/models/m/infer"}, []byte(`{"inputs":[1]}`)))
			done <- err
		}()
		<-m.begun
		if err := core.Reload(t.Context(), content((&flow{w: w, probes: 1}).spec(weight(1)))); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_ = core.Close(ctx)
		if took := time.Since(start); took > 2*time.Second || w.open.Load() != 0 {
			t.Errorf("close took %v, %d steps are open", took, w.open.Load())
		}
		close(m.let)
		<-done
	})
}
