package main

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/leat-ml/leat/bench/proc"
)

const contestHeader = "server\treq/s [min-max]\tp50 us\tp99 us\tCPU us/req [min-max]\tof it, other processes\tgenerator CPU\tother %\tresident MB\tleat to it: req/s\tCPU\tp99\t"

// printContest prints what the servers did, and whether leat met its goals. Ratios
// are leat's to each server's, medians of those of each round.
func (b *bench) printContest(c *contest, conns int) error {
	fmt.Fprintf(b.out, "\n%s, %d connections, %d rounds of %v\n", c.name, conns, b.rounds, b.length)
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, contestHeader)
	ours := c.ours()
	for _, e := range c.entrants {
		rate, cpu := over(e.cells, e.perSecond), over(e.cells, e.cpu)
		resident := 0.0
		if u, err := proc.Read(b.proc, e.srv.PID); err == nil {
			resident = megabytes(u.Resident)
		}
		fmt.Fprintf(tw, "%s\t%.0f [%.0f-%.0f]\t%.0f\t%.0f\t%.1f [%.1f-%.1f]\t%.1f\t%.1f\t%.0f\t%.0f\t", e.name(),
			rate.median, rate.least, rate.most, e.quantile(0.5), e.quantile(0.99), cpu.median, cpu.least, cpu.most,
			over(e.cells, e.workers).median, over(e.cells, e.generator).median, over(e.cells, e.other).median, resident)
		if e == ours {
			fmt.Fprintln(tw, "\t\t\t")
			continue
		}
		fmt.Fprintf(tw, "%.2f\t%.2f\t%.2f\t\n", ours.to(&e.row, ours.perSecond, e.perSecond), ours.to(&e.row, ours.cpu, e.cpu), ours.to(&e.row, ours.p99, e.p99))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	b.judgeContest(c, conns)
	return nil
}

// ours is the first of leat's: with its own shim of MLRun's package, and as it is
// without being told more.
func (c *contest) ours() *entrant {
	for _, e := range c.entrants {
		if e.leat() {
			return e
		}
	}
	return nil
}

func (e *entrant) leat() bool { return strings.HasPrefix(e.name(), "leat") }

// bestP99 is that of the round in which it was least: others' work makes it longer.
func (e *entrant) bestP99() float64 {
	best := math.Inf(1)
	for i := range e.cells {
		if e.cells[i].OK() > 0 {
			best = min(best, e.p99(i))
		}
	}
	return best
}

// workers is the CPU time of all processes but the server's first, in us a request.
func (e *entrant) workers(i int) float64 {
	return micros(e.python[i]) / float64(max(e.cells[i].OK(), 1))
}

func (b *bench) judgeContest(c *contest, conns int) {
	for _, e := range c.entrants {
		if f := e.failures(); f != "" {
			fmt.Fprintf(b.out, "%s: %s %s\n", e.name(), f, b.verdict(false))
		}
	}
	if conns != pythonConns {
		return
	}
	ours := c.ours()
	if c.goal {
		cpu := over(ours.cells, ours.cpu).median
		fmt.Fprintf(b.out, "goal: CPU <= %.0f us %s\n", pythonCPU, b.verdict(cpu <= pythonCPU))
		b.goal(c.name+": CPU us a request", fmt.Sprintf("<= %.0f", pythonCPU), cpu, cpu <= pythonCPU, false)
		b.tellNuclio(ours, c.entrants[0])
	}
	for _, peer := range c.entrants {
		if !peer.peer {
			continue
		}
		for _, e := range c.entrants {
			switch {
			case e == ours || c.each && e.leat():
				b.judgeAgainst(c, e, peer)
			case e.leat():
				fmt.Fprintf(b.out, "  %s to it: req/s %.2f, p99 %.2f\n", e.name(), e.to(&peer.row, e.perSecond, peer.perSecond), e.to(&peer.row, e.p99, peer.p99))
			}
		}
	}
}

// judgeAgainst says whether one of leat's met the goals to a peer.
func (b *bench) judgeAgainst(c *contest, ours, peer *entrant) {
	rate, p99 := ours.to(&peer.row, ours.perSecond, peer.perSecond), ours.to(&peer.row, ours.p99, peer.p99)
	fmt.Fprintf(b.out, "goals of %s to %s: req/s >= %.1f %s, p99 <= %.2f %s\n", ours.name(), peer.name(), pythonRate, b.verdict(rate >= pythonRate), pythonP99, b.verdict(p99 <= pythonP99))
	ourRate, peerRate := over(ours.cells, ours.perSecond), over(peer.cells, peer.perSecond)
	fmt.Fprintf(b.out, "  the best round of each: req/s %.2f, p99 %.2f\n", ourRate.most/peerRate.most, ours.bestP99()/peer.bestP99())
	what := fmt.Sprintf("%s, %s to %s", c.name, ours.name(), peer.name())
	b.goal(what+": req/s", fmt.Sprintf(">= %.1f", pythonRate), rate, rate >= pythonRate, true)
	b.goal(what+": p99", fmt.Sprintf("<= %.2f", pythonP99), p99, p99 <= pythonP99, true)
}

// A pythonGoal is one, with what was seen.
type pythonGoal struct {
	what, want string
	seen       float64
	met, quiet bool // quiet: other work on the machine changes what is seen
}

func (b *bench) goal(what, want string, seen float64, met, quiet bool) {
	b.goals = append(b.goals, pythonGoal{what, want, seen, met, quiet})
}

// printGoals prints all goals in one table.
func (b *bench) printGoals() error {
	fmt.Fprintf(b.out, "\nall goals; * needs a machine with nothing else to do\n")
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tgoal\tseen\t\t")
	for _, g := range b.goals {
		mark := ""
		if g.quiet {
			mark = " *"
		}
		fmt.Fprintf(tw, "%s\t%s\t%.2f\t%s%s\t\n", g.what, g.want, g.seen, b.verdict(g.met), mark)
	}
	return tw.Flush()
}

// tellNuclio compares with nuclio by way of the floor.
func (b *bench) tellNuclio(ours, floor *entrant) {
	rate, cpu := ours.to(&floor.row, ours.perSecond, floor.perSecond), ours.to(&floor.row, ours.cpu, floor.cpu)
	fmt.Fprintf(b.out, "leat is %.2f of the floor's req/s at %.1f times its CPU; nuclio with MLRun was %.3f and %.0f in a run of its own, not in this one: %.1f times its req/s, %.2f of its CPU by that\n",
		rate, cpu, nuclioRate, nuclioCPU, rate/nuclioRate, cpu/nuclioCPU)
}
