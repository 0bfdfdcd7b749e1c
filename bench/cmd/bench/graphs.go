package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/leat-ml/leat/bench/inproc"
)

// A graphGoal is what a graph may cost: CPU time as a ratio to the reference,
// which takes 2.58 us where the goals in microseconds were set; and allocations.
type graphGoal struct {
	micros float64
	allocs float64 // 0: none is set
	// over is the graph whose cost is no part of it, and steps by how many it is
	// divided.
	over  string
	steps float64
}

const referenceMicros = 2.58

var graphGoals = map[string]graphGoal{
	"chain-20":          {micros: 0.015, over: "chain-1", steps: 19},
	"timed-20":          {micros: 0.045, over: "timed-1", steps: 19},
	"fresh-20":          {micros: 2},
	"hop":               {micros: 1, over: "straight", steps: 1},
	"side":              {micros: 1, over: "straight", steps: 1},
	"flow-3-router":     {micros: 1.2, allocs: 6},
	"voting-3":          {micros: 1.5},
	"voting-3-parallel": {micros: 4},
}

// graphs has a program of its own run reference and graphs in turn, round by round:
// one that links the engine and nothing else. What other packages keep in memory,
// which is most of what the collector finds in this program, is no cost of a graph.
func (b *bench) graphs(ctx context.Context) error {
	if err := b.build(ctx, "graphs", "bench/cmd/graphs"); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(b.dir, "graphs"), "-rounds", strconv.Itoa(b.rounds), "-cell", (b.length / 10).String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run the graphs: %w", err)
	}
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(b.out, "\ngraphs in process: events of four numbers; reference: encoding/json reads them\n")
	fmt.Fprintln(tw, "graph\tCPU ns [min-max]\tallocs\treference CPU ns\tto reference\twhat is asked\tCPU ns\tto reference\tgoal\t")
	cpu := map[string]float64{}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var f inproc.FlowCosts
		if err := dec.Decode(&f); err != nil {
			return fmt.Errorf("read the costs of graphs: %w", err)
		}
		b.graphRow(tw, f, cpu)
	}
	return tw.Flush()
}

func (b *bench) graphRow(tw *tabwriter.Writer, f inproc.FlowCosts, cpu map[string]float64) {
	ours, refs := f.Ours, f.Refs
	took := over(ours, func(i int) float64 { return float64(ours[i].CPU) })
	ref := over(refs, func(i int) float64 { return float64(refs[i].CPU) }).median
	allocs := over(ours, func(i int) float64 { return ours[i].Allocs }).least
	cpu[f.Name] = took.median
	fmt.Fprintf(tw, "%s\t%.0f [%.0f-%.0f]\t%.2f\t%.0f\t%.2f\t", f.Name, took.median, took.least, took.most, allocs, ref, took.median/ref)
	g, ok := graphGoals[f.Name]
	if !ok {
		fmt.Fprintln(tw, "\t\t\t\t")
		return
	}
	what, part := "all of it", took.median
	if g.over != "" {
		what, part = "more than "+g.over, took.median-cpu[g.over]
		if g.steps > 1 {
			what, part = "a step", part/g.steps
		}
	}
	met := part/ref <= g.micros/referenceMicros && (g.allocs == 0 || allocs <= g.allocs)
	goal := fmt.Sprintf("%.3f, which is %g us", g.micros/referenceMicros, g.micros)
	if g.allocs > 0 {
		goal += fmt.Sprintf(", %g allocs", g.allocs)
	}
	fmt.Fprintf(tw, "%s\t%.0f\t%.3f\t%s %s\t\n", what, part, part/ref, goal, b.verdict(met))
}
