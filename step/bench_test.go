package step_test

import (
	"context"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/step/steptest"
)

// BenchmarkSteps is what a step costs besides its function, which here returns
// what it gets.
func BenchmarkSteps(b *testing.B) {
	yes := func(context.Context, any) (any, error) { return true, nil }
	same := func(_ context.Context, x any) (any, error) { return x, nil }
	pairs := []any{[]any{"a", catalog.Func(func(context.Context, any) (any, error) { return false, nil })}, []any{"b", catalog.Func(yes)}}
	for _, c := range []struct {
		class, args string
		more        func(*catalog.Args)
		allocs      float64
	}{
		{"Map", `{}`, withFunc("fn", same), 0},
		{"Filter", `{}`, withFunc("fn", yes), 0},
		{"Choice", `{}`, func(a *catalog.Args) { a.Values["choice_array"] = pairs }, 0},
		{"ForEach", `{}`, withFunc("fn", same), 0},
		{"Rename", `{"mapping": {"x": "y"}}`, func(*catalog.Args) {}, -1},
		{"AggregateByKey", `{"aggregates": [{"name": "x", "column": "x", "operations": ["sum", "avg", "max"], "windows": ["1h"], "period": "5m"}], "key_field": "k"}`, func(*catalog.Args) {}, -1},
	} {
		b.Run(c.class, func(b *testing.B) {
			s := mustStep(b, c.class, c.args, c.more)
			steptest.New(b, s, steptest.Options{Out: []string{"a", "b"}})
			ev := steptest.Event(`{"x": 1.5, "k": "a", "l": [1, 2, 3]}`)
			body := ev.Body
			ctx := context.Background()
			run := func() {
				ev.Body = body
				if _, err := s.Do(ctx, ev); err != nil {
					b.Fatal(err)
				}
			}
			run()
			if got := testing.AllocsPerRun(100, run); c.allocs >= 0 && got > c.allocs {
				b.Errorf("%v allocations, want %v", got, c.allocs)
			}
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
	b.Run("the function alone", func(b *testing.B) {
		var f catalog.Func = yes
		ev := serve.Event{}
		for b.Loop() {
			if v, err := f(context.Background(), &ev); v == nil || err != nil {
				b.Fatal(v, err)
			}
		}
	})
}
