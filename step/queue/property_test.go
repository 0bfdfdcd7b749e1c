package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
	"github.com/leat-ml/leat/stream/mem"
)

// A tally counts what came through, and fails now and then.
type tally struct {
	mu       sync.Mutex
	came     map[string]int
	order    map[string][]string // by key
	failures map[string]int      // how often an event is to fail
}

func (a *tally) do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := oip.Value(ev.Body)
	if err != nil {
		return serve.Pass, err
	}
	body := v.(string)
	key, _, _ := strings.Cut(body, "-")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failures[body] > 0 {
		a.failures[body]--
		return serve.Pass, errors.New("not this time")
	}
	a.came[body]++
	a.order[key] = append(a.order[key], body)
	return serve.Pass, nil
}

// TestNothingLost has graphs take each other's place under callers, with steps
// that fail and workers of several kinds, and wants every event that was
// accepted to have come through once, in the order of its key, and the ledgers to
// say so.
func TestNothingLost(t *testing.T) {
	folder, run := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		url := rapid.SampledFrom([]string{
			"mem://q?max_messages=3", "mem://q", fmt.Sprintf("file://%s/%d?sync=none&max_size=2KiB&ack_interval=1ms", folder, run),
		}).Draw(t, "stream")
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		swaps := rapid.IntRange(0, 3).Draw(t, "swaps")
		callers, each := rapid.IntRange(1, 4).Draw(t, "callers"), rapid.IntRange(1, 15).Draw(t, "events")
		held := rapid.Bool().Draw(t, "held") && strings.HasPrefix(url, "mem")
		all := &tally{came: map[string]int{}, order: map[string][]string{}, failures: map[string]int{}}
		if !held {
			for c := range callers {
				all.failures[fmt.Sprintf("%d-%02d", c, rapid.IntRange(0, each).Draw(t, "failing"))] = rapid.IntRange(0, 3).Draw(t, "times")
			}
		}
		streams, memory := &stream.Mux{}, &mem.Memory{}
		streams.Register("mem", memory.Open)
		streams.Register("file", new(file.Files).Open)
		start := func() *graph.Graph { return startTally(t, streams, all, url, workers, held) }

		var swap sync.RWMutex
		g := start()
		var callersDone sync.WaitGroup
		for c := range callers {
			callersDone.Go(func() {
				for i := range each {
					ev := serve.NewEvent(serve.Target{}, fmt.Appendf(nil, `"%d-%02d"`, c, i))
					ev.Key = fmt.Sprint(c)
					swap.RLock()
					if out, err := g.Serve(context.Background(), ev); err != nil || out == nil {
						t.Errorf("event %d-%02d: answer %v, error %v", c, i, out, err)
					}
					swap.RUnlock()
				}
			})
		}
		for range swaps {
			next := start()
			swap.Lock()
			old := g
			g = next
			swap.Unlock()
			closeTally(t, old)
		}
		callersDone.Wait()
		deadline := time.Now().Add(2 * time.Minute)
		for all.count() < callers*each && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		closeTally(t, g)
		for body, n := range all.came {
			if n != 1 {
				t.Errorf("%s came %d times", body, n)
			}
		}
		if n := len(all.came); n != callers*each {
			t.Errorf("%d of %d events came", n, callers*each)
		}
		for key, list := range all.order {
			if !slices.IsSorted(list) {
				t.Errorf("key %s came as %v", key, list)
			}
		}
	})
}

func (a *tally) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.came)
}

func startTally(t *rapid.T, streams *stream.Mux, all *tally, url string, workers int, held bool) *graph.Graph {
	set := &catalog.Set{}
	queue.Register(set, streams)
	set.Add(catalog.Entry{Name: "Nothing", New: func(catalog.Args) (serve.Step, error) {
		return serve.StepFunc(func(context.Context, *serve.Event) (serve.Fate, error) { return serve.Pass, nil }), nil
	}})
	set.Add(catalog.Entry{Name: "Tally", New: func(catalog.Args) (serve.Step, error) { return serve.StepFunc(all.do), nil }})
	engine := "sync"
	if held {
		engine = "async"
	}
	g, problems := graph.Build(&graph.Spec{Graph: &graph.StepSpec{Engine: engine, Steps: []*graph.StepSpec{
		{Name: "in", Class: "Nothing"},
		{
			Name: "q", Kind: "queue", Path: url, After: []string{"in"},
			Options: map[string]any{"workers": int64(workers), "backoff": 0.0001, "attempts": int64(4)},
		},
		{Name: "tally", Class: "Tally", After: []string{"q"}, Responder: held},
	}}}, graph.Options{Catalog: set})
	if g == nil {
		t.Fatal(problems)
	}
	if err := g.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return g
}

func closeTally(t *rapid.T, g *graph.Graph) {
	if err := g.Close(context.Background()); err != nil {
		t.Errorf("close: %v", err)
	}
	for _, s := range g.Steps() {
		if q, ok := s.(*queue.Queue); ok {
			if l := q.Ledger(); l.Dropped != 0 {
				t.Errorf("ledger %+v, want none dropped", l)
			}
		}
	}
}
