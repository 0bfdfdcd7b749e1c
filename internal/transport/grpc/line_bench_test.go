package grpc

import (
	"context"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
)

// BenchmarkStreams asks by one stream, with so many requests on their way: of a model
// that answers at once, which shows what serving them beside each other costs, and of
// one that waits a millisecond, which shows what it brings.
func BenchmarkStreams(b *testing.B) {
	slow := func(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
		time.Sleep(time.Millisecond)
		return echo(ctx, ev)
	}
	for _, c := range []struct {
		name  string
		next  handlerFunc
		o     Options
		ahead int
	}{
		{"echo/ahead=1/in order", echo, Options{}, 1},
		{"echo/ahead=1/together", echo, Options{Together: everyModel}, 1},
		{"echo/ahead=16/in order", echo, Options{}, 16},
		{"echo/ahead=16/together", echo, Options{Together: everyModel}, 16},
		{"1ms/ahead=16/in order", slow, Options{}, 16},
		{"1ms/ahead=16/together", slow, Options{Together: everyModel}, 16},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := start(b, c.next, c.o).ModelStreamInfer(in(b))
			if err != nil {
				b.Fatal(err)
			}
			ahead := make(chan struct{}, c.ahead)
			go func() {
				for range b.N {
					ahead <- struct{}{}
					if s.Send(floats("m")) != nil {
						return
					}
				}
			}()
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := s.Recv(); err != nil {
					b.Fatal(err)
				}
				<-ahead
			}
		})
	}
}
