package graph_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/leaktest"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A place is what the steps of a test share: what was visited, and gates that
// steps wait at.
type place struct {
	mu      sync.Mutex
	visited map[string]int
	gates   map[string]chan struct{}
	kept    chan *serve.Event
}

func newPlace() *place {
	return &place{visited: map[string]int{}, gates: map[string]chan struct{}{}, kept: make(chan *serve.Event, 100)}
}

func (p *place) visit(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.visited[name]++
}

func (p *place) visits(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.visited[name]
}

func (p *place) gate(name string) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.gates[name]
	if g == nil {
		g = make(chan struct{})
		p.gates[name] = g
	}
	return g
}

// text is the body as a string.
func text(ev *serve.Event) string {
	v, err := oip.Value(ev.Body)
	if err != nil {
		return "ERR " + err.Error()
	}
	s, _ := v.(string)
	return s
}

func say(ev *serve.Event, s string) { ev.Body = serve.ValueBody(s) }

// classes are the steps of the tests: each adds its name to the text that the
// body is.
func (p *place) classes() *catalog.Set {
	set := &catalog.Set{}
	add := func(class string, do func(name string, ctx context.Context, ev *serve.Event) (serve.Fate, error)) {
		set.Add(catalog.Entry{Name: class, New: func(a catalog.Args) (serve.Step, error) {
			return serve.StepFunc(func(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
				p.visit(a.Name)
				say(ev, text(ev)+a.Name)
				return do(a.Name, ctx, ev)
			}), nil
		}})
	}
	add("Pass", func(string, context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil })
	add("Drop", func(string, context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil })
	add("Stop", func(string, context.Context, *serve.Event) (serve.Fate, error) { return serve.Finish, nil })
	add("Fail", func(name string, _ context.Context, _ *serve.Event) (serve.Fate, error) {
		return serve.Pass, errors.New("failed in " + name)
	})
	add("Panic", func(string, context.Context, *serve.Event) (serve.Fate, error) { panic("secret") })
	add("Handle", func(_ string, _ context.Context, ev *serve.Event) (serve.Fate, error) {
		if ev.Fault == nil {
			return serve.Pass, errors.New("no fault")
		}
		say(ev, text(ev)+"["+ev.Fault.Step+": "+ev.Fault.Err.Error()+"]")
		return serve.Pass, nil
	})
	add("Yield", func(string, context.Context, *serve.Event) (serve.Fate, error) {
		runtime.Gosched()
		return serve.Pass, nil
	})
	wait := func(name string, ctx context.Context, ev *serve.Event) (serve.Fate, error) {
		select {
		case <-p.gate(name):
			return serve.Pass, nil
		case <-ctx.Done():
			return serve.Pass, ctx.Err()
		}
	}
	add("Wait", wait)
	set.Add(catalog.Entry{Name: "Slow", New: func(a catalog.Args) (serve.Step, error) { return &slow{p, a.Name, wait}, nil }})
	set.Add(catalog.Entry{Name: "Keep", New: func(a catalog.Args) (serve.Step, error) { return &keeper{p: p, name: a.Name}, nil }})
	set.Add(catalog.Entry{Name: "Gather", New: func(a catalog.Args) (serve.Step, error) { return &gather{p: p, name: a.Name}, nil }})
	set.Add(catalog.Entry{Name: "Pick", New: func(a catalog.Args) (serve.Step, error) { return &pick{}, nil }})
	return set
}

// slow says that it waits.
type slow struct {
	p    *place
	name string
	wait func(string, context.Context, *serve.Event) (serve.Fate, error)
}

func (s *slow) Waits() bool { return true }
func (s *slow) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	s.p.visit(s.name)
	say(ev, text(ev)+s.name)
	return s.wait(s.name, ctx, ev)
}

// keeper keeps every event; the test emits or ends it.
type keeper struct {
	p    *place
	name string
	serve.Links
}

func (k *keeper) Link(l serve.Links) error { k.Links = l; return nil }
func (k *keeper) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	k.p.visit(k.name)
	go func() { // as a worker behind a queue would
		switch s := text(ev); {
		case strings.HasPrefix(s, "end"):
			k.End(context.Background(), ev, nil)
		case strings.HasPrefix(s, "err"):
			k.End(context.Background(), ev, errors.New("failed behind the queue"))
		default:
			say(ev, s+k.name)
			k.Emit(context.Background(), ev)
		}
	}()
	return serve.Keep, nil
}

// gather joins the parts of an event, as a merge does.
type gather struct {
	p    *place
	name string
	want int

	mu    sync.Mutex
	parts map[string][]string
}

func (g *gather) Link(l serve.Links) error {
	g.want = len(l.In)
	g.parts = map[string][]string{}
	return nil
}
func (g *gather) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := ev.Identify()
	g.parts[id] = append(g.parts[id], text(ev))
	if len(g.parts[id]) < g.want {
		return serve.Drop, nil
	}
	say(ev, "("+strings.Join(g.parts[id], "+")+")"+g.name)
	return serve.Pass, nil
}

// pick chooses the follower that the text names.
type pick struct{ out []string }

func (s *pick) Link(l serve.Links) error { s.out = l.Out; return nil }
func (s *pick) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	for i, name := range s.out {
		if name == text(ev) {
			return serve.To(i), nil
		}
	}
	return serve.To(99), nil
}

// flow reads a graph from a few words a step: "b Pass <a !h *" is step b of class
// Pass after a, with h for its errors, the responder. "h Handle x >b" handles
// errors, and leads to b.
func flow(engine, onError string, lines ...string) *graph.Spec {
	root := &graph.StepSpec{Engine: engine, OnError: onError}
	for i, line := range lines {
		words := strings.Fields(line)
		s := &graph.StepSpec{Name: words[0], Class: words[1], Pos: graph.Pos{Line: i + 1, Col: 1}}
		for _, w := range words[2:] {
			switch w[0] {
			case '<':
				s.After = strings.Split(w[1:], ",")
			case '>':
				s.Before = strings.Split(w[1:], ",")
			case '!':
				s.OnError = w[1:]
			case '*':
				s.Responder = true
			case 'x':
				s.Kind = "error_step"
			}
		}
		root.Steps = append(root.Steps, s)
	}
	return &graph.Spec{Graph: root}
}

func build(t *testing.T, p *place, spec *graph.Spec, o graph.Options) *graph.Graph {
	t.Helper()
	o.Catalog = p.classes()
	g, problems := graph.Build(spec, o)
	if g == nil {
		t.Fatal(problems)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return g
}

func TestMain(m *testing.M) { leaktest.Main(m) }

// ask serves one event whose body is a text, and says what became of it.
func ask(ctx context.Context, g *graph.Graph, body string) string {
	ev := serve.NewEvent(serve.Target{}, nil)
	ev.ID = "e1"
	say(ev, body)
	out, err := g.Serve(ctx, ev)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case out == nil:
		return "filtered"
	}
	v, _ := oip.Value(out.Body)
	if o, ok := v.(*serve.Object); ok {
		id, _ := o.Value("id")
		return fmt.Sprintf("{id: %v}", id)
	}
	return text(out)
}

func TestFlows(t *testing.T) {
	for _, tt := range []struct {
		name    string
		engine  string
		onError string
		steps   []string
		body    string
		want    string
		visited string // "a1 b0"
	}{
		{"chain", "sync", "", []string{"a Pass", "b Pass <a", "c Pass <b"}, ".", ".abc", ""},
		{"order of the list does not matter", "sync", "", []string{"c Pass <b", "b Pass <a", "a Pass"}, ".", ".abc", ""},
		{"async chain", "async", "", []string{"a Pass", "b Pass <a *"}, ".", ".ab", ""},
		{"filter", "sync", "", []string{"a Pass", "b Drop <a", "c Pass <b"}, ".", "filtered", "b1 c0"},
		{"filter before the responder", "async", "", []string{"a Drop", "b Pass <a *", "c Pass <a"}, ".", "filtered", ""},
		{"stop", "sync", "", []string{"a Stop", "b Pass <a"}, ".", ".a", "b0"},
		{"stop in async", "async", "", []string{"a Stop", "b Pass <a *", "c Pass <b"}, ".", ".a", "b0 c0"},
		{"error", "sync", "", []string{"a Pass", "b Fail <a", "c Pass <b"}, ".", "error: step b: failed in b", "c0"},
		{"panic", "sync", "", []string{"a Pass", "b Panic <a"}, ".", "error: step b: the step panicked; the log has the details", ""},
		{"panic in async", "async", "", []string{"a Pass", "b Panic <a", "c Pass <b *", "d Pass <a"}, ".", "error: step b: the step panicked; the log has the details", ""},
		{"handler ends a sync flow", "sync", "", []string{"a Fail !h", "b Pass <a", "h Handle x"}, ".", ".ah[a: failed in a]", "b0"},
		{"handler leads on", "sync", "", []string{"a Fail !h", "b Pass <a", "c Pass <b", "h Handle x >c"}, ".", ".ah[a: failed in a]c", "b0 c1"},
		{"handler of the graph", "async", "h", []string{"a Pass", "b Fail <a", "c Pass <b *", "h Handle x"}, ".", ".abh[b: failed in b]", "c0"},
		{"handler of a panic", "async", "h", []string{"a Panic", "c Pass <a *", "h Handle x"}, ".", ".ah[a: the step panicked; the log has the details]", ""},
		{"handler that fails", "async", "h", []string{"a Fail", "c Pass <a *", "h Fail x"}, ".", "error: step h: failed in h", ""},
		{"handler handles once", "async", "", []string{"a Fail !h", "b Pass <a", "c Fail <b !h", "r Pass <c *", "h Handle x >r"}, ".", ".ah[a: failed in a]r", "r1"},
		{"what follows a handler fails", "async", "h", []string{"a Fail !h", "c Fail <a", "r Pass <c *", "h Handle x >r2", "r2 Fail"}, ".", "error: step r2: failed in r2", "h1"},
		{"a handler for what follows a handler", "async", "", []string{"a Fail !h", "r Pass <a *", "h Handle x >b", "b Fail !i", "i Handle x"}, ".", ".ah[a: failed in a]bi[b: failed in b]", ""},
		{"upstream's handler is not blamed", "async", "", []string{"a Pass !h", "b Fail <a", "r Pass <b *", "h Handle x"}, ".", "error: step b: failed in b", "h0"},
		{"no responder", "async", "", []string{"a Pass", "b Pass <a"}, ".", "{id: e1}", "a1 b1"},
		{"no responder, and it fails", "async", "", []string{"a Fail"}, ".", "{id: e1}", ""},
		{"no responder, but a handler: success", "async", "", []string{"a Pass !h", "b Pass <a", "h Handle x"}, ".", "{id: e1}", "b1"},
		{"no responder, but a handler: failure", "async", "", []string{"a Fail !h", "b Pass <a", "h Handle x"}, ".", ".ah[a: failed in a]", "b0"},
		{"no responder, but a handler: filtered", "async", "", []string{"a Drop !h", "h Handle x"}, ".", "{id: e1}", ""},
		{"answer and tail", "async", "", []string{"a Pass", "b Pass <a *", "c Pass <b", "d Pass <c"}, ".", ".ab", "c1 d1"},
		{"side branches", "async", "", []string{"a Pass", "x Pass <a", "b Pass <a *", "y Pass <a"}, ".", ".ab", "x1 y1"},
		{"side branch fails", "async", "", []string{"a Pass", "x Fail <a", "b Pass <a *", "y Panic <a"}, ".", ".ab", "x1 y1"},
		{"side branch fails into a handler", "async", "h", []string{"a Pass", "x Fail <a", "b Pass <a *", "h Handle x"}, ".", ".ab", "h1"},
		{"merge", "async", "", []string{"a Pass", "b Pass <a", "c Pass <a", "m Gather <b,c *"}, ".", "(.ab+.ac)m", ""},
		{"merge of a branch that filters", "async", "", []string{"a Pass", "b Pass <a", "c Drop <a", "m Gather <b,c *"}, ".", "filtered", ""},
		{"merge of a branch that fails", "async", "", []string{"a Pass", "b Pass <a", "c Fail <a", "m Gather <b,c *"}, ".", "error: step c: failed in c", ""},
		{"merge and side", "async", "", []string{"a Pass", "b Pass <a", "x Pass <a", "c Pass <a", "m Gather <b,c *", "t Pass <m"}, ".", "(.ab+.ac)m", "x1 t1"},
		{"two starts", "async", "", []string{"a Pass", "b Pass", "m Gather <a,b *"}, ".", "(.a+.b)m", ""},
		{"choice", "async", "", []string{"p Pick", "a Pass <p", "b Pass <p", "r Pass <a,b *"}, "b", "bbr", "a0 b1"},
		{"choice of nothing", "async", "", []string{"p Pick", "a Pass <p *"}, "zz", "error: step p: it chose follower 99 of 1", ""},
		{"kept and emitted", "async", "", []string{"q Keep", "r Pass <q *"}, ".", ".qr", ""},
		{"kept and filtered", "async", "", []string{"q Keep", "r Pass <q *"}, "end", "filtered", "r0"},
		{"kept and failed", "async", "", []string{"q Keep", "r Pass <q *"}, "err", "error: step q: failed behind the queue", "r0"},
		{"kept, failed and handled", "async", "", []string{"q Keep !h", "r Pass <q *", "h Handle x"}, "err", "errh[q: failed behind the queue]", ""},
		{"kept, then fails", "async", "", []string{"q Keep", "f Fail <q", "r Pass <f *"}, ".", "error: step f: failed in f", ""},
		{"kept at the end", "sync", "", []string{"a Pass", "q Keep <a"}, ".", ".aq", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace()
			g := build(t, p, flow(tt.engine, tt.onError, tt.steps...), graph.Options{})
			if got := ask(t.Context(), g, tt.body); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if err := g.Close(t.Context()); err != nil { // waits for what goes on
				t.Error(err)
			}
			for _, want := range strings.Fields(tt.visited) {
				name, n := want[:len(want)-1], int(want[len(want)-1]-'0')
				if got := p.visits(name); got != n {
					t.Errorf("step %s had %d events, want %d", name, got, n)
				}
			}
		})
	}
}

// TestAnswerBeforeTail holds up what follows the responder until the answer is
// there, and changes the answer before it lets it go.
func TestAnswerBeforeTail(t *testing.T) {
	p := newPlace()
	g := build(t, p, flow("async", "", "a Pass *", "w Wait <a", "x Pass <w"), graph.Options{})
	ev := serve.NewEvent(serve.Target{}, nil)
	say(ev, ".")
	ctx, cancel := context.WithCancel(t.Context())
	out, err := g.Serve(ctx, ev)
	if err != nil || text(out) != ".a" {
		t.Fatal(text(out), err)
	}
	say(out, "changed")
	cancel() // the request is over, the tail is not
	if p.visits("x") != 0 {
		t.Error("the tail did not wait")
	}
	close(p.gate("w"))
	if err := g.Close(t.Context()); err != nil || p.visits("x") != 1 {
		t.Error(err, p.visits("x"))
	}
}

// TestFilteredWhileSideWaits answers a filtered request while a side branch is
// still busy, and Close waits for that.
func TestFilteredWhileSideWaits(t *testing.T) {
	p := newPlace()
	g := build(t, p, flow("async", "", "a Pass", "w Wait <a", "d Drop <a", "r Pass <d *"), graph.Options{})
	if got := ask(t.Context(), g, "."); got != "filtered" {
		t.Fatal(got)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := g.Close(short)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("closed with %v while a branch was busy", err)
	}
}

// TestParallelBranches runs branches that wait beside each other: each lets the
// other go on.
func TestParallelBranches(t *testing.T) {
	p := newPlace()
	g := build(t, p, flow("async", "", "a Pass", "b Slow <a", "c Slow <a", "m Gather <b,c *"), graph.Options{})
	go func() {
		for p.visits("b") == 0 || p.visits("c") == 0 {
			time.Sleep(time.Millisecond)
		}
		close(p.gate("c"))
		close(p.gate("b"))
	}()
	if got := ask(t.Context(), g, "."); got != "(.ac+.ab)m" && got != "(.ab+.ac)m" {
		t.Error(got)
	}
}

// TestDeadlineOfAKeptEvent answers when the deadline is over, whatever became of
// the event.
func TestDeadlineOfAKeptEvent(t *testing.T) {
	p := newPlace()
	g := build(t, p, flow("async", "", "w Slow", "v Slow", "m Gather <w,v *"), graph.Options{Timeout: 20 * time.Millisecond})
	if got := ask(t.Context(), g, "."); !strings.Contains(got, "deadline exceeded") {
		t.Error(got)
	}
}

// TestProcess returns when the tail is done.
func TestProcess(t *testing.T) {
	p := newPlace()
	g := build(t, p, flow("async", "", "a Pass *", "w Wait <a", "x Pass <w"), graph.Options{})
	go func() { time.Sleep(5 * time.Millisecond); close(p.gate("w")) }()
	if err := g.Process(t.Context(), serve.NewEvent(serve.Target{}, nil)); err != nil || p.visits("x") != 1 {
		t.Error(err, p.visits("x"))
	}
}

// draining keeps events until it is drained.
type draining struct {
	keeper
	held chan *serve.Event
}

func (d *draining) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	d.held <- ev
	return serve.Keep, nil
}

func (d *draining) Drain() {
	select {
	case ev := <-d.held:
		d.Emit(context.Background(), ev)
	default:
	}
}

// TestDrain lets go of what a step holds before Close waits for it.
func TestDrain(t *testing.T) {
	p := newPlace()
	set := p.classes()
	step := &draining{held: make(chan *serve.Event, 1)}
	set.Add(catalog.Entry{Name: "Hold", New: func(catalog.Args) (serve.Step, error) { return step, nil }})
	g, problems := graph.Build(flow("async", "", "h Hold", "r Pass <h *"), graph.Options{Catalog: set})
	if g == nil {
		t.Fatal(problems)
	}
	got := make(chan string)
	go func() { got <- ask(context.Background(), g, ".") }()
	for len(step.held) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := g.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if s := <-got; s != ".r" {
		t.Error(s)
	}
}

// TestLateAnswer wants no answer of a flow whose steps did not look at the clock.
func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := newPlace().classes()
		set.Add(catalog.Entry{Name: "Late", New: func(catalog.Args) (serve.Step, error) {
			return serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) {
				time.Sleep(time.Minute)
				return serve.Pass, nil
			}), nil
		}})
		for _, lines := range [][]string{
			{"a Pass", "b Late <a"}, {"a Late", "b Pass <a", "c Pass <b"}, {"a Pass", "b Pass <a", "c Pass <b", "d Late <c", "e Pass <d", "f Pass <e"},
		} {
			g, problems := graph.Build(flow("sync", "", lines...), graph.Options{Catalog: set, Timeout: time.Second})
			if g == nil {
				t.Fatal(problems)
			}
			if got := ask(t.Context(), g, "."); !strings.Contains(got, "deadline exceeded") {
				t.Errorf("%v: %s", lines, got)
			}
			if err := g.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestSideHandlerDoesNotAnswer holds the responder up until the handler of a side
// branch is done: what it makes is no answer.
func TestSideHandlerDoesNotAnswer(t *testing.T) {
	for _, class := range []string{"Handle", "Stop"} {
		p := newPlace()
		g := build(t, p, flow("async", "", "a Pass", "x Fail <a !h", "w Wait <a", "b Pass <w *", "h "+class+" x"), graph.Options{})
		go func() {
			for p.visits("h") == 0 {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(5 * time.Millisecond)
			close(p.gate("w"))
		}()
		if got := ask(t.Context(), g, "."); got != ".awb" {
			t.Errorf("%s: %s", class, got)
		}
	}
}
