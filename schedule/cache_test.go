package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/leat-ml/leat/serve"
)

func TestCache(t *testing.T) {
	m := &double{}
	c := NewCache(m, 10_000)
	ask := func(req *serve.Request) {
		t.Helper()
		out, err := c.Predict(t.Context(), req)
		if err != nil || checkAnswer(req, out) != "" {
			t.Errorf("%v, %v", out, err)
		}
	}
	first := rowsReq(1, 2, 3)
	for _, step := range []struct {
		req          *serve.Request
		hits, misses uint64
	}{
		{first, 0, 1}, {first, 1, 1}, {rowsReq(1, 2, 3), 2, 1}, {rowsReq(2, 2, 3), 2, 2},
		{rowsReq(1, 3, 2), 2, 3}, // the same elements in another shape
		{first.WithParameters(map[string]any{"sequence_id": int64(1), "timeout": int64(5)}), 3, 3},
		{first.WithParameters(map[string]any{"a": int64(1)}), 3, 4},
		{first.WithParameters(map[string]any{"a": "1"}), 3, 5},
	} {
		ask(step.req)
		if got := c.Counts(serve.Counts{}); got.Hits.Count != step.hits || got.Misses.Count != step.misses {
			t.Errorf("hits and misses %+v, want %+v", got, step)
		}
	}
}

// TestWhatIsNotLookedUp: requests that are told apart by more than the key has are the
// model's own, each.
func TestWhatIsNotLookedUp(t *testing.T) {
	calls := 0
	c := NewCache(predictor(func(context.Context, *serve.Request) (any, error) {
		calls++
		return []*serve.Tensor{serve.NewTensor("y", []int64{int64(calls)})}, nil
	}), 10_000)
	for i, req := range []*serve.Request{
		(&serve.Request{}).WithData([]any{"a"}), (&serve.Request{}).WithData([]any{"b"}), (&serve.Request{}).WithData([]any{"b"}),
		rowsReq(1, 1, 1).WithParameters(map[string]any{"a": []any{int64(1)}}), rowsReq(1, 1, 1).WithParameters(map[string]any{"a": []any{int64(1)}}),
	} {
		if _, err := c.Predict(t.Context(), req); err != nil || calls != i+1 {
			t.Errorf("request %d: call %d, %v", i, calls, err)
		}
	}
	if got := c.Counts(serve.Counts{}); got.Hits.Count+got.Misses.Count != 0 {
		t.Errorf("looked up: %+v", got)
	}
}

// A predictor is a function that predicts.
type predictor func(ctx context.Context, req *serve.Request) (any, error)

func (f predictor) Predict(ctx context.Context, req *serve.Request) (any, error) { return f(ctx, req) }

func TestCacheIsBounded(t *testing.T) {
	c := NewCache(&double{}, 4*(entryCost+2*tensorCost+100))
	for i := range 100 {
		for range 2 {
			if _, err := c.Predict(t.Context(), rowsReq(float32(i), 1, 5)); err != nil {
				t.Fatal(err)
			}
		}
		if c.bytes > c.most || len(c.entries) != c.recent.Len() || len(c.entries) > 5 {
			t.Fatalf("%d entries of %d bytes", len(c.entries), c.bytes)
		}
	}
	if n := c.Counts(serve.Counts{}); n.Hits.Count != 100 || n.Misses.Count != 100 {
		t.Errorf("%+v", n)
	}
	if _, err := c.Predict(t.Context(), rowsReq(0, 1000, 5)); err != nil || len(c.entries) == 0 {
		t.Errorf("an answer that is larger than all drove out %d others: %v", len(c.entries), err)
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	m := &double{fail: func(*serve.Request) error { return errors.New("no") }}
	c := NewCache(m, 1<<20)
	for range 2 {
		if _, err := c.Predict(t.Context(), rowsReq(1, 1, 1)); err == nil {
			t.Error("no error")
		}
	}
	if len(m.sizes) != 2 || len(c.entries) != 0 {
		t.Errorf("%d calls, %d entries", len(m.sizes), len(c.entries))
	}
}

func TestCacheIsShared(t *testing.T) {
	c := NewCache(&double{}, 1<<20)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				req := rowsReq(float32(i%20), 1, 2)
				out, err := c.Predict(t.Context(), req)
				if d := checkAnswer(req, out); err != nil || d != "" {
					t.Error(err, d)
				}
			}
		})
	}
	wg.Wait()
	if len(c.entries) != 20 {
		t.Error(len(c.entries))
	}
}

func TestKeysDiffer(t *testing.T) {
	of := func(inputs ...*serve.Tensor) key { return keyOf(&serve.Request{Inputs: inputs}) }
	keys := map[key]string{}
	for i, k := range []key{
		of(), of(serve.NewBytes("a", []string{"x", "yz"})), of(serve.NewBytes("a", []string{"xy", "z"})),
		of(serve.NewTensor("a", []int32{1, 2})), of(serve.NewTensor("a", []uint32{1, 2})), of(serve.NewTensor("b", []int32{1, 2})),
		of(serve.NewTensor("a", []int32{1}), serve.NewTensor("b", []int32{2})), of(serve.NewTensor("a", []int32{1, 2}, 1, 2)),
	} {
		if other, ok := keys[k]; ok {
			t.Errorf("requests %s and %d have one key", other, i)
		}
		keys[k] = fmt.Sprint(i)
	}
}
