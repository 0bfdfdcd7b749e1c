package main

import (
	"fmt"
	"text/tabwriter"
)

// state is one of the two that a round has a cell of.
type state struct {
	name  string
	cells []cell
}

func (s *state) quantile(q float64) spread {
	return over(s.cells, func(i int) float64 { return micros(s.cells[i].Latency.Quantile(q)) })
}

// counts sums up the rounds. What was not sent is the generator's.
func (s *state) counts() (answers, failures, unsent int, first error) {
	for i := range s.cells {
		c := &s.cells[i]
		answers, unsent = answers+c.OK(), unsent+c.Unsent
		failures += c.Failed() - c.Unsent + c.Reconnects
		if first == nil {
			first = c.First
		}
	}
	return answers, failures, unsent, first
}

func (r *reloading) print(rounds []reloadRound) error {
	steady, under := state{name: "steady"}, state{name: "reloading"}
	for i := range rounds {
		steady.cells = append(steady.cells, rounds[i].steady)
		under.cells = append(under.cells, rounds[i].reloading)
	}
	fmt.Fprintf(r.out, "\n%d reloads, one in %v, under an open loop: a graph of three steps and the quickstart's tree models; a tenth of the reloads with a model that has changed; %d rounds\n",
		r.reloads, reloadEvery, len(rounds))
	tw := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "state\tanswers\tfailed\tunsent\tp50 us\tp99 us [min-max]\t")
	failed := false
	for _, s := range []state{steady, under} {
		answers, failures, unsent, first := s.counts()
		failed = failed || failures > 0 || answers == 0
		r.note(nil, first)
		p99 := s.quantile(0.99)
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%.0f\t%.0f [%.0f-%.0f]\t\n", s.name, answers, failures, unsent, s.quantile(0.5).median, p99.median, p99.least, p99.most)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	r.judgeReloads(rounds, failed)
	if r.first != nil {
		fmt.Fprintln(r.out, "the first failure:", r.first)
	}
	return nil
}

// judgeReloads compares with the goals.
func (r *reloading) judgeReloads(rounds []reloadRound, failed bool) {
	p99 := func(c *cell) float64 { return micros(c.Latency.Quantile(0.99)) }
	ratio := over(rounds, func(i int) float64 { return p99(&rounds[i].reloading) / p99(&rounds[i].steady) })
	warm, last := rounds[len(rounds)/5], rounds[len(rounds)-1]
	grown, more := megabytes(last.resident-warm.resident), last.goroutines-warm.goroutines
	ok := !failed && r.first == nil && ratio.median <= reloadP99 && grown <= reloadGrowthMB && more <= reloadThreads
	fmt.Fprintf(r.out, "p99 to the steady state %.2f [%.2f-%.2f], goal <= %.1f; behind the first fifth: resident memory %+.1f MB of %.1f, goal <= %.0f; goroutines %+d of %d, goal <= %d; no failure: %s\n",
		ratio.median, ratio.least, ratio.most, reloadP99, grown, megabytes(warm.resident), reloadGrowthMB, more, warm.goroutines, reloadThreads, r.verdict(ok))
}
