package steptest

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// good counts events, as a step may.
type good struct{ serve.StepFunc }

func newGood() serve.Step {
	return &good{func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }}
}

// toucher changes events that it has given back.
type toucher struct {
	good
	late sync.WaitGroup
}

func (s *toucher) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	s.late.Go(func() {
		time.Sleep(5 * time.Millisecond)
		ev.ID = "late"
	})
	return serve.Pass, nil
}

func (s *toucher) Close(context.Context) error {
	s.late.Wait()
	return nil
}

// closer cannot be closed twice.
type closer struct {
	good
	done chan struct{}
}

func (s *closer) Close(context.Context) error { close(s.done); return nil }

// unstarted cannot be closed without a start.
type unstarted struct {
	good
	stop context.CancelFunc
}

func (s *unstarted) Start(context.Context) error {
	_, s.stop = context.WithCancel(context.Background())
	return nil
}
func (s *unstarted) Close(context.Context) error { s.stop(); return nil }

// leaker leaves a goroutine behind.
type leaker struct{ good }

func (leaker) Start(context.Context) error { go func() { select {} }(); return nil }

// loser keeps events for ever.
type loser struct{ good }

func (loser) Do(context.Context, *serve.Event) (serve.Fate, error) { return serve.Keep, nil }

// stuck waits for its followers, and not for its caller.
type stuck struct {
	good
	links serve.Links
}

func (s *stuck) Link(l serve.Links) error { s.links = l; return nil }

func (s *stuck) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	s.links.Emit(context.Background(), ev.Clone())
	return serve.Drop, nil
}

var broken = map[string]struct {
	step func() serve.Step
	says string
	vain bool // the suite finds it by waiting in vain
}{
	"toucher":   {func() serve.Step { return &toucher{} }, "the step changed an event that it had given back", false},
	"closer":    {func() serve.Step { return &closer{done: make(chan struct{})} }, "close of closed channel", false},
	"unstarted": {func() serve.Step { return &unstarted{} }, "nil pointer dereference", false},
	"leaker":    {func() serve.Step { return &leaker{*newGood().(*good)} }, "goroutines, ", true},
	"loser":     {func() serve.Step { return &loser{} }, "every request has an outcome: waited in vain", true},
	"stuck":     {func() serve.Step { return &stuck{} }, "every request has an outcome: waited in vain", true},
}

const which = "STEPTEST_BROKEN"

// TestRun runs the suite over a step that keeps to it, and, in processes of
// their own, over steps that do not: it has to find each of them out.
func TestRun(t *testing.T) {
	c := Contract{New: newGood, Event: func(int) *serve.Event { return Event(`{"x": 1}`) }}
	if name := os.Getenv(which); name != "" {
		if broken[name].vain { // what it finds otherwise may take its time
			failsafe = 3 * time.Second
		}
		c.New = broken[name].step
		Run(t, c)
		return
	}
	Run(t, c)
	for name, b := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestRun$")
			cmd.Env = append(os.Environ(), which+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Error("the suite found nothing wrong")
			}
			if !strings.Contains(string(out), b.says) && !(name == "toucher" && strings.Contains(string(out), "DATA RACE")) {
				t.Errorf("the suite did not say %q:\n%.2000s", b.says, out)
			}
		})
	}
}

func TestRig(t *testing.T) {
	s := serve.StepFunc(func(_ context.Context, ev *serve.Event) (serve.Fate, error) {
		switch JSON(ev.Body) {
		case "1":
			return serve.Finish, nil
		case "2":
			return serve.Drop, nil
		case "3":
			return serve.To(1), nil
		case "4":
			return serve.Pass, context.Canceled
		}
		return serve.Pass, nil
	})
	r := New(t, s, Options{Out: []string{"a", "b"}})
	for body, want := range map[string]string{"1": "1", "2": "filtered", "3": "3", "4": "context canceled", "5": "5"} {
		o := r.Send(t.Context(), Event(body))
		got := o.Body()
		switch {
		case o.Err != nil:
			got = o.Err.Error()
		case o.Filtered():
			got = "filtered"
		}
		if got != want {
			t.Errorf("%s: outcome %s, want %s", body, got, want)
		}
	}
	to := ""
	for _, o := range r.Outputs() {
		to += o.Body + o.To + " "
	}
	if !strings.Contains(to, "5a 5b ") || !strings.Contains(to, "3b ") || len(to) != 9 {
		t.Errorf("outputs %s", to)
	}
}
