package graph_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

func serveOne(ctx context.Context, g *graph.Graph) (*serve.Event, error) {
	return g.Serve(ctx, serve.NewEvent(serve.Target{}, nil))
}

func of(t *testing.T, step serve.Step, o graph.Options) *graph.Graph {
	t.Helper()
	g := graph.Of("s", step, o)
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

func TestFates(t *testing.T) {
	for _, tt := range []struct {
		name     string
		step     serve.StepFunc
		answered bool
		err      string
	}{
		{"pass", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }, true, ""},
		{"finish", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Finish, nil }, true, ""},
		{"drop", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Drop, nil }, false, ""},
		{"error", func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, errors.New("boom") }, false, "boom"},
		{"panic", func(context.Context, *serve.Event) (serve.Fate, error) { panic("secret") }, false, "step s: the step panicked; the log has the details"},
	} {
		ev, err := serveOne(t.Context(), of(t, tt.step, graph.Options{}))
		if (ev != nil) != tt.answered || (err == nil) != (tt.err == "") || (err != nil && err.Error() != tt.err) {
			t.Errorf("%s: answer %v, error %v", tt.name, ev, err)
		}
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := serve.StepFunc(func(ctx context.Context, _ *serve.Event) (serve.Fate, error) {
			at, ok := ctx.Deadline()
			if !ok || time.Until(at) != time.Minute {
				t.Errorf("deadline in %v (%v)", time.Until(at), ok)
			}
			if err := ctx.Err(); err != nil {
				t.Errorf("over at the start: %v", err)
			}
			<-ctx.Done()
			return serve.Pass, ctx.Err()
		})
		g := graph.Of("s", waits, graph.Options{Timeout: time.Minute})
		start := time.Now()
		_, err := serveOne(t.Context(), g)
		if serve.CodeOf(err) != serve.Timeout || time.Since(start) != time.Minute {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
		// A step that never looks finds the time over when it looks at last.
		late := serve.StepFunc(func(ctx context.Context, _ *serve.Event) (serve.Fate, error) {
			time.Sleep(2 * time.Minute)
			return serve.Pass, ctx.Err()
		})
		if _, err := serveOne(t.Context(), graph.Of("s", late, graph.Options{Timeout: time.Minute})); serve.CodeOf(err) != serve.Timeout {
			t.Errorf("error %v, want a timeout", err)
		}
		// The caller's context still counts.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		hangs := serve.StepFunc(func(ctx context.Context, _ *serve.Event) (serve.Fate, error) {
			<-ctx.Done()
			return serve.Pass, ctx.Err()
		})
		if _, err := serveOne(ctx, graph.Of("s", hangs, graph.Options{Timeout: time.Minute})); err == nil || time.Since(start) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(start))
		}
	})
}

// closing notes when it is closed.
type closing struct {
	serve.StepFunc
	closed bool
}

func (c *closing) Close(context.Context) error {
	c.closed = true
	return nil
}

func TestCloseDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		step := &closing{StepFunc: func(context.Context, *serve.Event) (serve.Fate, error) {
			<-let
			return serve.Pass, nil
		}}
		g := graph.Of("s", step, graph.Options{})
		answered, closed := make(chan error), make(chan error)
		go func() {
			_, err := serveOne(t.Context(), g)
			answered <- err
		}()
		synctest.Wait()
		go func() { closed <- g.Close(t.Context()) }()
		synctest.Wait()
		if _, err := serveOne(t.Context(), g); !errors.Is(err, graph.ErrClosed) || serve.CodeOf(err) != serve.Unavailable {
			t.Errorf("an event got in: %v", err)
		}
		if step.closed {
			t.Error("closed with an event inside")
		}
		close(let)
		if err := errors.Join(<-answered, <-closed); err != nil || !step.closed {
			t.Errorf("closed %v: %v", step.closed, err)
		}
		if err := g.Close(t.Context()); err != nil { // twice
			t.Error(err)
		}
	})
}

func TestCloseGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		g := graph.Of("s", serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) {
			<-let
			return serve.Pass, nil
		}), graph.Options{})
		go func() { _, _ = serveOne(context.Background(), g) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := g.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v", err)
		}
		close(let)
	})
}

// ordered notes the order in which steps start and close.
type ordered struct {
	name string
	log  *[]string
	fail bool
}

func (o *ordered) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }

func (o *ordered) Start(context.Context) error {
	*o.log = append(*o.log, "start "+o.name)
	if o.fail {
		return errors.New("no")
	}
	return nil
}

func (o *ordered) Close(context.Context) error {
	*o.log = append(*o.log, "close "+o.name)
	return nil
}

// orderedSet has a router and a class, both of which note what happens to them.
func orderedSet(log *[]string, fail string) *catalog.Set {
	set := &catalog.Set{}
	set.Add(catalog.Entry{Name: "ModelRouter", Router: true, New: func(catalog.Args) (serve.Step, error) { return &ordered{"router", log, false}, nil }})
	set.Add(catalog.Entry{Name: "Step", New: func(a catalog.Args) (serve.Step, error) { return &ordered{a.Name, log, a.Name == fail}, nil }})
	return set
}

func TestStartOrder(t *testing.T) {
	spec := graph.NewRouter().AddModel("a", "Step", "", nil).AddModel("b", "Step", "", nil)
	for fail, want := range map[string][]string{
		"":  {"start b", "start a", "start router", "close router", "close a", "close b"},
		"a": {"start b", "start a", "close router", "close a", "close b"},
	} {
		var log []string
		g, problems := graph.Build(spec, graph.Options{Catalog: orderedSet(&log, fail)})
		if g == nil {
			t.Fatal(problems)
		}
		if err := g.Start(t.Context()); (err != nil) != (fail != "") {
			t.Errorf("start: %v", err)
		}
		if fail == "" {
			if err := g.Close(t.Context()); err != nil {
				t.Error(err)
			}
		} else if _, err := serveOne(t.Context(), g); !errors.Is(err, graph.ErrClosed) {
			t.Errorf("a graph that did not start answered: %v", err)
		}
		if d := cmp.Diff(want, log); d != "" {
			t.Errorf("order when %q fails (-want +got):\n%s", fail, d)
		}
	}
}

func TestBuildProblems(t *testing.T) {
	set := orderedSet(&[]string{}, "")
	set.Add(catalog.Entry{Name: "Bad", New: func(catalog.Args) (serve.Step, error) { return nil, errors.New("it cannot be") }})
	step := func(name, class string, line int) *graph.StepSpec {
		return &graph.StepSpec{Name: name, Class: class, Pos: graph.Pos{Line: line, Col: 3}}
	}
	spec := &graph.Spec{File: "s.yaml", Graph: &graph.StepSpec{Kind: "router", Pos: graph.Pos{Line: 1, Col: 1}, Routes: []*graph.StepSpec{
		step("a", "Stepp", 2), step("b", "Bad", 3), step("c", "Step", 4), step("c", "Step", 5), step("d", "ModelRouter", 6), step("e", "Nothing", 7),
	}}}
	g, problems := graph.Build(spec, graph.Options{Catalog: set})
	if g != nil {
		t.Error("a graph was built of a wrong spec")
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	want := []string{
		`s.yaml:2:3: unknown class "Stepp" (did you mean Step?)`,
		`s.yaml:3:3: b: it cannot be`,
		`s.yaml:5:3: route c is there twice`,
		`s.yaml:6:3: d: a ModelRouter is not supported as a route`,
		`s.yaml:7:3: unknown class "Nothing"`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	for _, spec := range []*graph.Spec{{}, {Graph: &graph.StepSpec{Kind: "root"}}, {Graph: &graph.StepSpec{Kind: "router", Class: "Step"}}} {
		if g, problems := graph.Build(spec, graph.Options{Catalog: set}); g != nil || len(problems) == 0 {
			t.Errorf("%+v was built", spec)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"VotingEnsemble", "ModelRouter", "xgboost"}
	for word, want := range map[string]string{"VottingEnsemble": "VotingEnsemble", "XGBoost": "xgboost", "modelrouter": "ModelRouter", "zzz": "", strings.Repeat("x", 1e6): ""} {
		if got := strings.Join(catalog.Nearest(word, names), ","); got != want {
			t.Errorf("%.20s: %q, want %q", word, got, want)
		}
	}
}
