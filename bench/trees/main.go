//go:build cgo && linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// sizes are those that train.py knows.
var sizes = []string{"50x4", "200x6", "300x8", "200x4x5", "1000x10"}

type config struct {
	data, packages, onnxruntime string
	only, kinds                 *regexp.Regexp
	batches                     []int
	rounds                      int
	window                      time.Duration
	alone                       bool
}

func main() { os.Exit(status()) }

// status runs the program and returns its exit code.
func status() int {
	c, err := parse(os.Args[1:])
	if err == nil {
		err = run(c, os.Stdout)
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "trees:", err)
	return 1
}

func parse(args []string) (config, error) {
	c := config{only: regexp.MustCompile(""), kinds: regexp.MustCompile("")}
	f := flag.NewFlagSet("trees", flag.ContinueOnError)
	f.StringVar(&c.data, "data", ".cache/bench-trees", "folder of models and rows")
	f.StringVar(&c.packages, "packages", "", "folder of Python packages with xgboost and lightgbm; empty: that of .venv")
	f.StringVar(&c.onnxruntime, "onnxruntime", "lib/libonnxruntime.so", "library of ONNX Runtime")
	f.IntVar(&c.rounds, "rounds", 25, "rounds of each cell")
	f.DurationVar(&c.window, "window", 4*time.Millisecond, "CPU time of a contender in a round")
	f.BoolVar(&c.alone, "alone", false, "measure leat only")
	f.Func("only", "regular expression of sizes", func(v string) (err error) {
		c.only, err = regexp.Compile("^(" + v + ")$")
		return err
	})
	f.Func("kinds", "regular expression of xgb and lgb", func(v string) (err error) {
		c.kinds, err = regexp.Compile(v)
		return err
	})
	f.Func("batches", "rows of a call, separated by commas (default 1,32,1024)", func(v string) error {
		c.batches = nil
		for field := range strings.SplitSeq(v, ",") {
			n, err := strconv.Atoi(field)
			if err != nil || n < 1 {
				return fmt.Errorf("%q is no number of rows", field)
			}
			c.batches = append(c.batches, n)
		}
		return nil
	})
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if c.batches == nil {
		c.batches = []int{1, 32, 1024}
	}
	err := c.findPackages()
	return c, err
}

func (c *config) findPackages() error {
	if c.packages != "" {
		return nil
	}
	found, err := filepath.Glob(".venv/lib/python3*/site-packages")
	if err != nil || len(found) != 1 {
		return errors.New("there is no .venv (make setup), so say -packages")
	}
	c.packages = found[0]
	return nil
}

func run(c config, out io.Writer) error {
	// One thread does everything but what is said to need two, and no collection
	// disturbs it.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	fmt.Fprintf(out, "CPU time of one thread, medians of %d rounds of %v; %s\n", c.rounds, c.window, runtime.Version())
	for _, size := range sizes {
		if !c.only.MatchString(size) {
			continue
		}
		for _, part := range []func(config, io.Writer, string) error{printMatches, printLoading, printCores} {
			if err := part(c, out, size); err != nil {
				return fmt.Errorf("%s: %w", size, err)
			}
		}
	}
	return nil
}

// printMatches lets everyone predict with the models of a size.
func printMatches(c config, out io.Writer, size string) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var matches, explanations []*match
	for _, kind := range []string{"xgb", "lgb"} {
		if !c.kinds.MatchString(kind) {
			continue
		}
		m, err := newMatch(c, size, kind)
		if err != nil {
			return err
		}
		if err := m.play(c, size); err != nil {
			return err
		}
		matches = append(matches, m)
		if c.alone {
			continue
		}
		e, err := newExplanations(c, size, kind)
		if err != nil {
			return err
		}
		if err := e.explain(c, size); err != nil {
			return err
		}
		explanations = append(explanations, e)
		runtime.GC()
	}
	if err := printSize(out, size, matches); err != nil || c.alone {
		return err
	}
	return printExplanations(out, explanations)
}

// play measures all that belongs to one model.
func (m *match) play(c config, size string) error {
	for _, missing := range []bool{false, true} {
		name := "full"
		if missing {
			name = "missing"
		}
		rows, err := readRows(filepath.Join(c.data, size+"-"+name+".f32"))
		if err != nil {
			return err
		}
		w := newWorkload(rows, m.info.Features, m.info.Groups)
		for _, batch := range c.batches {
			if err := m.measure(c, w, batch, missing); err != nil {
				return err
			}
		}
		w.free()
	}
	return nil
}
