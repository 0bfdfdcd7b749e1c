package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/leat-ml/leat/bench/proc"
	"github.com/leat-ml/leat/catalog"
	pyruntime "github.com/leat-ml/leat/runtime/python"
	"github.com/leat-ml/leat/serve"
)

// What a call shall cost in process, one at a time, and a worker.
const (
	servePercent  = 400 // GOGC of leat serve
	callEcho      = 30 * time.Microsecond
	callTensor    = 60 * time.Microsecond
	workerMB      = 24.0
	workersFaster = 1.8
)

// pythonCalls measures calls of models without HTTP: from this process to a worker
// and back, one at a time.
func (b *bench) pythonCalls(ctx context.Context) error {
	fmt.Fprintf(b.out, "\ncalls of a model in a worker, in process, one at a time\n")
	defer debug.SetGCPercent(debug.SetGCPercent(servePercent))
	tensor := serve.NewTensor("x", make([]float32, 16<<10))
	for _, c := range []struct {
		name, class string
		req         *serve.Request
		goal        time.Duration
	}{
		{"echo, one row of 4", "Echo", &serve.Request{ID: "r", Op: "infer", Body: serve.RawBody([]byte(`{"inputs":[[5.1,3.5,1.4,0.2]]}`))}, callEcho},
		{"echo, tensor of 64 KiB", "Tensor", &serve.Request{ID: "r", Op: "infer", Dialect: serve.OIP, Inputs: []*serve.Tensor{tensor}}, callTensor},
	} {
		m, end, err := b.pythonModel(ctx, c.class)
		if err != nil {
			return err
		}
		took, err := b.calls(ctx, m, c.req)
		if err = errors.Join(err, end()); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		quiet := quietest(took)
		slices.Sort(took)
		at := func(q float64) float64 { return micros(took[int(q*float64(len(took)-1))]) }
		fmt.Fprintf(b.out, "%s: least %.1f us, p10 %.1f, median %.1f, p99 %.1f; median of the quietest %d in a row %.1f; goal: that <= %v %s\n", c.name,
			at(0), at(0.1), at(0.5), at(0.99), stretch, micros(quiet), c.goal, b.verdict(quiet <= c.goal))
		want := fmt.Sprintf("<= %.0f", micros(c.goal))
		b.goal("a call in process, "+c.name+": us, median of the quietest stretch", want, micros(quiet), quiet <= c.goal, true)
		b.goal("a call in process, "+c.name+": us, median of all", want, at(0.5), at(0.5) <= micros(c.goal), true)
	}
	return nil
}

// stretch is how many calls in a row are looked at together: less than 100 ms.
const stretch = 1000

// quietest is the median of that stretch of calls whose median is least: other
// work on the machine comes and goes, and only makes calls longer.
func quietest(took []time.Duration) time.Duration {
	var medians []time.Duration
	for part := range slices.Chunk(took, stretch) {
		if len(part) == stretch || len(medians) == 0 {
			part = slices.Sorted(slices.Values(part))
			medians = append(medians, part[len(part)/2])
		}
	}
	return slices.Min(medians)
}

// pythonModel starts a worker with a model of bench/python.
func (b *bench) pythonModel(ctx context.Context, class string) (m serve.Model, end func() error, err error) {
	code := &pyruntime.Code{
		Paths: []string{filepath.Join("bench", "python", "models.py")}, Interpreter: b.leatPython,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Serve: func(_ catalog.Args, of serve.Model) (serve.Step, error) {
			m = of
			return nil, nil
		},
	}
	loaded, err := code.Load(ctx, []string{class})
	if err != nil {
		return nil, nil, err
	}
	var set catalog.Set
	loaded.Join(&set, &catalog.Env{Logger: code.Logger})
	if _, err := set.Lookup(class).New(catalog.Args{Name: class, Class: class}); err != nil {
		return nil, nil, err
	}
	mc := serve.NewModelContext(serve.ModelOptions{})
	mc.Name, mc.Logger = class, code.Logger
	if err := m.(serve.Loader).Load(ctx, mc); err != nil {
		return nil, nil, err
	}
	return m, func() error { return m.(serve.Closer).Close(context.WithoutCancel(ctx)) }, nil
}

// calls are the durations of calls for as long as two cells take, at least one.
func (b *bench) calls(ctx context.Context, m serve.Model, req *serve.Request) (took []time.Duration, err error) {
	for begin, counted := time.Now(), time.Now().Add(b.warmup); time.Since(begin) < b.warmup+2*b.length || len(took) == 0; {
		start := time.Now()
		if _, err := m.Predict(ctx, req); err != nil {
			return nil, err
		}
		if start.After(counted) {
			took = append(took, time.Since(start))
		}
	}
	return took, nil
}

// pythonMemory is what a worker without numpy has in use behind some requests.
func (b *bench) pythonMemory(ctx context.Context) (err error) {
	s, err := b.leatServer(ctx, "leat one model", b.leatPython, "1", "echo: {class_name: Echo}")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.srv.Stop()) }()
	w := rowsRequest("echo", iris[:4])
	if err := b.whenUp(ctx, s.srv.Addr, w); err != nil {
		return err
	}
	if _, err := b.cell(ctx, w.options(target{}, s.srv.Addr), pythonConns, s.srv.PID); err != nil {
		return err
	}
	server, err := proc.Read(b.proc, s.srv.PID)
	if err != nil {
		return err
	}
	var workers, peak int64
	for _, pid := range proc.Descendants(b.proc, s.srv.PID) {
		if u, err := proc.Read(b.proc, pid); err == nil {
			workers, peak = workers+u.Resident, peak+u.Peak
		}
	}
	mb := megabytes(workers)
	fmt.Fprintf(b.out, "\na worker with the echo model, without numpy: %.1f MB resident, peak %.1f; the server %.1f MB; goal: <= %.0f MB %s\n",
		mb, megabytes(peak), megabytes(server.Resident-workers), workerMB, b.verdict(mb > 0 && mb <= workerMB))
	b.goal("a worker without numpy: MB resident", fmt.Sprintf("<= %.0f", workerMB), mb, mb > 0 && mb <= workerMB, false)
	return nil
}

// pythonWorkers compares one worker with two, whose model computes in Python.
func (b *bench) pythonWorkers(ctx context.Context) (err error) {
	var all started
	for _, n := range []string{"1", "2"} {
		if err := all.add(b.leatServer(ctx, "leat, workers "+n, b.leatPython, n, "busy: {class_name: Busy}")); err != nil {
			return errors.Join(err, all.stop())
		}
	}
	defer func() { err = errors.Join(err, all.stop()) }()
	c := &contest{name: "a model that computes for some milliseconds in Python"}
	w := rowsRequest("busy", []float64{150000})
	for _, s := range all {
		if err := b.whenUp(ctx, s.srv.Addr, w); err != nil {
			return err
		}
		c.enter(s, w)
	}
	slices.Reverse(c.entrants) // leat's ratio is that of two to one
	few := *b
	few.rounds, few.length, few.warmup = 4*b.rounds, b.length/4, b.warmup/4
	if err := few.contest(ctx, c, 4); err != nil {
		return err
	}
	b.failed = b.failed || few.failed
	two, one := over(c.entrants[0].cells, c.entrants[0].perSecond), over(c.entrants[1].cells, c.entrants[1].perSecond)
	faster := two.most / one.most // of the round in which others took the least of the CPUs
	fmt.Fprintf(b.out, "the best round of two workers is %.2f times the best of one, with %d CPUs; goal: >= %.1f %s\n", faster, runtime.NumCPU(), workersFaster, b.verdict(faster >= workersFaster))
	b.goal("two workers to one, best rounds: req/s", fmt.Sprintf(">= %.1f", workersFaster), faster, faster >= workersFaster, true)
	return b.tellScaling(ctx, c.entrants[0], faster)
}
