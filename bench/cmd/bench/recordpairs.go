package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"text/tabwriter"

	server "github.com/leat-ml/leat/bench/target"
)

// recordPerSecond is what is left of the requests a second at least.
const recordPerSecond = 0.97

// recordPairs drives a server that records nothing, one that does, and a second one
// that does not, in many short cells: what recording takes is less than what a cell of
// a second and a half moves by, and the second one shows how far this can be trusted.
func (b *bench) recordPairs(ctx context.Context, w workload, targets []target, servers []*server.Server) error {
	short := *b
	short.length, short.warmup = b.length/3, b.warmup/3
	rounds := 8 * b.rounds
	if b.rounds == 1 {
		rounds = 1
	}
	rows := short.rows(ctx, w, targets, servers)
	for round := range rounds {
		for i := range rows {
			at := (i + round) % len(rows)
			if round%2 == 1 { // the other way round
				at = len(rows) - 1 - at
			}
			r := rows[at]
			if r.skipped != nil {
				return fmt.Errorf("%s: %w", r.target.name, r.skipped)
			}
			c, err := short.cell(ctx, w.options(r.target, r.server.Addr), recordConns, r.server.PID)
			if err != nil {
				return fmt.Errorf("%s: %w", r.target.name, err)
			}
			if c.Failed() > 0 || c.OK() == 0 {
				return fmt.Errorf("%s: %d answers, %d failures: %w", r.target.name, c.OK(), c.Failed(), c.First)
			}
			r.cells = append(r.cells, c)
		}
	}
	return b.printPairs(w, rows)
}

// printPairs prints the ratios to the first row, each taken within a round.
func (b *bench) printPairs(w workload, rows []*row) error {
	fmt.Fprintf(b.out, "\n%s, %d connections, %d rounds of short cells; ratios within a round, and the standard error of their mean\n", w.name, recordConns, len(rows[0].cells))
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "target\treq/s\tserver CPU us/req\treq/s to off\tmean\tCPU to off\tmean\tgoal\t")
	for i, r := range rows {
		rate, cpu := ratios(r, rows[0], (*row).perSecond), ratios(r, rows[0], (*row).cpu)
		verdict := ""
		if i == 1 {
			verdict = fmt.Sprintf("req/s >= %.2f %s", recordPerSecond, b.verdict(rate.median >= recordPerSecond))
		}
		fmt.Fprintf(tw, "%s\t%.0f\t%.1f\t%.3f\t%.3f +- %.3f\t%.3f\t%.3f +- %.3f\t%s\t\n", r.target.name,
			over(r.cells, r.perSecond).median, over(r.cells, r.cpu).median,
			rate.median, rate.mean, rate.deviation, cpu.median, cpu.mean, cpu.deviation, verdict)
	}
	return tw.Flush()
}

// A pairing is what ratios come to; deviation is the standard error of their mean.
type pairing struct{ median, mean, deviation float64 }

// ratios are those of a row to another, round by round, without a tenth on either
// side: others use this machine too.
func ratios(r, to *row, of func(*row, int) float64) pairing {
	values := make([]float64, len(r.cells))
	for i := range values {
		values[i] = of(r, i) / of(to, i)
	}
	slices.Sort(values)
	n := len(values)
	p := pairing{median: (values[(n-1)/2] + values[n/2]) / 2}
	values = values[n/10 : n-n/10]
	for _, v := range values {
		p.mean += v / float64(len(values))
	}
	for _, v := range values {
		p.deviation += (v - p.mean) * (v - p.mean)
	}
	p.deviation = math.Sqrt(p.deviation) / float64(len(values))
	return p
}
