package leat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/step"
	"github.com/leat-ml/leat/step/expr"
	"github.com/leat-ml/leat/step/queue"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
	"github.com/leat-ml/leat/stream/mem"
)

// withQueues has the steps, and the streams of one process.
func withQueues() *catalog.Set {
	set, x, memory := catalog.Default.Clone(), &stream.Mux{}, &mem.Memory{}
	x.Register("mem", memory.Open)
	x.Register("file", (&file.Files{}).Open)
	expr.Register(set)
	step.Register(set)
	queue.Register(set, x)
	return set
}

// orders is a graph that answers at once, and prices what comes out of a queue
// in memory or in a file behind. generation is its mark in the prices.
func orders(t *testing.T, dir, between string, generation int) *graph.Spec {
	t.Helper()
	path := filepath.Join(dir, "orders.yaml")
	text := fmt.Sprintf(`
graph:
  engine: async
  steps:
    clean: {handler: "({'id': event['id'], 'by': %d})", responder: true}
    orders: {kind: queue, path: "%s", after: [clean]}
    price: {handler: "({'id': event['id'], 'by': event['by']})", after: [orders]}
    prices: {kind: queue, path: "file://%s/prices.jsonl", after: [price]}
`, generation, between, dir)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := leat.ReadSpec(path)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// TestReloadQueues reloads while events are on their way through queues: each is
// answered, and comes out once.
func TestReloadQueues(t *testing.T) {
	for _, kind := range []string{"mem", "file"} {
		t.Run(kind, func(t *testing.T) {
			const requests, reloads = 400, 40
			dir := t.TempDir()
			between := map[string]string{"mem": "mem://orders", "file": "file://" + dir + "/orders.jsonl"}[kind]
			srv, err := leat.New(orders(t, dir, between, 0), &leat.Options{Catalog: withQueues()})
			if err != nil {
				t.Fatal(err)
			}
			if err := srv.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			var wg sync.WaitGroup
			for worker := range 4 {
				wg.Go(func() {
					for i := worker; i < requests; i += 4 {
						got, err := srv.Test(t.Context(), "/", fmt.Sprintf(`{"id":%d}`, i))
						if err != nil || !strings.HasPrefix(string(got), fmt.Sprintf(`{"id":%d,`, i)) {
							t.Errorf("request %d: %s, %v", i, got, err)
						}
					}
				})
			}
			for i := range reloads {
				if err := srv.Reload(t.Context(), orders(t, dir, between, i+1)); err != nil {
					t.Error(err)
				}
			}
			wg.Wait()
			prices := filepath.Join(dir, "prices.jsonl")
			for late := time.Now().Add(2 * time.Minute); lines(prices) < requests && time.Now().Before(late); {
				time.Sleep(time.Millisecond) // a file keeps what is in it when the server is closed
			}
			if err := srv.Close(t.Context()); err != nil {
				t.Error(err)
			}
			once(t, prices, requests)
		})
	}
}

func lines(path string) int {
	text, _ := os.ReadFile(path) // none before the first event
	return bytes.Count(text, []byte("\n"))
}

// once wants a line in the file for every id below n.
func once(t *testing.T, path string, n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if came := lines(path); came != n {
		t.Errorf("%d events came out, not %d", came, n)
	}
	for i := range n {
		if c := bytes.Count(text, fmt.Appendf(nil, `"id":%d,`, i)); c != 1 {
			t.Errorf("event %d came out %d times", i, c)
		}
	}
}

func TestServerReload(t *testing.T) {
	answer := func(text string) *graph.Spec {
		return &graph.Spec{Graph: &graph.StepSpec{Engine: "sync", Steps: []*graph.StepSpec{{Name: "a", Handler: "('" + text + "')"}}}}
	}
	srv, err := leat.New(answer("one"), &leat.Options{Catalog: withQueues()})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	asks := func(want string) {
		t.Helper()
		if got, err := srv.Test(t.Context(), "/", `{}`); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("answer %s, %v, want %s", got, err, want)
		}
	}
	asks("one")
	if err := srv.Reload(t.Context(), answer("two")); err != nil {
		t.Error(err)
	}
	asks("two")
	bad := answer("three")
	bad.Graph.Steps[0].Handler = "(oops"
	bad.Graph.Steps = append(bad.Graph.Steps, &graph.StepSpec{Name: "b", Class: "Nothing", After: []string{"a"}})
	for _, spec := range []*graph.Spec{nil, {}, bad} {
		if err := srv.Reload(t.Context(), spec); err == nil {
			t.Error("reloaded without a graph, or with a broken one")
		} else if spec == bad && (!strings.Contains(err.Error(), "oops") || !strings.Contains(err.Error(), `"Nothing"`)) {
			t.Errorf("not all problems are told: %v", err)
		}
	}
	asks("two")
	if err := srv.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := srv.Reload(t.Context(), answer("four")); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a reload after Close: %v", err)
	}
}
