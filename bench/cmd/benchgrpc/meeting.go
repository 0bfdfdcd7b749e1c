package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/leat-ml/leat/bench/load"
	"github.com/leat-ml/leat/bench/proc"
)

// peering drives both servers with everything, in turns, and with one connection a server
// that does nothing as well: no server can be faster than that.
func (b *bench) peering(ctx context.Context, p *peering) (missed int, err error) {
	fmt.Fprintf(b.report, "## leat and %s\n\n| model | over | rows | connections | %s req/s | leat req/s | ratio | %s CPU us/req | leat CPU us/req | ratio | goal | a server that does nothing |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n", p.peer.name, p.peer.name, p.peer.name)
	for _, model := range p.models {
		for _, rows := range []int{1, 32} {
			n, err := b.meetings(ctx, p, model, rows)
			if missed += n; err != nil {
				return missed, fmt.Errorf("%s, %d rows: %w", model, rows, err)
			}
		}
	}
	fmt.Fprintln(b.report)
	return missed, nil
}

// meetings are all of one request.
func (b *bench) meetings(ctx context.Context, p *peering, model string, rows int) (missed int, err error) {
	want, err := agreed(ctx, p, model, rows)
	if err != nil {
		return 0, err
	}
	idle, err := startNothing(ctx, model, want)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, idle.srv.Kill()) }()
	for _, over := range []string{"REST", "gRPC"} {
		for _, conns := range b.conns {
			all := []*contender{p.peer, p.own}
			if conns == 1 {
				all = append(all, idle)
			}
			n, err := b.meeting(ctx, all, p.atLeast, meeting{model, over, rows, conns, want})
			if err != nil {
				return missed, fmt.Errorf("over %s, %d connections: %w", over, conns, err)
			}
			missed += n
		}
	}
	return missed, nil
}

// A meeting is one request, put to both over a number of connections.
type meeting struct {
	model, over string
	rows, conns int
	want        []float64 // what is answered
}

// meeting drives all in turns: the peer, leat, and maybe the server that does nothing.
func (b *bench) meeting(ctx context.Context, all []*contender, atLeast float64, m meeting) (missed int, err error) {
	samples := make([][]sample, len(all))
	for round := range b.rounds {
		for i := range all {
			at := (i + round) % len(all)
			s, err := b.meet(ctx, all[at], m)
			if err != nil {
				return 0, fmt.Errorf("%s: %w", all[at].name, err)
			}
			if s.rate == 0 {
				return 0, fmt.Errorf("%s: no answer within a cell: -seconds makes them longer", all[at].name)
			}
			samples[at] = append(samples[at], s)
		}
	}
	rate, cpu := func(s sample) float64 { return s.rate }, func(s sample) float64 { return s.cpu }
	faster, verdict, bound := ratio(samples[1], samples[0], rate), "PASS", ""
	if faster < atLeast {
		verdict, missed = "FAIL", 1
	}
	if len(all) > 2 {
		bound = fmt.Sprintf("%.0f req/s, %.1f times", median(samples[2], rate), ratio(samples[2], samples[0], rate))
	}
	fmt.Fprintf(b.report, "| %s | %s | %d | %d | %.0f | %.0f | %.1f | %.0f | %.0f | %.3f | %.0f %s | %s |\n", m.model, m.over, m.rows, m.conns, median(samples[0], rate), median(samples[1], rate),
		faster, median(samples[0], cpu), median(samples[1], cpu), ratio(samples[1], samples[0], cpu), atLeast, verdict, bound)
	return missed, nil
}

// meet drives one server for a cell, behind a warm-up.
func (b *bench) meet(ctx context.Context, c *contender, m meeting) (sample, error) {
	if m.over == "gRPC" {
		request := raw(int64(m.rows), columns)
		request.ModelName = m.model
		copy(request.RawInputContents[0], numbersOf(m.rows))
		at := *c.srv
		at.Addr = c.grpc
		d, err := newDriver(ctx, &at, &workload{conns: m.conns, servers: []string{onnxBare}, request: request})
		if err == nil {
			_, err = d.drive(ctx, b.cell/5)
		}
		if err != nil {
			return sample{}, err
		}
		s, err := b.sample(ctx, c.srv, d)
		return s, errors.Join(err, d.close())
	}
	path, body := restRequest(m.model, m.rows)
	var before, after proc.Usage
	var errs [2]error
	res, err := load.Run(ctx, load.Options{
		Addr: c.web, Request: load.Render(path, body), Conns: m.conns, Warmup: b.cell / 5, Duration: b.cell, Timeout: 30 * time.Second,
		Verify: func(answer []byte) error { return same(answer, m.want) },
		Begin:  func() { before, errs[0] = proc.Read(b.fsys, c.srv.PID) },
		End:    func() { after, errs[1] = proc.Read(b.fsys, c.srv.PID) },
	})
	if err = errors.Join(err, errs[0], errs[1]); err != nil {
		return sample{}, err
	}
	if res.Failed() > 0 {
		return sample{}, fmt.Errorf("%d of %d requests failed: %w", res.Failed(), res.Failed()+res.OK(), res.First)
	}
	return sample{rate: res.PerSecond(), cpu: float64(proc.CPUBetween(before, after).Microseconds()) / float64(max(res.OK(), 1))}, nil
}
