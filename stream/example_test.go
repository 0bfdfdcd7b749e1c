package stream_test

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/mem"
)

// A program registers the kinds of streams that it has, and opens them by URL.
func Example() {
	ctx := context.Background()
	streams := &stream.Mux{}
	streams.Register("mem", new(mem.Memory).Open)

	topic, err := streams.Open(ctx, "mem://orders?max_messages=100", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	prices, err := topic.Subscribe(ctx, "pricing", func(_ context.Context, d *stream.Delivery) error {
		fmt.Printf("%s: %s\n", d.Key, d.Body)
		return nil // the message is acknowledged
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, x := range []string{"4", "5"} {
		if err := topic.Publish(ctx, &stream.Message{Key: "anna", Body: []byte(x)}); err != nil {
			fmt.Println(err)
		}
	}
	if err := prices.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	if err := prices.Close(ctx); err != nil {
		fmt.Println(err)
	}
	if err := topic.Close(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// anna: 4
	// anna: 5
}
