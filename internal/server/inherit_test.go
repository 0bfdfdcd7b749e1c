package server

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// countedRuntime loads files that begin with ONE and counts.
type countedRuntime struct{ loads, closed atomic.Int64 }

func (r *countedRuntime) Load(_ context.Context, a *serve.Artifact, _ serve.ModelSpec) (serve.Model, error) {
	raw, err := os.ReadFile(a.File)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(raw, []byte("broken")) {
		return nil, errors.New("the file is broken")
	}
	r.loads.Add(1)
	return &countedModel{r: r}, nil
}

type countedModel struct {
	slowModel
	r *countedRuntime
}

func (m *countedModel) Close(context.Context) error { m.r.closed.Add(1); return nil }

func (r *countedRuntime) set() *catalog.Set {
	set := &catalog.Set{}
	set.AddRuntime(catalog.RuntimeEntry{
		Name: "one", Suffix: ".one", Runtime: r, Detect: func(_ string, head []byte) bool { return bytes.HasPrefix(head, []byte("ONE")) },
	})
	return set
}

// write writes a file as if it had been there for a while.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// settle lets files that were written become old enough to be told from the next.
func settle() { time.Sleep(150 * time.Millisecond) }

// TestReloadRepository reads the folder again: what is new is loaded, what has
// changed is loaded anew, what is gone is gone, the rest is kept.
func TestReloadRepository(t *testing.T) {
	dir, rt := t.TempDir(), &countedRuntime{}
	for _, name := range []string{"a.one", "b.one", "c/1/m.one", "c/2/m.one"} {
		write(t, filepath.Join(dir, name), "ONE")
	}
	settle()
	core := started(t, Config{Models: dir, Catalog: rt.set()})
	reload := func() error {
		settle()
		return core.Reload(t.Context(), func() (Content, error) { return Content{Models: dir}, nil })
	}
	for _, tt := range []struct {
		name          string
		change        func()
		models        string
		loads, closed int64
		failure       string
	}{
		{"nothing", func() {}, "a:1 b:1 c:1 c:2", 4, 0, ""},
		{"one changes", func() { write(t, filepath.Join(dir, "a.one"), "ONE more") }, "a:1 b:1 c:1 c:2", 5, 1, ""},
		{"one is replaced by another of its size and time", func() { replaceAlike(t, filepath.Join(dir, "a.one")) }, "a:1 b:1 c:1 c:2", 6, 2, ""},
		{"one is added", func() { write(t, filepath.Join(dir, "c", "3", "m.one"), "ONE") }, "a:1 b:1 c:1 c:2 c:3", 7, 2, ""},
		{"one is removed", func() { _ = os.Remove(filepath.Join(dir, "b.one")) }, "a:1 c:1 c:2 c:3", 7, 3, ""},
		{"one is broken", func() { write(t, filepath.Join(dir, "c", "1", "m.one"), "ONE broken") }, "a:1 c:1 c:2 c:3", 7, 3, "model c:1 failed to load: m.one: the file is broken"},
		{"one is mended", func() { write(t, filepath.Join(dir, "c", "1", "m.one"), "ONE again") }, "a:1 c:1 c:2 c:3", 8, 4, ""},
		{"parameters", func() { write(t, filepath.Join(dir, "c", "model.yaml"), "parameters: {x: 1}\n") }, "a:1 c:1 c:2 c:3", 11, 7, ""},
	} {
		tt.change()
		err := reload()
		if tt.failure == "" && err != nil || tt.failure != "" && (err == nil || !strings.Contains(err.Error(), tt.failure)) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.failure)
		}
		var models []string
		for _, m := range core.Models() {
			models = append(models, m.Label())
			if m.Phase != v2.Ready {
				t.Errorf("%s: %s is %s: %v", tt.name, m.Label(), m.Phase, m.Err)
			}
		}
		if got := strings.Join(models, " "); got != tt.models {
			t.Errorf("%s: models %s, want %s", tt.name, got, tt.models)
		}
		waitFor(t, tt.name+" has settled", func() bool { return rt.closed.Load() == tt.closed })
		if rt.loads.Load() != tt.loads {
			t.Errorf("%s: %d loads, want %d", tt.name, rt.loads.Load(), tt.loads)
		}
	}
}

// replaceAlike puts another file of the same size and time in the place of one.
func replaceAlike(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path+".new", strings.Repeat("ONE", 10)[:info.Size()])
	if err := errors.Join(os.Chtimes(path+".new", info.ModTime(), info.ModTime()), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
}

// TestReloadKeepsBroken does not hold what was broken before against a reload.
func TestReloadKeepsBroken(t *testing.T) {
	dir, rt := t.TempDir(), &countedRuntime{}
	write(t, filepath.Join(dir, "a.one"), "ONE")
	write(t, filepath.Join(dir, "b.one"), "ONE broken")
	core := started(t, Config{Models: dir, Catalog: rt.set(), ReadyAny: true})
	write(t, filepath.Join(dir, "c.one"), "ONE")
	if err := core.Reload(t.Context(), func() (Content, error) { return Content{Models: dir}, nil }); err != nil {
		t.Error(err)
	}
	if n := len(core.Models()); n != 3 {
		t.Errorf("%d models", n)
	}
}

// TestReloadAfterLoad keeps what was loaded by name.
func TestReloadAfterLoad(t *testing.T) {
	dir, rt := t.TempDir(), &countedRuntime{}
	write(t, filepath.Join(dir, "a.one"), "ONE")
	settle()
	core := started(t, Config{Models: dir, Catalog: rt.set()})
	view := adminView{&running{core: core}}
	if err := errors.Join(view.Unload(t.Context(), "a"), view.Load(t.Context(), "a")); err != nil {
		t.Fatal(err)
	}
	if err := core.Reload(t.Context(), func() (Content, error) { return Content{Models: dir}, nil }); err != nil {
		t.Error(err)
	}
	if rt.loads.Load() != 2 || rt.closed.Load() != 1 {
		t.Errorf("%d loads, %d closed", rt.loads.Load(), rt.closed.Load())
	}
}

// TestChangeDuringReload does in the new repository what was asked of the old.
func TestChangeDuringReload(t *testing.T) {
	dir, rt := t.TempDir(), &countedRuntime{}
	write(t, filepath.Join(dir, "a.one"), "ONE")
	core := started(t, Config{Models: dir, Catalog: rt.set()})
	reloaded := false
	err := core.change(t.Context(), func(r *repo.Repository) error {
		if !reloaded {
			reloaded = true
			if err := core.Reload(t.Context(), func() (Content, error) { return Content{Models: dir}, nil }); err != nil {
				return err
			}
		}
		return r.Unload(t.Context(), "a")
	})
	if err != nil || core.Models()[0].Phase != v2.Closed {
		t.Errorf("%v, the model is %s", err, core.Models()[0].Phase)
	}
}

// TestReloadShares tells which changes to a graph have its models loaded anew.
func TestReloadShares(t *testing.T) {
	dir := t.TempDir()
	file, other, folder := filepath.Join(dir, "a.one"), filepath.Join(dir, "b.one"), filepath.Join(dir, "f")
	for _, path := range []string{file, other, filepath.Join(folder, "m.one"), filepath.Join(dir, "g", "a.one")} {
		write(t, path, "ONE")
	}
	settle()
	spec := func(class, path string, args map[string]any) *graph.Spec {
		return graph.NewRouter().AddModel("m", class, path, args)
	}
	base := func() *graph.Spec { return spec("one", file, map[string]any{"x": []any{1}}) }
	object, otherObject := &slowModel{}, &slowModel{}
	made := func(m serve.Model) *graph.Spec {
		return graph.NewRouter().AddRoute("m", graph.StepSpec{Class: "Weigher", New: v2.Object(m)})
	}
	for _, tt := range []struct {
		name          string
		before, after *graph.Spec
		shared        bool
	}{
		{"nothing", base(), base(), true},
		{"arguments", base(), spec("one", file, map[string]any{"x": []any{2}}), false},
		{"file", base(), spec("one", other, map[string]any{"x": []any{1}}), false},
		{"class", base(), spec("Model", file, map[string]any{"x": []any{1}}), false},
		{"name", base(), graph.NewRouter().AddModel("n", "one", file, map[string]any{"x": []any{1}}), false},
		{"parameters", base(), func() *graph.Spec { s := base(); s.Parameters = map[string]any{"p": 1}; return s }(), false},
		{"load mode", base(), func() *graph.Spec { s := base(); s.LoadMode = "async"; return s }(), true},
		{"more models", base(), base().AddModel("n", "one", file, nil), true},
		{"folder", spec("one", folder, nil), spec("one", folder, nil), true},
		{"beside the spec", fromFolder(spec("one", "a.one", nil), dir), fromFolder(spec("one", "a.one", nil), dir), true},
		{"beside another spec", fromFolder(spec("one", "a.one", nil), dir), fromFolder(spec("one", "a.one", nil), filepath.Join(dir, "g")), false},
		{"URL", spec("one", "file://"+file, nil), spec("one", "file://"+file, nil), true},
		{"class of the program", spec("Weigher", "", nil), spec("Weigher", "", nil), true},
		{"made by the program", routed(map[string]serve.Model{"m": object}), routed(map[string]serve.Model{"m": otherObject}), false},
		{"made by the program with a class", made(object), made(otherObject), false},
		{"one object", made(object), made(object), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rt, w := &countedRuntime{}, &world{}
			set := rt.set()
			set.Add(v2.Class("Weigher", func() serve.Model { return &weigher{w: w} }))
			core := started(t, Config{Spec: tt.before, Catalog: set})
			before := core.current.Load().graphServers()[0].Model
			if err := core.Reload(t.Context(), content(tt.after)); err != nil {
				t.Fatal(err)
			}
			after := core.current.Load().graphServers()[0].Model
			if shared := before == after; shared != tt.shared {
				t.Errorf("shared %v, want %v", shared, tt.shared)
			}
		})
	}
}

// fromFolder is a spec that was read from a file in a folder.
func fromFolder(s *graph.Spec, dir string) *graph.Spec {
	s.File = filepath.Join(dir, "server.yaml")
	return s
}

// TestReloadMetrics drops the series of what is gone, and keeps those of the rest.
func TestReloadMetrics(t *testing.T) {
	w := &world{}
	f := &flow{w: w, probes: 3}
	next := f.spec(weight(1))
	var mad bool
	hangup := make(chan struct{})
	httpURL, adminURL, stop, result := runs(t, RunConfig{
		Config: Config{Spec: next, Catalog: w.set()}, HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", Hangup: hangup,
		Read: func() (Content, error) {
			if mad {
				return Content{}, errors.New("server.yaml:1:2: a\nserver.yaml:2:2: b")
			}
			return Content{Spec: next}, nil
		},
	})
	has := func(want bool, series ...string) {
		t.Helper()
		_, text := fetch(t, "GET", adminURL+"/metrics", "")
		for _, s := range series {
			if strings.Contains(text, s) != want {
				t.Errorf("series %s: %v, want %v", s, !want, want)
			}
		}
	}
	if status, text := fetch(t, "POST", httpURL+"/", `{"inputs":[1]}`); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	has(true, `leat_step_events_total{code="ok",step="p2"} 1`, `leat_model_state{model="m",state="READY",version=""} 1`, `leat_reloads_total{outcome="ok"} 0`)
	f.probes = 2
	next = f.spec(weight(1))
	next.Graph.Steps[2].Name = "n"
	if status, text := fetch(t, "POST", adminURL+"/api/v1/reload", ""); status != 200 || !strings.Contains(text, `"name":"n"`) {
		t.Errorf("reload: %d %s", status, text)
	}
	has(false, `step="p2"`, `model="m"`)
	has(true, `leat_step_events_total{code="ok",step="p1"} 1`, `leat_model_state{model="n",state="READY",version=""} 1`, `leat_reloads_total{outcome="ok"} 1`)
	mad = true
	status, text := fetch(t, "POST", adminURL+"/api/v1/reload", "")
	if status != 500 || !strings.Contains(text, `goes on serving: server.yaml:1:2: a\nserver.yaml:2:2: b`) {
		t.Errorf("a reload that fails: %d %s", status, text)
	}
	has(true, `leat_reloads_total{outcome="failed"} 1`, `leat_model_state{model="n",state="READY",version=""} 1`)
	mad = false
	hangup <- struct{}{}
	hangup <- struct{}{} // taken when the first is done
	waitFor(t, "both signals are heard", func() bool {
		_, text := fetch(t, "GET", adminURL+"/metrics", "")
		return strings.Contains(text, `leat_reloads_total{outcome="ok"} 3`)
	})
	stop()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestWitness hears nothing of generations that do not serve.
func TestWitness(t *testing.T) {
	heard := map[string]int{}
	seen := &listener{heard: heard}
	w := &world{}
	f := &flow{w: w, probes: 1}
	core := started(t, Config{Spec: f.spec(weight(1)), Catalog: w.set(), Recorder: seen})
	bad := f.spec(map[string]any{"fault": "error"})
	bad.Graph.Steps[1].Name = "worse"
	if err := core.Reload(t.Context(), content(bad)); err == nil {
		t.Fatal("it was reloaded")
	}
	if err := core.Reload(t.Context(), content(f.spec(weight(2)))); err != nil {
		t.Fatal(err)
	}
	core.leaving.Wait()
	want := map[string]int{"m LOADING": 1, "m READY": 2, "worse UNLOADED": 1}
	if !maps.Equal(heard, want) {
		t.Errorf("heard %v, want %v", heard, want)
	}
	if !slices.Equal(seen.gone, []string{"worse"}) {
		t.Errorf("steps gone: %v", seen.gone)
	}
}

type listener struct {
	heard map[string]int
	gone  []string
}

func (l *listener) Record(serve.Record)                    {}
func (l *listener) Model(string, string) v2.Metrics        { return nil }
func (l *listener) ModelState(name, _ string, s v2.Status) { l.heard[name+" "+string(s.Phase)]++ }
func (l *listener) Step(string) graph.StepMetrics          { return nil }
func (l *listener) StepGone(name string)                   { l.gone = append(l.gone, name) }
