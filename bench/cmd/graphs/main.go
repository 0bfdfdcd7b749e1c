// Command graphs measures graphs in process, each by turns with the reference, and
// prints a JSON object of [inproc.FlowCosts] each. It links the engine and nothing
// else, as a program that embeds it does.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/leat-ml/leat/bench/inproc"
)

func main() {
	rounds := flag.Int("rounds", 5, "rounds of each graph")
	cell := flag.Duration("cell", 150*time.Millisecond, "length of a round, about")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *rounds, *cell); err != nil {
		fmt.Fprintln(os.Stderr, "graphs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, rounds int, cell time.Duration) error {
	enc := json.NewEncoder(w)
	for _, f := range inproc.Flows() {
		op, stop, err := inproc.Graph(ctx, f, inproc.Rows)
		if err != nil {
			return err
		}
		ours, refs, err := inproc.Compare(rounds, cell, op, inproc.Reference(inproc.Tensor))
		if err = errors.Join(err, stop()); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := enc.Encode(inproc.FlowCosts{Name: f.Name, Ours: ours, Refs: refs}); err != nil {
			return err
		}
	}
	return nil
}
