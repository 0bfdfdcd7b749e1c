package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/leat-ml/leat/bench/echoserver"
	"github.com/leat-ml/leat/bench/inproc"
)

// inprocGoal is what one request in process may cost.
type inprocGoal struct {
	allocs float64
	ratio  float64 // of CPU time to the reference
}

// inprocGoals: 1x4 shall take 1.0 us on a machine where the reference takes 2.58.
var inprocGoals = map[string]inprocGoal{"echo-1x4": {allocs: 6, ratio: 0.39}, "rows-1x4": {allocs: 6, ratio: 0.39}}

// inproc runs reference and leat in turn, round by round.
func (b *bench) inproc(ctx context.Context) error {
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(b.out, "\nin process: router and echo model, bytes to bytes; reference: encoding/json reads the same body\n")
	fmt.Fprintln(tw, "workload\tCPU ns [min-max]\twall ns\tallocs\tbytes\treference CPU ns\tto reference\tgoal\t")
	for _, w := range workloads() {
		if w.echo == nil || w.answer != nil {
			continue
		}
		if err := b.inprocRow(ctx, tw, w, w.body); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		if w.name == "echo-1x4" {
			if err := b.inprocRow(ctx, tw, workload{name: "rows-1x4", path: w.path, body: inproc.Rows}, w.body); err != nil {
				return fmt.Errorf("rows-1x4: %w", err)
			}
		}
	}
	return tw.Flush()
}

// inprocRow measures a workload next to encoding/json reading reference.
func (b *bench) inprocRow(ctx context.Context, tw *tabwriter.Writer, w workload, reference []byte) error {
	op, stop, err := echoserver.Ask(ctx, w.path, w.body)
	if err != nil {
		return err
	}
	ours, refs, err := inproc.Compare(b.rounds, b.length/10, op, inproc.Reference(reference))
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	cpu := over(ours, func(i int) float64 { return float64(ours[i].CPU) })
	wall := over(ours, func(i int) float64 { return float64(ours[i].Wall) })
	ref := over(refs, func(i int) float64 { return float64(refs[i].CPU) })
	ratio := over(ours, func(i int) float64 { return float64(ours[i].CPU) / float64(refs[i].CPU) }).median
	allocs := over(ours, func(i int) float64 { return ours[i].Allocs }).least // a collection adds a few to any round
	goal := ""
	if g, ok := inprocGoals[w.name]; ok {
		goal = fmt.Sprintf("%g allocs, ratio <= %g %s", g.allocs, g.ratio, b.verdict(int(allocs) <= int(g.allocs) && ratio <= g.ratio))
	}
	fmt.Fprintf(tw, "%s\t%.0f [%.0f-%.0f]\t%.0f\t%.2f\t%.0f\t%.0f\t%.2f\t%s\t\n",
		w.name, cpu.median, cpu.least, cpu.most, wall.median, allocs, ours[0].Bytes, ref.median, ratio, goal)
	return nil
}
