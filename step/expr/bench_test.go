package expr

import (
	"context"
	"testing"

	"github.com/leat-ml/leat/serve"
)

func BenchmarkEval(b *testing.B) {
	object := parse(b, `{"id": "a", "x": 700, "inputs": [[1.5, 2.5, 3.5, 4.5]]}`)
	for _, c := range []struct {
		text  string
		event any
	}{
		{"(event > 3)", int64(5)},
		{"(event + 1)", int64(500)},
		{"event['x'] * 2", object},
		{"event['x'] > 3 and 'id' in event", object},
		{"event['inputs'][0][2]", object},
		{"{**event, 'y': event['x'] / 2}", object},
		{"[x * 2 for x in event['inputs'][0]]", object},
		{"f\"{event['id']}:{event['x']}\"", object},
	} {
		f := mustCompile(b, c.text)
		b.Run(c.text, func(b *testing.B) {
			b.ReportAllocs()
			ctx := context.Background()
			for b.Loop() {
				if _, err := f(ctx, c.event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("reference: a closure in Go", func(b *testing.B) {
		f := func(_ context.Context, x any) (any, error) {
			v, _ := x.(*serve.Object).Value("x")
			return v.(int64) * 2, nil
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := f(context.Background(), object); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPower(b *testing.B) {
	for b.Loop() {
		powerOf(1.7, 2.3)
	}
}
