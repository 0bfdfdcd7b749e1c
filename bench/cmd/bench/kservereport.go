package main

import (
	"fmt"
	"slices"
	"text/tabwriter"
)

const routerHeader = "server\treq/s [min-max]\tp50 us\tp99 us\tCPU us/req [min-max]\tgenerator CPU\tother %\tnew connections\treq/s to KServe\tCPU\tp99\t"

// printRouters prints what both did, and whether ours met its goals. Ratios are
// medians of those of each round.
func (b *bench) printRouters(r relay, conns int, theirs, ours *router) error {
	fmt.Fprintf(b.out, "\n%s HTTP services, %d connections, %d rounds of %v\n", r.name, conns, b.rounds, b.length)
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, routerHeader)
	base := &row{cells: theirs.cells}
	for _, one := range []*router{theirs, ours} {
		t := &row{cells: one.cells}
		rate, cpu := over(t.cells, t.perSecond), over(t.cells, t.cpu)
		fmt.Fprintf(tw, "%s\t%.0f [%.0f-%.0f]\t%.0f\t%.0f\t%.1f [%.1f-%.1f]\t%.1f\t%.0f\t%d\t", one.name,
			rate.median, rate.least, rate.most, t.quantile(0.5), t.quantile(0.99), cpu.median, cpu.least, cpu.most,
			over(t.cells, t.generator).median, over(t.cells, t.other).median, slices.Max(one.dialed))
		if one == theirs {
			fmt.Fprintln(tw, "\t\t\t")
			continue
		}
		fmt.Fprintf(tw, "%.2f\t%.2f\t%.2f\t\n", t.to(base, t.perSecond, base.perSecond), t.to(base, t.cpu, base.cpu), t.to(base, t.p99, base.p99))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	b.judgeRouters(base, &row{cells: ours.cells}, slices.Max(ours.dialed))
	return nil
}

// to is the median of the ratios of each round.
func (r *row) to(base *row, ours, theirs func(int) float64) float64 {
	n := min(len(r.cells), len(base.cells))
	return over(r.cells[:n], func(i int) float64 { return ours(i) / theirs(i) }).median
}

func (r *row) p99(i int) float64 { return micros(r.cells[i].Latency.Quantile(0.99)) }

func (b *bench) judgeRouters(theirs, ours *row, dialed int64) {
	rate, cpu, p99 := ours.to(theirs, ours.perSecond, theirs.perSecond), ours.to(theirs, ours.cpu, theirs.cpu), ours.to(theirs, ours.p99, theirs.p99)
	fmt.Fprintf(b.out, "goals: CPU <= %.2f %s, req/s >= %.1f %s, p99 <= %.1f %s, no new connection %s\n",
		routerCPU, b.verdict(cpu <= routerCPU), routerRate, b.verdict(rate >= routerRate),
		routerP99, b.verdict(p99 <= routerP99), b.verdict(dialed == 0))
	for name, r := range map[string]*row{"KServe": theirs, "leat": ours} {
		if f := r.failures(); f != "" {
			fmt.Fprintf(b.out, "%s: %s %s\n", name, f, b.verdict(false))
		}
	}
}
