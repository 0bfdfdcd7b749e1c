package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
)

// row is one target in the table of a workload.
type row struct {
	target  target
	server  *server.Server
	skipped error // why it is not measured
	cells   []cell
}

// spread is the median, least and greatest of the rounds.
type spread struct{ median, least, most float64 }

// over summarizes of over the rounds.
func over[T any](items []T, of func(int) float64) spread {
	values := make([]float64, len(items))
	for i := range items {
		values[i] = of(i)
	}
	slices.Sort(values)
	n := len(values)
	return spread{(values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]}
}

func (r *row) perSecond(i int) float64 { return r.cells[i].PerSecond() }

func (r *row) cpu(i int) float64 {
	return micros(r.cells[i].serverCPU) / float64(max(r.cells[i].OK(), 1))
}

func (r *row) generator(i int) float64 {
	return micros(r.cells[i].generatorCPU) / float64(max(r.cells[i].OK(), 1))
}

func (r *row) other(i int) float64 { return r.cells[i].other * 100 }

func (r *row) quantile(q float64) float64 {
	return over(r.cells, func(i int) float64 { return micros(r.cells[i].Latency.Quantile(q)) }).median
}

// failures sums up what went wrong in all rounds.
func (r *row) failures() string {
	n, first := 0, error(nil)
	for i := range r.cells {
		c := &r.cells[i]
		n += c.Failed() + c.Reconnects
		if c.OK() == 0 {
			n++
		}
		if first == nil {
			first = c.First
		}
	}
	if n == 0 {
		return ""
	}
	c := r.cells[len(r.cells)-1]
	return fmt.Sprintf("%d failures; in the last round %d refused, %d wrong, %d timeouts, %d broken, %d reconnects, %d unsent; first: %v",
		n, c.Refused, c.Wrong, c.Timeouts, c.Broken, c.Reconnects, c.Unsent, first)
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

const header = "target\treq/s [min-max]\tp50 us\tp99 us\tp99.9 us\tserver CPU us/req [min-max]\tgenerator CPU\tother %\treq/s to floor\tCPU to floor\tgoal\t"

func (b *bench) printTable(w workload, conns int, rows []*row) error {
	loop := "closed loop"
	if b.rate > 0 {
		loop = fmt.Sprintf("open loop, %g req/s", b.rate)
	}
	fmt.Fprintf(b.out, "\n%s, %d connections, %s, %d rounds of %v\n", w.name, conns, loop, b.rounds, b.length)
	var notes []string
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, header)
	for _, r := range rows {
		if r.skipped != nil {
			notes = append(notes, fmt.Sprintf("%s: not measured: %v", r.target.name, r.skipped))
			continue
		}
		if f := r.failures(); f != "" {
			notes = append(notes, r.target.name+": "+f)
		}
		b.printRow(tw, w.goals[conns], r, rows[0])
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(b.out, n)
	}
	return nil
}

func (b *bench) printRow(tw *tabwriter.Writer, g goal, r, floor *row) {
	rate, cpu := over(r.cells, r.perSecond), over(r.cells, r.cpu)
	fmt.Fprintf(tw, "%s\t%.0f [%.0f-%.0f]\t%.0f\t%.0f\t%.0f\t%.1f [%.1f-%.1f]\t%.1f\t%.0f\t", r.target.name,
		rate.median, rate.least, rate.most, r.quantile(0.5), r.quantile(0.99), r.quantile(0.999),
		cpu.median, cpu.least, cpu.most, over(r.cells, r.generator).median, over(r.cells, r.other).median)
	if r == floor || floor.skipped != nil {
		fmt.Fprintln(tw, "\t\t\t")
		return
	}
	// The median of the ratios of each round, not the ratio of the medians.
	faster := over(r.cells, func(i int) float64 { return r.perSecond(i) / floor.perSecond(i) }).median
	dearer := over(r.cells, func(i int) float64 { return r.cpu(i) / floor.cpu(i) }).median
	verdict := b.judge(g, r, faster, dearer)
	fmt.Fprintf(tw, "%.2f\t%.2f\t%s\t\n", faster, dearer, verdict)
}

// judge compares leat with its goals.
func (b *bench) judge(g goal, r *row, perSecond, cpu float64) string {
	if g == (goal{}) || b.rate > 0 || !strings.HasPrefix(r.target.name, "leat") {
		return ""
	}
	var goals []string
	ok := r.failures() == ""
	if g.perSecond > 0 {
		goals = append(goals, fmt.Sprintf("req/s >= %.2f", g.perSecond))
		ok = ok && perSecond >= g.perSecond
	}
	if g.cpu > 0 {
		goals = append(goals, fmt.Sprintf("CPU <= %.2f", g.cpu))
		ok = ok && cpu <= g.cpu
	}
	return strings.Join(goals, ", ") + " " + b.verdict(ok)
}

func (b *bench) verdict(ok bool) string {
	if ok {
		return "PASS"
	}
	b.failed = true
	return "FAIL"
}

func (b *bench) printMemory(servers []*server.Server) error {
	fmt.Fprintln(b.out, "\nmemory after all of this")
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "target\tresident MB\tpeak MB\t")
	for _, s := range servers {
		if u, err := proc.Read(b.proc, s.PID); err == nil {
			fmt.Fprintf(tw, "%s\t%.1f\t%.1f\t\n", s.Name, megabytes(u.Resident), megabytes(u.Peak))
		}
	}
	return tw.Flush()
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }
