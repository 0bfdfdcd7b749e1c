package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
	"github.com/leat-ml/leat/stream/mem"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// A place is what the graphs of a test share.
type place struct {
	t       testing.TB
	memory  *mem.Memory
	streams *stream.Mux
	env     *catalog.Env
	log     *lines

	mu   sync.Mutex
	seen []*serve.Event // by steps of class See
	came chan struct{}  // gets a value for each
	gate chan struct{}  // steps of class Wait wait for it
}

func newPlace(t testing.TB) *place {
	p := &place{
		t: t, memory: &mem.Memory{}, streams: &stream.Mux{}, log: &lines{},
		came: make(chan struct{}, 10000), gate: make(chan struct{}),
	}
	p.env = &catalog.Env{Graph: "g", Logger: slog.New(slog.NewTextHandler(p.log, nil)), FunctionURI: "p/f"}
	p.streams.Register("mem", p.memory.Open)
	p.streams.Register("dummy", p.memory.Open)
	p.streams.Register("file", new(file.Files).Open)
	return p
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// set is a catalog of queues and of steps that tests need.
func (p *place) set() *catalog.Set {
	set := &catalog.Set{}
	queue.Register(set, p.streams)
	add := func(name string, do serve.StepFunc) {
		set.Add(catalog.Entry{Name: name, New: func(catalog.Args) (serve.Step, error) { return do, nil }})
	}
	add("Nothing", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil })
	add("Drop", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil })
	add("Broken", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, errors.New("no good") })
	add("See", func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
		p.mu.Lock()
		p.seen = append(p.seen, ev.Clone())
		p.mu.Unlock()
		p.came <- struct{}{}
		return serve.Pass, nil
	})
	add("Wait", func(ctx context.Context, _ *serve.Event) (serve.Fate, error) {
		select {
		case <-p.gate:
			return serve.Pass, nil
		case <-ctx.Done():
			return serve.Pass, ctx.Err()
		}
	})
	add("More", func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
		v, err := oip.Value(ev.Body)
		n, _ := v.(int64)
		ev.Body = serve.ValueBody(n + 1)
		return serve.Pass, err
	})
	add("Key", func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
		ev.Key = "the key"
		return serve.Pass, nil
	})
	return set
}

// build makes a graph of lines "name Class <after *", where a Class that is a
// URL is a queue, and "*" marks the responder.
func (p *place) build(engine string, options map[string]any, steps ...string) (*graph.Graph, []graph.Problem) {
	spec := &graph.Spec{Graph: &graph.StepSpec{Engine: engine}}
	for _, line := range steps {
		words := strings.Fields(line)
		s := &graph.StepSpec{Name: words[0], Class: words[1]}
		if strings.Contains(words[1], "://") {
			s.Class, s.Kind, s.Path, s.Options = "", "queue", words[1], options
		}
		for _, w := range words[2:] {
			if after, ok := strings.CutPrefix(w, "<"); ok {
				s.After = strings.Split(after, ",")
			} else {
				s.Responder = true
			}
		}
		spec.Graph.Steps = append(spec.Graph.Steps, s)
	}
	return graph.Build(spec, graph.Options{Catalog: p.set(), Env: p.env, Function: "*"})
}

func (p *place) start(engine string, options map[string]any, steps ...string) *graph.Graph {
	p.t.Helper()
	g, problems := p.build(engine, options, steps...)
	if g == nil {
		p.t.Fatal(problems)
	}
	if err := g.Start(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			p.t.Errorf("close: %v", err)
		}
	})
	return g
}

// ask serves an event and returns the answer as text.
func ask(t testing.TB, g *graph.Graph, ev *serve.Event) string {
	t.Helper()
	out, err := g.Serve(context.Background(), ev)
	return answer(out, err)
}

func answer(out *serve.Event, err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case out == nil:
		return "filtered"
	}
	text, err := oip.AppendBody(nil, out.Body)
	if err != nil {
		return "error: " + err.Error()
	}
	return string(text)
}

func event(body string) *serve.Event {
	ev := serve.NewEvent(serve.Target{Method: "POST", Path: "/a/b"}, []byte(body))
	ev.ID = "the id"
	return ev
}

// wait waits until n events were seen.
func (p *place) wait(n int) []*serve.Event {
	p.t.Helper()
	for range n {
		select {
		case <-p.came:
		case <-time.After(2 * time.Minute):
			p.t.Fatalf("%d events were seen, want %d", len(p.seen), n)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func (p *place) urls() map[string]string {
	return map[string]string{
		"mem":  "mem://q",
		"file": "file://" + filepath.Join(p.t.TempDir(), "q.jsonl"),
	}
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		engine string
		steps  []string
		want   map[string]string // by kind of stream
		seen   int
	}{
		"a synchronous flow": {
			engine: "sync", steps: []string{"a More", "q URL <a", "b See <q"}, seen: 1,
			want: map[string]string{"mem": "null", "file": "null"},
		},
		"the responder is behind": {
			steps: []string{"a More", "q URL <a", "b More <q", "c See <b *"}, seen: 1,
			want: map[string]string{"mem": "3", "file": `{"id":"the id"}`},
		},
		"the responder is before": {
			steps: []string{"a More *", "q URL <a", "b See <q"}, seen: 1,
			want: map[string]string{"mem": "2", "file": "2"},
		},
		"the responder is beside": {
			steps: []string{"a More", "q URL <a", "b See <q", "c More <a *"}, seen: 1,
			want: map[string]string{"mem": "3", "file": "3"},
		},
		"no responder": {
			steps: []string{"a More", "q URL <a", "b See <q"}, seen: 1,
			want: map[string]string{"mem": `{"id":"the id"}`, "file": `{"id":"the id"}`},
		},
		"filtered behind": {
			steps: []string{"q URL", "s See <q", "b Drop <s", "c Nothing <b *"}, seen: 1,
			want: map[string]string{"mem": "filtered", "file": `{"id":"the id"}`},
		},
		"the queue responds": {
			steps: []string{"q URL *"},
			want:  map[string]string{"mem": "1", "file": "1"},
		},
		"the queue responds, and is followed": {
			steps: []string{"q URL *", "s See <q"}, seen: 1,
			want: map[string]string{"mem": "1", "file": `{"id":"the id"}`},
		},
		"two queues": {
			steps: []string{"q URL", "b More <q", "r mem://r <b", "c More <r", "d See <c *"}, seen: 1,
			want: map[string]string{"mem": "3", "file": `{"id":"the id"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			for kind, url := range p.urls() {
				t.Run(kind, func(t *testing.T) {
					p.t = t
					var steps []string
					for _, s := range c.steps {
						steps = append(steps, strings.ReplaceAll(s, "URL", url))
					}
					g := p.start(c.engine, nil, steps...)
					if got := ask(t, g, event("1")); got != c.want[kind] {
						t.Errorf("answer %s, want %s", got, c.want[kind])
					}
					p.wait(c.seen)
				})
			}
		})
	}
}

func TestErrorBehind(t *testing.T) {
	g := newPlace(t).start("async", nil, "q mem://q", "b Broken <q", "c Nothing <b *")
	if got := ask(t, g, event("1")); got != "error: graph g: step b: no good" {
		t.Errorf("answer %s", got)
	}
}

// TestEvent wants what an event has to come out of a stream as it went in.
func TestEvent(t *testing.T) {
	p := newPlace(t)
	for kind, url := range p.urls() {
		for name, body := range map[string]serve.Body{
			"json":  serve.RawBody([]byte(`{"a": [1, 2.5]}`)),
			"text":  serve.ValueBody("a\nb"),
			"bytes": serve.ValueBody([]byte{0, 255}),
			"empty": {},
			"null":  serve.ValueBody(nil),
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				p.t, p.seen = t, nil
				g := p.start("async", nil, "k Key *", "q "+url+" <k", "s See <q")
				in := event("")
				in.Time = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
				in.Header = serve.Header{"Content-Type": {"application/json"}, "Authorization": {"secret"}}
				in.Body = body
				if _, err := g.Serve(context.Background(), in); err != nil {
					t.Fatal(err)
				}
				got := p.wait(1)[0]
				want := answer(&serve.Event{Body: body}, nil)
				if text := answer(got, nil); text != want {
					t.Errorf("body %s, want %s", text, want)
				}
				if v, ok := got.Body.Value(); name == "bytes" && (!ok || !cmp.Equal(v, []byte{0, 255})) {
					t.Errorf("body %v, want bytes", v)
				}
				if got.ID != "the id" || got.Key != "the key" || !got.Time.Equal(in.Time) || got.Target != in.Target {
					t.Errorf("event %+v, want what came in", got)
				}
				if !got.Trigger.Waits() {
					t.Errorf("trigger %v, want one that can wait", got.Trigger)
				}
				wantHeader := serve.Header{"Content-Type": {"application/json"}}
				if kind == "mem" {
					wantHeader = in.Header
				}
				if diff := cmp.Diff(wantHeader, got.Header); diff != "" {
					t.Errorf("header (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		g := p.start("async", nil, "q mem://q?max_messages=1", "w Wait <q", "b Nothing <w *")
		defer close(p.gate)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		var errs [3]error
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = g.Serve(ctx, event("1")) })
			synctest.Wait() // the first is in the queue before the others come
		}
		all.Wait()
		full := 0
		for _, err := range errs {
			if serve.CodeOf(err) != serve.Timeout {
				t.Errorf("error %v, want a timeout", err)
			}
			if strings.Contains(err.Error(), "step q: the event did not get into the queue in time") {
				full++
			}
		}
		if full != 2 {
			t.Errorf("%d events did not get in, want 2: %v", full, errs)
		}
	})
}

func TestDeadLetters(t *testing.T) {
	p := newPlace(t)
	for kind, url := range p.urls() {
		t.Run(kind, func(t *testing.T) {
			p.t = t
			options := map[string]any{"attempts": int64(2), "backoff": 0.001, "dead_letter": "dummy://dead"}
			g := p.start("async", options, "a Nothing *", "q "+url+" <a", "s See <q", "b Broken <s")
			ask(t, g, event(`{"x": 1}`))
			p.wait(2)
			if err := g.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			ms, err := p.memory.Published("dead")
			if err != nil || len(ms) == 0 {
				t.Fatalf("dead letters %v, %v", ms, err)
			}
			v, err := oip.ParseValue(ms[len(ms)-1].Body)
			if err != nil {
				t.Fatal(err)
			}
			o := v.(*serve.Object)
			for key, want := range map[string]any{"message": "graph g: step b: no good", "attempts": int64(2), "source": "q", "function_uri": "p/f"} {
				if got, _ := o.Value(key); got != want {
					t.Errorf("%s is %v, want %v", key, got, want)
				}
			}
			ev, _ := o.Value("event")
			text, err := oip.AppendValue(nil, ev)
			if err != nil || !strings.Contains(string(text), `"id":"the id"`) || !strings.Contains(string(text), `"x":1`) {
				t.Errorf("event %s, %v", text, err)
			}
			if text := p.log.String(); !strings.Contains(text, "accepted=1 delivered=0 dropped=1 pending=0") || !strings.Contains(text, "given up") {
				t.Errorf("log:\n%s", text)
			}
		})
	}
}

// TestGroups wants each function that reads a stream to get every event.
func TestGroups(t *testing.T) {
	p := newPlace(t)
	one := p.start("async", map[string]any{"group": "one"}, "q mem://q", "m More <q", "s See <m *")
	p.start("async", map[string]any{"group": "two"}, "q mem://q", "s See <q *")
	if got := ask(t, one, event("1")); got != "2" {
		t.Errorf("answer %s", got)
	}
	got := map[string]int{}
	for _, ev := range p.wait(2) {
		got[answer(ev, nil)]++
	}
	if diff := cmp.Diff(map[string]int{"1": 1, "2": 1}, got); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
}

// TestSwap wants no request to fail while one graph takes the place of another
// that has the same queue.
func TestSwap(t *testing.T) {
	p := newPlace(t)
	steps := []string{"q mem://q", "m More <q", "n Nothing <m *"}
	g := p.start("async", nil, steps...)
	var mu sync.RWMutex
	var all sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				mu.RLock()
				got := ask(t, g, event("1"))
				mu.RUnlock()
				if got != "2" {
					t.Errorf("answer %s", got)
					return
				}
			}
		})
	}
	for range 20 {
		next := p.start("async", nil, steps...)
		mu.Lock()
		old := g
		g = next
		mu.Unlock()
		if err := old.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
}

// TestDrains wants a queue in memory that is closed to process what is in it.
func TestDrains(t *testing.T) {
	p := newPlace(t)
	g := p.start("sync", nil, "q mem://q", "w Wait <q", "s See <w")
	for range 5 {
		ask(t, g, event("1"))
	}
	closed := make(chan error)
	go func() { closed <- g.Close(context.Background()) }()
	close(p.gate)
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if n := len(p.seen); n != 5 {
		t.Errorf("%d events came through, want 5", n)
	}
	if text := p.log.String(); !strings.Contains(text, "accepted=5 delivered=5 dropped=0 pending=0") {
		t.Errorf("log:\n%s", text)
	}
}

// TestLateClose wants requests that a queue holds to end when it is closed and
// cannot wait for them.
func TestLateClose(t *testing.T) {
	p := newPlace(t)
	g, problems := p.build("async", nil, "q mem://q", "w Wait <q", "b Nothing <w *")
	if g == nil {
		t.Fatal(problems)
	}
	if err := g.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	answers := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	for range 3 {
		go func() {
			_, err := g.Serve(ctx, event("1"))
			answers <- err
		}()
	}
	late, end := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer end()
	for q := g.Steps()[0].(*queue.Queue); q.Ledger().Accepted < 3; {
		time.Sleep(time.Millisecond)
	}
	if err := g.Close(late); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: error %v", err)
	}
	for range 2 { // the third is at a step that waits for the request
		if err := <-answers; serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("error %v, want unavailable", err)
		}
	}
	cancel()
	<-answers
}

func TestMock(t *testing.T) {
	p := newPlace(t)
	p.env.Mock = true
	g := p.start("async", nil, "q mem://q", "m More <q *", "o dummy://out <m")
	if got := ask(t, g, event("1")); got != "2" {
		t.Errorf("answer %s", got)
	}
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	ms, err := p.memory.Published("out")
	if err != nil || len(ms) != 1 || string(ms[0].Body) != "2" {
		t.Errorf("published %v, %v", ms, err)
	}
}

// TestFullEvent wants records to have MLRun's wrapper where steps follow, here or
// in another function, unless the options say otherwise.
func TestFullEvent(t *testing.T) {
	for name, c := range map[string]struct {
		options  map[string]any
		function string
		want     string
	}{
		"followed":            {function: "f", want: `{"full_event_wrapper":true,"body":{"a":1},"id":"the id","time":`},
		"elsewhere":           {function: "other", want: `{"full_event_wrapper":true,"body":{"a":1},"id":"the id","time":`},
		"not wanted":          {function: "other", options: map[string]any{"full_event": false}, want: `{"a":1}` + "\n"},
		"not followed":        {want: `{"a":1}` + "\n"},
		"wanted all the same": {options: map[string]any{"full_event": true}, want: `{"full_event_wrapper":true,"body":{"a":1},"id":"the id","time":`},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			path := filepath.Join(t.TempDir(), "q")
			spec := &graph.Spec{Functions: map[string]string{"other": "p/other"}, Graph: &graph.StepSpec{Steps: []*graph.StepSpec{
				{Name: "q", Kind: "queue", Path: "file://" + path, Options: c.options, Function: "f"},
			}}}
			if c.function != "" {
				spec.Graph.Steps = append(spec.Graph.Steps, &graph.StepSpec{Name: "n", Class: "Nothing", After: []string{"q"}, Function: c.function})
			}
			g, problems := graph.Build(spec, graph.Options{Catalog: p.set(), Env: p.env, Function: "f"})
			if g == nil {
				t.Fatal(problems)
			}
			if err := g.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			ask(t, g, event(`{"a":1}`))
			if err := g.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil || !strings.HasPrefix(string(text), c.want) {
				t.Errorf("the file is %s, %v, want %s", text, err, c.want)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		url     string
		options map[string]any
		lenient bool
		want    string
	}{
		"unknown stream": {url: "nats://h/s", want: "path: nats://h/s: this program has no streams of the kind nats:// (it has dummy://, file://, mem://)"},
		"v3io":           {url: "v3io:///p/s", want: "v3io streams belong to Iguazio's platform and cannot be opened here; use one of the kinds that this program has (dummy://, file://, mem://)"},
		"unknown option": {url: "mem://q", options: map[string]any{"grp": "x"}, want: `options: grp is not an option of queues here (did you mean group?)`},
		"of MLRun":       {url: "mem://q", options: map[string]any{"kafka_brokers": "x", "group": "g"}, lenient: true},
		"wrong type":     {url: "mem://q", options: map[string]any{"workers": "x", "y": 1}, lenient: true, want: "options: workers must be"},
		"negative":       {url: "mem://q", options: map[string]any{"workers": int64(-1)}, want: "options: workers must be a number of things, found -1"},
		"dead letters":   {url: "mem://q", options: map[string]any{"dead_letter": "x"}, want: `options: dead_letter: "x" is no URL of a stream`},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.env.MLRun = c.lenient
			g, problems := p.build("async", c.options, "q "+c.url)
			if c.want == "" {
				if g == nil {
					t.Error(problems)
				}
				return
			}
			if g != nil || !strings.Contains(fmt.Sprint(problems), c.want) {
				t.Errorf("problems %v, want %s", problems, c.want)
			}
		})
	}
}
