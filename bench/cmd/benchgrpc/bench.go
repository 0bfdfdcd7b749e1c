package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/leat-ml/leat/bench/proc"
	"github.com/leat-ml/leat/bench/target"
)

var workloads = []workload{
	{name: "image-raw", conns: 1, servers: echoes, request: image(), goals: imageGoals},
	{name: "image-raw-4", conns: 4, servers: echoes, request: image(), goals: imageGoals},
	{name: "image-raw-16", conns: 16, servers: echoes, request: image(), goals: imageGoals},
	{name: "image-generated", conns: 1, servers: echoes, request: image(), goals: imageGoals, generated: true},
	{name: "image-generated-16", conns: 16, servers: echoes, request: image(), goals: imageGoals, generated: true},
	{name: "image-clients", conns: 1, servers: echoes, request: image(), goals: clientGoals, generated: true, own: true},
	{name: "image-clients-16", conns: 16, servers: echoes, request: image(), goals: clientGoals, generated: true, own: true},
	{name: "row-raw", conns: 1, servers: echoes, request: raw(1, 13)},
	{name: "row-raw-16", conns: 16, servers: echoes, request: raw(1, 13)},
	{name: "rows-raw", conns: 1, servers: echoes, request: raw(32, 784)},
	{name: "onnx-mlp", conns: 1, servers: models, request: raw(1, 64), goals: onnxGoals},
	{name: "onnx-mlp-16", conns: 16, servers: models, request: raw(1, 64), goals: onnxGoals},
}

var (
	imageGoals = []goal{{tuned, "cpu", 1.3, 0}, {defaults, "rate", 0, 2}}
	// clientGoals are of what programs have on both sides.
	clientGoals = []goal{{defaults, "rate", 0, 2}}
	onnxGoals   = []goal{{onnxBare, "cpu", 1.5, 0}}
)

// The servers that a workload drives, that of leat last.
var (
	echoes = []string{tuned, defaults, leatServer}
	models = []string{onnxBare, onnxLeat}
)

// A bench drives servers and writes what it has seen.
type bench struct {
	config config
	rounds int
	cell   time.Duration
	conns  []int // with other servers
	report io.Writer
	fsys   fs.FS
	up     map[string]*target.Server
}

// A sample is what one cell has shown.
type sample struct {
	rate, cpu float64 // requests a second; us of the server's CPU time a request
	client    float64 // us of the client's
}

// both is the CPU time of a request on either side.
func (s sample) both() float64 { return s.cpu + s.client }

// all runs the workloads and returns how many goals are missed.
func (b *bench) all(ctx context.Context) (missed int, err error) {
	if b.fsys, err = proc.System(); err != nil {
		return 0, err
	}
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	b.up = map[string]*target.Server{}
	defer func() {
		for _, s := range b.up {
			err = errors.Join(err, s.Kill())
		}
	}()
	fmt.Fprintf(b.report, "# gRPC\n\n%s\n\n", proc.Machine(b.fsys))
	for i := range workloads {
		w := &workloads[i]
		if only := b.config.only; only != "" && only != w.name || b.config.model == "" && w.servers[0] == onnxBare {
			continue
		}
		for _, name := range w.servers {
			if b.up[name] != nil {
				continue
			}
			command := fmt.Sprintf("%s -serve %s -onnx '%s' -onnxruntime '%s'", self, name, b.config.model, b.config.library)
			if b.up[name], err = target.Start(ctx, name, command); err != nil {
				delete(b.up, name)
				return missed, err
			}
		}
		n, err := b.workload(ctx, w)
		if missed += n; err != nil {
			return missed, fmt.Errorf("workload %s: %w", w.name, err)
		}
	}
	if b.config.only == "" {
		return missed, b.far(ctx)
	}
	return missed, nil
}

// workload drives every server once a round, in an order that moves on.
func (b *bench) workload(ctx context.Context, w *workload) (missed int, err error) {
	drivers := map[string]*driver{}
	defer func() {
		for _, d := range drivers {
			err = errors.Join(err, d.close())
		}
	}()
	for _, name := range w.servers {
		if drivers[name], err = newDriver(ctx, b.up[name], w); err != nil {
			return 0, err
		}
		if _, err = drivers[name].drive(ctx, b.cell/3); err != nil {
			return 0, err
		}
	}
	samples := map[string][]sample{}
	for round := range b.rounds {
		for i := range w.servers {
			name := w.servers[(i+round)%len(w.servers)]
			s, err := b.sample(ctx, b.up[name], drivers[name])
			if err != nil {
				return 0, err
			}
			samples[name] = append(samples[name], s)
		}
	}
	return b.tell(w, samples), nil
}

func (b *bench) sample(ctx context.Context, s *target.Server, d *driver) (sample, error) {
	before, err := proc.Read(b.fsys, s.PID)
	if err != nil {
		return sample{}, err
	}
	start, own := time.Now(), ownCPU()
	n, err := d.drive(ctx, b.cell)
	if err != nil {
		return sample{}, err
	}
	took := time.Since(start)
	own = ownCPU() - own
	after, err := proc.Read(b.fsys, s.PID)
	if err != nil {
		return sample{}, err
	}
	each := func(cpu time.Duration) float64 { return float64(cpu.Microseconds()) / float64(max(n, 1)) }
	return sample{float64(n) / took.Seconds(), each(proc.CPUBetween(before, after)), each(own)}, nil
}

// ownCPU is the CPU time of this process, which is the client.
func ownCPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for a valid pointer
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tell writes the table of a workload and judges its goals.
func (b *bench) tell(w *workload, samples map[string][]sample) (missed int) {
	rate := func(s sample) float64 { return s.rate }
	cpu := func(s sample) float64 { return s.cpu }
	fmt.Fprintf(b.report, "## %s, %d connections\n\n| server | its CPU us/req | client CPU us/req | req/s | CPU of leat to it | CPU of both sides | req/s of leat to it |\n|---|---|---|---|---|---|---|\n", w.name, w.conns)
	own := samples[w.servers[len(w.servers)-1]]
	for _, name := range w.servers {
		all := samples[name]
		fmt.Fprintf(b.report, "| %s | %.0f | %.0f | %.0f | %.2f | %.2f | %.2f |\n", name, median(all, cpu), median(all, func(s sample) float64 { return s.client }), median(all, rate),
			ratio(own, all, cpu), ratio(own, all, sample.both), ratio(own, all, rate))
	}
	fmt.Fprintln(b.report)
	if slices.Contains(w.servers, defaults) {
		limit := ratio(samples[defaults], own, sample.both)
		free := median(samples[defaults], sample.both) / median(own, func(s sample) float64 { return s.client })
		fmt.Fprintf(b.report, "With every CPU busy, what both sides take allows %.2f times the req/s of %s; if leat took nothing, what its client takes would allow %.2f\n\n", limit, defaults, free)
	}
	for _, g := range w.goals {
		of := cpu
		if g.what == "rate" {
			of = rate
		}
		r, verdict, want := ratio(own, samples[g.of], of), "PASS", fmt.Sprintf("at most %.1f", g.most)
		if g.most == 0 {
			want = fmt.Sprintf("at least %.1f", g.atLeast)
		}
		if (g.most > 0 && r > g.most) || r < g.atLeast {
			verdict = "FAIL"
			missed++
		}
		fmt.Fprintf(b.report, "%s: %s of leat to %s is %.2f, goal %s\n", verdict, g.what, g.of, r, want)
	}
	fmt.Fprintln(b.report)
	return missed
}

func median(all []sample, of func(sample) float64) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// ratio is the median of the ratios within the rounds.
func ratio(a, b []sample, of func(sample) float64) float64 {
	all := make([]sample, len(a))
	for i := range a {
		all[i].rate = of(a[i]) / of(b[i])
	}
	return median(all, func(s sample) float64 { return s.rate })
}
