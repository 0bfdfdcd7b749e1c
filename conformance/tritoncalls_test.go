package conformance

import (
	"context"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/leat-ml/leat/client"
)

// calling asks a model of the repository calls.
func calling(model string, x ...float32) *client.Request {
	shape := []int{len(x)}
	if strings.HasSuffix(model, "two") || strings.HasPrefix(model, "p") && model != "pipe" { // batches
		shape = []int{len(x), 1}
	}
	return &client.Request{Model: model, Inputs: []*client.Tensor{client.NewTensor("x", x, shape...)}}
}

// TestTritonsCalls has models of Triton's Python backend ask others of the server, as
// Triton's guide to business logic scripting has it: one after another, beside each
// other, an ensemble, one that answers many times, and themselves.
func TestTritonsCalls(t *testing.T) {
	needsPython(t)
	w := serveForeign(t, filepath.Join("repositories", "calls"))
	t.Run("answers", w.answersOfOthers)
	t.Run("failures", w.failuresOfOthers)
	t.Run("crossing", w.crossing)
	t.Run("stream", w.errorWithin)
}

func (w *foreignWorld) answersOfOthers(t *testing.T) {
	wants(t, w, calling("twice", 1, 2.5), "y", []int{2}, []float32{4, 10})
	wants(t, w, calling("both", 1, 2), "y", []int{2}, []float32{6, 12})
	wants(t, w, calling("sum", 5), "y", []int{1}, []float32{8}) // 0, 1, 3 and 4
	wants(t, w, calling("sum", 5), "errors", []int{1}, []string{"no 2"})
	wants(t, w, calling("sum", 0), "y", []int{1}, []float32{0})
	wants(t, w, calling("itselftwo", 1), "y", []int{1, 1}, []float32{1}) // the other worker answers
	wants(t, w, calling("ping", 1), "y", []int{1, 1}, []float32{1})
	wants(t, w, calling("itselfasync", 40), "y", []int{1}, []float32{40}) // one worker, which goes on serving
}

// failuresOfOthers has failures come as Triton's do, and a model that would wait for
// itself be told so, not left waiting.
func (w *foreignWorld) failuresOfOthers(t *testing.T) {
	for _, c := range []struct {
		model string
		x     float32
		want  string
	}{
		{"twice", -1, "x is negative"},
		{"itself", 1, "wait, by this request or others like it, for one another"},
		{"itselftwo", 2, "for one another"},
		{"ping", 2, "for one another"},
		{"pong", 2, "for one another"},
		{"itselfasync", 100, "models have asked one another 64 times"},
	} {
		for name, ask := range w.asks() {
			if _, err := ask(t.Context(), calling(c.model, c.x)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %s: %v", c.model, name, err)
			}
		}
		wants(t, w, calling("twice", 1), "y", []int{1}, []float32{4}) // all go on serving
	}
}

// crossing has requests that hold one worker each, and ask for that of the other, come
// at the same time: each is answered, or told that it would wait for ever.
func (w *foreignWorld) crossing(t *testing.T) {
	var all sync.WaitGroup
	ask := w.asks()["gRPC"]
	for _, model := range []string{"ping", "pong", "itselftwo", "ping", "pong", "itselftwo"} {
		all.Go(func() {
			for range 10 {
				_, err := ask(t.Context(), calling(model, 1))
				if err != nil && !strings.Contains(err.Error(), "for one another") {
					t.Errorf("%s: %v", model, err)
				}
			}
		})
	}
	all.Wait()
	wants(t, w, calling("ping", 1), "y", []int{1, 1}, []float32{1})
}

// errorWithin has a response that is an error stand among the answers of a stream, and
// not end it: over HTTP and gRPC.
func (w *foreignWorld) errorWithin(t *testing.T) {
	for name, stream := range map[string]func(context.Context, *client.Request) iter.Seq2[*client.Response, error]{
		"HTTP": w.text.InferStream, "gRPC": w.rpc.InferStream,
	} {
		var got []float32
		var failed []string
		for r, err := range stream(t.Context(), calling("upto", 5)) {
			if err != nil {
				failed = append(failed, err.Error())
				continue
			}
			y, err := client.Data[float32](r, "y")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, y...)
		}
		if len(failed) != 1 || !strings.Contains(failed[0], "no 2") {
			t.Errorf("%s: the failures are %q", name, failed)
		}
		if !slices.Equal(got, []float32{0, 1, 3, 4}) {
			t.Errorf("%s: the answers are %v", name, got)
		}
	}
}

// TestExampleOfCalls has the model that the guide shows be the one that is tested.
func TestExampleOfCalls(t *testing.T) {
	guide := readText(t, filepath.Join("..", "docs", "repositories.md"))
	if code := readText(t, filepath.Join("repositories", "calls", "twice", "1", "model.py")); !strings.Contains(guide, "```python\n"+code+"```\n") {
		t.Error("docs/repositories.md shows another model than repositories/calls/twice")
	}
}
