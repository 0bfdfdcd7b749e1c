// Command soak sends a great many requests to one URL and reports how the
// memory of the server's process tree grows over them.
//
//	go run ./bench/cmd/soak -n 100000 -url http://127.0.0.1:8080/v2/models/iris/infer -body @request.json -pid 4711
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/bench/load"
	"github.com/leat-ml/leat/bench/proc"
)

type config struct {
	url, body     string
	n, conns, pid int
	steps         int
	growth        float64
}

func main() { os.Exit(status()) }

// status runs the program and returns its exit code.
func status() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var c config
	flag.StringVar(&c.url, "url", "", "http URL to ask")
	flag.StringVar(&c.body, "body", "", "JSON to post, or @file; empty is a GET")
	flag.IntVar(&c.n, "n", 100_000, "requests")
	flag.IntVar(&c.conns, "conns", 4, "connections")
	flag.IntVar(&c.pid, "pid", 0, "process id of the server")
	flag.IntVar(&c.steps, "steps", 10, "how many times memory is read")
	flag.Float64Var(&c.growth, "growth", 0, "fail when resident memory grows by more MB from the first fifth to the end; 0 only reports")
	flag.Parse()
	if err := soak(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 1
	}
	return 0
}

func soak(ctx context.Context, c config, out io.Writer) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	fsys, err := proc.System()
	if err != nil {
		return err
	}
	resident, err := c.drive(ctx, o, fsys, out)
	if err != nil {
		return err
	}
	// The first fifth fills caches, pools and the heap up to its first collections.
	warm, last := resident[len(resident)/5-1], resident[len(resident)-1]
	grown := float64(last-warm) / 1e6
	fmt.Fprintf(out, "grown by %.1f MB behind the first fifth, %.1f bytes a request\n", grown, float64(last-warm)/(0.8*float64(c.n)))
	if c.growth > 0 && grown > c.growth {
		return fmt.Errorf("resident memory grew by %.1f MB, more than %g", grown, c.growth)
	}
	return nil
}

// options refuses what cannot be run and renders the request.
func (c config) options() (load.Options, error) {
	u, err := url.Parse(c.url)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return load.Options{}, fmt.Errorf("-url %q: want http://host:port/path", c.url)
	}
	if c.pid <= 0 || c.steps < 5 || c.n < c.steps {
		return load.Options{}, errors.New("want -pid, at least 5 -steps and as many requests")
	}
	var body []byte
	if file, ok := strings.CutPrefix(c.body, "@"); ok {
		if body, err = os.ReadFile(file); err != nil {
			return load.Options{}, fmt.Errorf("read body: %w", err)
		}
	} else if c.body != "" {
		body = []byte(c.body)
	}
	return load.Options{Addr: u.Host, Request: load.Render(u.RequestURI(), body), Conns: c.conns, Limit: c.n / c.steps, Duration: 24 * time.Hour, Timeout: time.Minute}, nil
}

// drive sends the requests in steps and returns the resident memory after each.
func (c config) drive(ctx context.Context, o load.Options, fsys fs.FS, out io.Writer) ([]int64, error) {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer tw.Flush()
	fmt.Fprintln(tw, "requests\treq/s\tp99 us\tresident MB\tpeak MB\t")
	var resident []int64
	for step := range c.steps {
		res, err := load.Run(ctx, o)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if res.Failed() > 0 {
			return nil, fmt.Errorf("%d of %d requests failed, the first: %w", res.Failed(), o.Limit, res.First)
		}
		u, err := proc.Read(fsys, c.pid)
		if err != nil {
			return nil, err
		}
		resident = append(resident, u.Resident)
		fmt.Fprintf(tw, "%d\t%.0f\t%d\t%.1f\t%.1f\t\n", (step+1)*o.Limit, res.PerSecond(), res.Latency.Quantile(0.99).Microseconds(), float64(u.Resident)/1e6, float64(u.Peak)/1e6)
	}
	return resident, nil
}
