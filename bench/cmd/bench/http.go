package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"github.com/leat-ml/leat/bench/load"
	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
)

// cell is what one target did with one workload in one round.
type cell struct {
	load.Result
	serverCPU, generatorCPU time.Duration
	other                   float64 // share of all CPUs that neither of them used
}

// http drives every workload on all targets, all of them up, one at a time.
func (b *bench) http(ctx context.Context) (err error) {
	targets, err := b.builtin(ctx)
	if err != nil {
		return err
	}
	targets = append(targets, b.targets...)
	servers, stop, err := b.start(ctx, targets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	list := b.posts
	if len(list) == 0 {
		list = workloads()
	}
	for _, w := range list {
		for _, conns := range b.connections() {
			if err := b.measure(ctx, w, conns, targets, servers); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return b.printMemory(servers)
}

func (b *bench) connections() []int {
	switch {
	case b.rate > 0:
		return []int{64}
	case b.full:
		return []int{1, 16, 64}
	}
	return []int{16}
}

// measure runs the rounds of one workload and prints its table. The order of
// the targets moves on by one each round, so that none is always first.
func (b *bench) measure(ctx context.Context, w workload, conns int, targets []target, servers []*server.Server) error {
	rows := b.rows(ctx, w, targets, servers)
	for round := range b.rounds {
		for i := range rows {
			r := rows[(i+round)%len(rows)]
			if r.skipped != nil {
				continue
			}
			c, err := b.cell(ctx, w.options(r.target, r.server.Addr), conns, r.server.PID)
			if err != nil {
				return fmt.Errorf("%s: %w", r.target.name, err)
			}
			r.cells = append(r.cells, c)
		}
	}
	return b.printTable(w, conns, rows)
}

// rows probes every target once, also to fill its caches.
func (b *bench) rows(ctx context.Context, w workload, targets []target, servers []*server.Server) []*row {
	rows := make([]*row, len(targets))
	for i, t := range targets {
		rows[i] = &row{target: t, server: servers[i], skipped: probe(ctx, servers[i].Addr, w, t)}
	}
	return rows
}

// cell drives one target once. CPU times are read right at the ends of the
// counted part.
func (b *bench) cell(ctx context.Context, o load.Options, conns, pid int) (cell, error) {
	o.Conns, o.Rate, o.Warmup, o.Duration = conns, b.rate, b.warmup, b.length
	var c cell
	var before, after proc.Usage
	var readErr error
	var busy time.Duration
	begin, end := o.Begin, o.End
	o.Begin = func() {
		callIf(begin)
		busy, c.generatorCPU = proc.Busy(b.proc), ownCPU()
		before, readErr = proc.Read(b.proc, pid)
	}
	o.End = func() {
		busy, c.generatorCPU = proc.Busy(b.proc)-busy, ownCPU()-c.generatorCPU
		var err error
		after, err = proc.Read(b.proc, pid)
		readErr = errors.Join(readErr, err)
		callIf(end)
	}
	res, err := load.Run(ctx, o)
	if err = errors.Join(err, readErr, ctx.Err()); err != nil {
		return cell{}, err
	}
	c.Result, c.serverCPU = *res, proc.CPUBetween(before, after)
	c.other = max(0, (busy-c.serverCPU-c.generatorCPU).Seconds()) / (res.Elapsed.Seconds() * float64(runtime.NumCPU()))
	return c, nil
}

func callIf(f func()) {
	if f != nil {
		f()
	}
}

// ownCPU is the CPU time of this process without its children.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for a valid pointer
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
