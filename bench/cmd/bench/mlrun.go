package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/bench/inproc"
)

// mlrunGoals are how many times MLRun's events a second leat shall do.
var mlrunGoals = map[string]float64{"flow-3-router": 10, "voting-3": 50, "flow-3-router-async": 50}

// A python is the real MLRun: bench/mlrun/driver.py, which says what it is told
// and what it tells.
type python struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startPython(ctx context.Context, path string) (*python, error) {
	p := &python{cmd: exec.CommandContext(ctx, path, "-B", filepath.Join("bench", "mlrun", "driver.py"))}
	p.cmd.Stderr = os.Stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start MLRun: %w", err)
	}
	return p, nil
}

func (p *python) ask(question, answer any) error {
	if err := json.NewEncoder(p.in).Encode(question); err != nil {
		return fmt.Errorf("ask MLRun: %w", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("MLRun answered nothing: %w", err)
	}
	return json.Unmarshal(line, answer)
}

func (p *python) stop() error {
	return errors.Join(p.in.Close(), p.cmd.Wait())
}

// measure has it serve n events.
func (p *python) measure(n int) (inproc.Cost, error) {
	var took struct{ CPU, Wall float64 }
	if err := p.ask(map[string]int{"n": n}, &took); err != nil {
		return inproc.Cost{}, err
	}
	each := func(seconds float64) time.Duration {
		return time.Duration(seconds / float64(n) * float64(time.Second))
	}
	return inproc.Cost{CPU: each(took.CPU), Wall: each(took.Wall)}, nil
}

// mlrun runs specs here and in the real MLRun, by turns, one event at a time.
func (b *bench) mlrun(ctx context.Context) (err error) {
	if b.mlrunPython == "" {
		return errors.New("name a Python with MLRun with -mlrun: INSTALL=1 scripts/verify-mlrun.sh makes one and prints its path")
	}
	p, err := startPython(ctx, b.mlrunPython)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	fmt.Fprintf(b.out, "\nMLRun and leat in process: the same spec, bytes in and bytes out, one caller, %d rounds\n", b.rounds)
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "graph\tMLRun events/s\tMLRun CPU us [min-max]\tleat events/s\tleat CPU us [min-max]\tleat allocs\tevents/s to MLRun\tCPU: MLRun to leat\tgoal\t")
	for _, f := range inproc.Peers() {
		f.MLRun = true
		if err := b.mlrunRow(ctx, tw, p, f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return tw.Flush()
}

func (b *bench) mlrunRow(ctx context.Context, tw *tabwriter.Writer, p *python, f inproc.Flow) error {
	op, last, stop, err := inproc.GraphAnswer(ctx, f, inproc.Rows)
	if err != nil {
		return err
	}
	ours, theirs, err := b.mlrunRounds(p, f, op, last)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	cpu := func(of []inproc.Cost) spread {
		return over(of, func(i int) float64 { return micros(of[i].CPU) })
	}
	rate := func(of []inproc.Cost) float64 {
		return over(of, func(i int) float64 { return 1 / of[i].Wall.Seconds() }).median
	}
	faster := over(ours, func(i int) float64 { return float64(theirs[i].Wall) / float64(ours[i].Wall) }).median
	cheaper := over(ours, func(i int) float64 { return float64(theirs[i].CPU) / float64(ours[i].CPU) }).median
	mine, its := cpu(ours), cpu(theirs)
	goal := mlrunGoals[f.Name]
	fmt.Fprintf(tw, "%s\t%.0f\t%.1f [%.1f-%.1f]\t%.0f\t%.2f [%.2f-%.2f]\t%.2f\t%.0f\t%.0f\tevents/s >= %g %s\t\n", f.Name,
		rate(theirs), its.median, its.least, its.most, rate(ours), mine.median, mine.least, mine.most,
		over(ours, func(i int) float64 { return ours[i].Allocs }).least, faster, cheaper, goal, b.verdict(faster >= goal))
	return nil
}

// mlrunRounds compares one answer, and then measures in turn.
func (b *bench) mlrunRounds(p *python, f inproc.Flow, op func() error, last func() []byte) (ours, theirs []inproc.Cost, err error) {
	var told struct{ Answer string }
	if err := p.ask(map[string]any{"spec": f.Spec, "path": f.Path(), "body": string(inproc.Rows)}, &told); err != nil {
		return nil, nil, err
	}
	if err := op(); err != nil {
		return nil, nil, err
	}
	if err := sameAnswer(told.Answer, string(last())); err != nil {
		return nil, nil, err
	}
	sizes := [2]int{}
	for i, measure := range []func(int) (inproc.Cost, error){p.measure, func(n int) (inproc.Cost, error) { return inproc.Measure(n, op) }} {
		first, err := measure(1000)
		if err != nil {
			return nil, nil, err
		}
		sizes[i] = max(1000, int(b.length/2/max(first.Wall, time.Nanosecond)))
	}
	for range b.rounds {
		its, err := p.measure(sizes[0])
		if err != nil {
			return nil, nil, err
		}
		mine, err := inproc.Measure(sizes[1], op)
		if err != nil {
			return nil, nil, err
		}
		theirs, ours = append(theirs, its), append(ours, mine)
	}
	return ours, theirs, nil
}

// sameAnswer compares two answers, but for what is made up for each: the id and
// the time.
func sameAnswer(theirs, ours string) error {
	read := func(text string) (map[string]any, error) {
		var m map[string]any
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			return nil, fmt.Errorf("answer %.300s: %w", text, err)
		}
		delete(m, "id")
		delete(m, "timestamp")
		return m, nil
	}
	x, err := read(theirs)
	if err != nil {
		return err
	}
	y, err := read(ours)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(x, y) {
		return fmt.Errorf("MLRun answers %.300s and leat %.300s", theirs, ours)
	}
	return nil
}
