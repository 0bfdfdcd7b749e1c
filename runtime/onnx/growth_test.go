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

// noGrowth does the rounds and compares the resident memory after half of them,
// by when every pool is full, with that at the end.
func noGrowth(t *testing.T, rounds int, do func(i int) error) {
	t.Helper()
	var half int64
	for i := range rounds {
		if err := do(i); err != nil {
			t.Fatal(err)
		}
		if i == rounds/2 {
			half = resident(t)
		}
	}
	end := resident(t)
	t.Logf("%d rounds: %d KiB resident after half, %d KiB at the end", rounds, half>>10, end>>10)
	if end-half > 3<<19 {
		t.Errorf("memory grew by %d KiB in %d rounds", (end-half)>>10, rounds/2)
	}
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
