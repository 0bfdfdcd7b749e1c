package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/bench/load"
	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
)

// goals of a cold start with the quickstart's tree models
const (
	coldMillis    = 50
	coldMegabytes = 40
)

const answerWithin = 10 * time.Second

// start is one cold start.
type start struct {
	took     time.Duration // from before the process was made to the first right answer
	resident int64
}

// cold starts every target anew, several times, in turn.
func (b *bench) cold(ctx context.Context) error {
	targets, err := b.builtin(ctx)
	if err != nil {
		return err
	}
	targets = append(targets, b.targets...)
	w := b.coldWorkload
	starts := make([][]start, len(targets))
	for range b.runs {
		for i, t := range targets {
			s, err := b.startOnce(ctx, t, w(t))
			if err != nil {
				return err
			}
			starts[i] = append(starts[i], s)
		}
	}
	return b.printCold(targets, starts)
}

// coldWorkload is what a target is asked first.
func (b *bench) coldWorkload(t target) workload {
	switch {
	case len(b.posts) > 0:
		return b.posts[0]
	case t.models:
		return treeRequest()
	}
	return workloads()[1]
}

func (b *bench) startOnce(ctx context.Context, t target, w workload) (s start, err error) {
	srv, err := server.Start(ctx, t.name, t.command, b.env()...)
	if err != nil {
		return start{}, err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	for {
		err := firstAnswer(ctx, srv.Addr, w, t)
		s.took = time.Since(srv.Started)
		if err == nil {
			break
		}
		if s.took > answerWithin || ctx.Err() != nil {
			return start{}, fmt.Errorf("%s: no right answer within %v: %w", t.name, answerWithin, err)
		}
		runtime.Gosched()
	}
	u, err := proc.Read(b.proc, srv.PID)
	s.resident = u.Resident
	return s, err
}

// firstAnswer asks once on a connection of its own.
func firstAnswer(ctx context.Context, addr string, w workload, t target) error {
	o := w.options(t, addr)
	o.Conns, o.Limit, o.VerifyEvery, o.Duration = 1, 1, 1, answerWithin
	res, err := load.Run(ctx, o)
	if err == nil && res.OK() != 1 {
		err = res.First
	}
	return err
}

func (b *bench) printCold(targets []target, starts [][]start) error {
	fmt.Fprintf(b.out, "\ncold start to the first right answer, and resident memory then, %d starts\n", b.runs)
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "target\tms [min-max]\tresident MB [min-max]\tgoal\t")
	for i, t := range targets {
		s := starts[i]
		ms := over(s, func(i int) float64 { return micros(s[i].took) / 1000 })
		mb := over(s, func(i int) float64 { return megabytes(s[i].resident) })
		goal := ""
		if t.models {
			goal = fmt.Sprintf("< %d ms, < %d MB %s", coldMillis, coldMegabytes, b.verdict(ms.median < coldMillis && mb.median < coldMegabytes))
		}
		fmt.Fprintf(tw, "%s\t%.1f [%.1f-%.1f]\t%.1f [%.1f-%.1f]\t%s\t\n", t.name, ms.median, ms.least, ms.most, mb.median, mb.least, mb.most, goal)
	}
	return tw.Flush()
}

// quickstart is where the real models are, from the root of the project.
var quickstart = filepath.Join("examples", "quickstart")

// treeRepository copies the tree models of the quickstart, without its ONNX one.
func (b *bench) treeRepository() (string, error) {
	dir := filepath.Join(b.dir, "trees")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil // made for another suite
	}
	if err := os.CopyFS(filepath.Join(dir, "wine"), os.DirFS(filepath.Join(quickstart, "wine"))); err != nil {
		return "", fmt.Errorf("copy models: %w", err)
	}
	model, err := os.ReadFile(filepath.Join(quickstart, "diabetes.ubj"))
	if err != nil {
		return "", fmt.Errorf("copy models: %w", err)
	}
	return dir, os.WriteFile(filepath.Join(dir, "diabetes.ubj"), model, 0o644)
}

// treeRequest asks the quickstart's wine model, version 2, about one wine. The
// answer is what the real library gives (examples/quickstart-train).
func treeRequest() workload {
	wine := []float64{14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065}
	w := infer("tree-1x13", "wine", 1, wine, nil)
	w.answer = []float64{0.999039024420959, 0.0005363044936291773, 0.00042467108541181613}
	return w
}
