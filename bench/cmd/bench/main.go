// Command bench measures leat against the floor server in one run, and prints
// ratios with their targets. bench/README.md says what the figures mean.
//
//	go run ./bench/cmd/bench [-suite http|image|inproc|graph|cold|reload|endpoints|python|kserve|mlrun|all] [-smoke]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/leat-ml/leat/bench/proc"
)

type config struct {
	suite          string
	rounds, runs   int
	length, warmup time.Duration // of a cell
	rate           float64
	procs          int
	perRound       int // reloads of a round
	full, gate     bool
	targets        []target
	posts          []workload
	kserveRouter   string   // path of its binary
	mlrunPython    string   // path of a Python that has MLRun
	leatPython     string   // path of the Python that runs models behind leat; it has scikit-learn
	mlserver       string   // path of a Python that has MLServer; "" leaves it out
	nuclio         string   // folder with nuclio's Python wrapper; "" leaves it out
	parts          []string // of the python suite; empty is all
}

// bench is one run of the program.
type bench struct {
	config
	out    io.Writer
	proc   fs.FS
	dir    string // temporary: binaries, repositories
	failed bool   // a target was missed
	goals  []pythonGoal
}

func main() { os.Exit(status()) }

// status runs the program and returns its exit code.
func status() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // servers must not stay behind
	defer stop()
	c, err := parse(os.Args[1:])
	if err == nil {
		err = run(ctx, c, os.Stdout)
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "bench:", err)
	return 1
}

func parse(args []string) (config, error) {
	var c config
	var seconds float64
	var smoke bool
	var reloads int
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&c.suite, "suite", "all", "http, image, inproc, cold, reload, endpoints, records, python, kserve, mlrun, or all but the last two")
	f.IntVar(&c.rounds, "rounds", 5, "rounds of the http suite")
	f.IntVar(&c.runs, "runs", 11, "starts of each server in the cold suite")
	f.Float64Var(&seconds, "seconds", 1.5, "length of a cell, beside its warm-up")
	f.Float64Var(&c.rate, "rate", 0, "open loop: requests a second, on 64 connections, for latency")
	f.IntVar(&reloads, "reloads", 1000, "reloads in all rounds of the reload suite")
	f.IntVar(&c.procs, "procs", 0, "GOMAXPROCS of the generator and of each server; 0 leaves it alone")
	f.StringVar(&c.kserveRouter, "kserve", "", "`path` of KServe's router, for the kserve suite")
	f.StringVar(&c.mlrunPython, "mlrun", "", "`path` of a Python with MLRun, for the mlrun and python suites")
	f.StringVar(&c.mlserver, "mlserver", "", "`path` of a Python with MLServer, for the python suite")
	f.StringVar(&c.nuclio, "nuclio", "", "`folder` with nuclio's _nuclio_wrapper.py, for the python suite; needs -mlrun with msgpack")
	f.StringVar(&c.leatPython, "python", ".venv/bin/python", "`path` of a Python with scikit-learn, for the python suite")
	f.BoolVar(&c.full, "full", false, "1 and 64 connections too")
	f.BoolVar(&c.gate, "gate", false, "exit 1 when a target is missed")
	f.BoolVar(&smoke, "smoke", false, "one short round, to see that everything still runs; its figures mean nothing")
	f.Func("part", "`name` of a part of the python suite, of calls, memory, workers, mlrun and oip, instead of all; may be repeated", func(v string) error {
		c.parts = append(c.parts, v)
		return want(slices.Contains([]string{"calls", "memory", "workers", "mlrun", "oip"}, v), "calls, memory, workers, mlrun or oip")
	})
	f.Func("target", "`name=command` of a server with an echo model named echo; may be repeated", func(v string) error {
		name, command, ok := strings.Cut(v, "=")
		c.targets = append(c.targets, target{name: name, command: command})
		return want(ok && name != "" && command != "", "name=command")
	})
	f.Func("post", "`path=body` of a workload to measure instead of the usual ones; may be repeated", func(v string) error {
		path, body, ok := strings.Cut(v, "=")
		c.posts = append(c.posts, workload{name: path, path: path, body: []byte(body)})
		return want(ok && strings.HasPrefix(path, "/"), "/path=body")
	})
	if err := f.Parse(args); err != nil {
		return c, err
	}
	c.length = time.Duration(seconds * float64(time.Second))
	c.warmup = c.length / 5
	if smoke {
		c.rounds, c.runs, c.length, c.warmup, reloads = 1, 2, 100*time.Millisecond, 50*time.Millisecond, 10
		if len(c.parts) == 0 && c.mlserver == "" && c.mlrunPython == "" {
			c.parts = []string{"calls", "mlrun"} // the others start as much and more
		}
	}
	c.perRound = max(1, reloads/max(1, c.rounds))
	if c.nuclio != "" && c.mlrunPython == "" {
		return c, errors.New("want -mlrun with -nuclio: its wrapper runs MLRun")
	}
	return c, want(f.NArg() == 0 && c.rounds > 0 && c.runs > 0 && c.length > 0 && reloads > 0, "flags only, with numbers above 0")
}

func want(ok bool, what string) error {
	if !ok {
		return errors.New("want " + what)
	}
	return nil
}

func run(ctx context.Context, c config, out io.Writer) error {
	fsys, err := proc.System()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "leat-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{config: c, out: out, proc: fsys, dir: dir}
	if c.procs > 0 {
		runtime.GOMAXPROCS(c.procs)
	}
	suites := map[string]func(context.Context) error{"http": b.http, "image": b.image, "inproc": b.inproc, "graph": b.graphs, "cold": b.cold, "reload": b.reload, "endpoints": b.endpoints, "records": b.records, "kserve": b.kserve, "mlrun": b.mlrun, "python": b.pythonModels}
	names := []string{c.suite}
	if c.suite == "all" {
		names = []string{"inproc", "graph", "http", "image", "cold", "reload", "endpoints", "records", "python"}
	}
	b.printMachine()
	for _, name := range names {
		suite, ok := suites[name]
		if !ok {
			return fmt.Errorf("no suite %q: there are http, image, inproc, graph, cold, reload, endpoints, records, python, kserve, mlrun and all", name)
		}
		if err := suite(ctx); err != nil {
			return fmt.Errorf("suite %s: %w", name, err)
		}
	}
	if c.gate && b.failed {
		return errors.New("a target was missed")
	}
	return nil
}

func (b *bench) printMachine() {
	commit, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	fmt.Fprintf(b.out, "%s %s/%s, %d CPUs, %s, commit %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), proc.Machine(b.proc), strings.TrimSpace(string(commit)))
}
