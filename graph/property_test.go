package graph_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

// randomFlow draws a graph that Build takes: steps that pass, filter, fail,
// panic, wait, keep and join, some with error handlers, with or without a
// responder.
func randomFlow(t *rapid.T) *graph.Spec {
	n := rapid.IntRange(1, 9).Draw(t, "steps")
	classes := []string{"Pass", "Pass", "Pass", "Drop", "Fail", "Panic", "Stop", "Keep", "Gather", "Yield"}
	var lines []string
	responder := rapid.IntRange(-1, n-1).Draw(t, "responder")
	handlers := 0
	for i := range n {
		line := fmt.Sprintf("s%d %s", i, rapid.SampledFrom(classes).Draw(t, "class"))
		if i > 0 {
			after := rapid.SliceOfNDistinct(rapid.IntRange(0, i-1), 0, 3, rapid.ID[int]).Draw(t, "after")
			var names []string
			for _, a := range after {
				names = append(names, fmt.Sprintf("s%d", a))
			}
			if len(names) > 0 {
				line += " <" + strings.Join(names, ",")
			}
		}
		if i == responder {
			line += " *"
		}
		if rapid.IntRange(0, 3).Draw(t, "handled") == 0 {
			line += fmt.Sprintf(" !h%d", handlers)
			handlers++
		}
		lines = append(lines, line)
	}
	for h := range handlers {
		line := fmt.Sprintf("h%d %s x", h, rapid.SampledFrom([]string{"Handle", "Fail", "Drop"}).Draw(t, "handler"))
		lines = append(lines, line)
	}
	onError := ""
	if rapid.Bool().Draw(t, "on_error") {
		onError = "all"
		lines = append(lines, "all Handle x")
	}
	return flow("async", onError, lines...)
}

// TestRandomGraphs wants one outcome of every event, soon, from several callers
// at once, and nothing left behind: Close returns, and no goroutine stays.
func TestRandomGraphs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		spec := randomFlow(rt)
		p := newPlace()
		set := p.classes()
		g, problems := graph.Build(spec, graph.Options{Catalog: set})
		if g == nil {
			for _, problem := range problems {
				if !strings.Contains(problem.Msg, "never reached") {
					rt.Fatal(problems)
				}
			}
			rt.Skip("a step is never reached")
		}
		if err := g.Start(context.Background()); err != nil {
			rt.Fatal(err)
		}
		const callers, each = 4, 5
		var wg sync.WaitGroup
		outcomes := make(chan string, callers*each)
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		for c := range callers {
			wg.Go(func() {
				for i := range each {
					ev := serve.NewEvent(serve.Target{}, nil)
					say(ev, fmt.Sprintf("<%d.%d>", c, i))
					out, err := g.Serve(ctx, ev)
					switch {
					case err != nil && out != nil:
						outcomes <- "two outcomes"
					case err != nil && ctx.Err() != nil:
						outcomes <- "it hangs"
					case err == nil && out != nil && text(out) != "" && !strings.Contains(text(out), fmt.Sprintf("<%d.%d>", c, i)):
						outcomes <- "the answer to another event: " + text(out)
					}
				}
			})
		}
		wg.Wait()
		if err := g.Close(ctx); err != nil {
			rt.Fatal("close: ", err)
		}
		close(outcomes)
		for o := range outcomes {
			rt.Fatal(o)
		}
	})
}
