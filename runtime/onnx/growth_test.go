//go:build cgo && linux && !race

package onnx

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"testing"

	"github.com/leat-ml/leat/serve"
)

// full asks for as many rounds as a server makes in a while: 100,000 calls,
// 1,000 loads. Without it there are fewer, which find a coarse leak.
const full = "LEAT_GROWTH"

func counted(t *testing.T, few, many int) int {
	if os.Getenv(full) != "" {
		return many
	}
	t.Logf("%d of %d rounds; all with %s=1", few, many, full)
	return few
}

// TestCallsDoNotGrow makes calls of every kind, the failing ones included.
func TestCallsDoNotGrow(t *testing.T) {
	mlp, many, sequence := loaded(t, testdata("mlp")), loaded(t, testdata("many")), loaded(t, testdata("sequence_bytes"))
	words := serve.NewBytes("x", []string{"a", "", "b\x00", "c"}, 2, 2)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	calls := []struct {
		m       *model
		req     *serve.Request
		ctx     context.Context
		succeed bool
	}{
		{mlp, mlpRequest(32), t.Context(), true},
		{loaded(t, testdata("classifier_string")), request(ramp("X", 8, 4)), t.Context(), true},
		{many, manyRequest(), t.Context(), true},
		{sequence, request(words, serve.NewTensor("split", []int64{1, 1})), t.Context(), true},
		{sequence, request(words, serve.NewTensor("split", []int64{1, 5})), t.Context(), false}, // fails in the run
		{mlp, request(ramp("x", 1, 31)), t.Context(), false},                                    // fails before it
		{mlp, mlpRequest(1), cancelled, false},
	}
	noGrowth(t, counted(t, 14_000, 100_000), func(i int) error {
		c := calls[i%len(calls)]
		if _, err := c.m.Predict(c.ctx, c.req); (err == nil) != c.succeed {
			return fmt.Errorf("call of kind %d: error %w", i%len(calls), err)
		}
		return nil
	})
}

// TestLoadsDoNotGrow loads, runs and releases models, and some that are refused
// at every stage.
func TestLoadsDoNotGrow(t *testing.T) {
	e := testEngine(t)
	type load struct {
		file string
		spec serve.ModelSpec
		req  *serve.Request
	}
	loads := []load{
		{testdata("mlp"), serve.ModelSpec{}, mlpRequest(8)},
		{testdata("classifier_int"), serve.ModelSpec{}, request(ramp("X", 8, 4))},
		{testdata("refused_optional"), serve.ModelSpec{}, nil},
		{testdata("mlp"), serve.ModelSpec{Inputs: []serve.TensorSpec{{Name: "none"}}}, nil},
	}
	noGrowth(t, counted(t, 160, 1_000), func(i int) error {
		l := loads[i%len(loads)]
		m, err := e.Load(t.Context(), &serve.Artifact{File: l.file}, l.spec)
		if (err != nil) != (l.req == nil) {
			return fmt.Errorf("load %s: error %w", l.file, err)
		}
		if l.req == nil {
			return nil
		}
		if _, err := m.Predict(t.Context(), l.req); err != nil {
			return err
		}
		return m.(serve.Closer).Close(t.Context())
	})
}

// The race detector keeps memory of its own, so these run without it.

// noGrowth does half of the rounds, by when every pool is full, and compares the
// resident memory then with that after the other half. It may have grown: an allocator
// keeps memory for each thread, and Go may have used another thread. What leaks grows
// however often the rounds go on.
func noGrowth(t *testing.T, rounds int, do func(i int) error) {
	t.Helper()
	half, done := rounds/2, 0
	more := func() (used int64) {
		for range half {
			if err := do(done); err != nil {
				t.Fatal(err)
			}
			done++
		}
		return resident(t)
	}
	before, grew := more(), int64(0)
	for range 6 {
		after := more()
		grew = after - before
		t.Logf("%d KiB resident after %d rounds, %d KiB before the last %d", after>>10, done, before>>10, half)
		if grew <= 3<<19 {
			return
		}
		before = after
	}
	t.Errorf("memory grew again and again, by %d KiB in %d rounds", grew>>10, half)
}

// resident is the memory in use, Go's garbage given back.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
