// Command vanish has ten thousand clients of a server go away in the middle of their
// requests, over HTTP and gRPC, and prints what that leaves behind: CPU time a request,
// memory and goroutines before and after. It exits with 1 when goroutines or memory
// stay, or requests cost more than before.
//
//	go run ./bench/cmd/vanish [-clients 10000] [-leat bin/leat] [-models examples/quickstart]
//
// Linux only: what the server uses is read from /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/leat-ml/leat/bench/vanish"
	"github.com/leat-ml/leat/client"
)

type config struct {
	leat, models string
	clients      int
	atATime      int
	rounds       int
	requests     int // a round and kind
}

func main() {
	var c config
	flag.StringVar(&c.leat, "leat", "bin/leat", "the server's `program`")
	flag.StringVar(&c.models, "models", "examples/quickstart", "`folder` with the model iris")
	flag.IntVar(&c.clients, "clients", 10_000, "how many go away")
	flag.IntVar(&c.atATime, "at-a-time", 64, "how many of them at a time")
	flag.IntVar(&c.rounds, "rounds", 9, "rounds of requests before and after")
	flag.IntVar(&c.requests, "requests", 40, "requests of each kind in a round")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, c)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vanish:", err)
		os.Exit(1)
	}
}

// rows are as many as make an answer of some 160 kB, more than a connection holds.
const rows = 8000

func request() *client.Request {
	x := make([]float32, 4*rows)
	for i := range x {
		x[i] = float32(i%80) / 10
	}
	return &client.Request{Model: "iris", Inputs: []*client.Tensor{client.NewTensor("measurements", x, rows, 4)}}
}

func run(ctx context.Context, c config) error {
	s, err := start(ctx, c)
	if err != nil {
		return err
	}
	defer s.stop()
	req := request()
	all := make([]*vanish.Recording, len(vanish.Kinds))
	for i, kind := range vanish.Kinds {
		if all[i], err = vanish.Record(ctx, s.at, kind, req); err != nil {
			return err
		}
	}
	if err := s.warm(ctx, c, req); err != nil {
		return err
	}
	before, err := s.measure(ctx, c, req, nil)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := vanish.All(ctx, all, c.clients, c.atATime); err != nil {
		return err
	}
	took := time.Since(begun)
	after, err := s.measure(ctx, c, req, before)
	if err != nil {
		return err
	}
	fmt.Printf("%d clients have gone away in %v, %d at a time: of each of %d kinds a quarter %s, %s, %s, %s\n\n",
		c.clients, took.Round(time.Second/10), c.atATime, len(vanish.Kinds), vanish.Places[0], vanish.Places[1], vanish.Places[2], vanish.Places[3])
	return after.compare(before)
}
