package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/leat-ml/leat/bench/load"
	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
)

const (
	reloadConns = 16
	reloadRate  = 1000                   // requests a second, unless -rate says otherwise
	reloadEvery = 100 * time.Millisecond // from the begin of one to that of the next
	modelEvery  = 10                     // reloads from one with a model that has changed to the next

	reloadP99      = 2.0 // to the steady state
	reloadGrowthMB = 8.0 // behind the first fifth of the reloads
	reloadThreads  = 10  // goroutines likewise
)

// reloading is a server that is reloaded while it is asked.
type reloading struct {
	*bench
	dir, admin       string
	srv              *server.Server
	changes, reloads int   // so far
	first            error // that failed
}

// reloadRound is one cell in the steady state and one under reloads, and what
// the server had in use after them.
type reloadRound struct {
	steady, reloading cell
	goroutines        int
	resident          int64
}

// reload drives a server with a graph and models in an open loop, by turns in
// peace and while it is reloaded.
func (b *bench) reload(ctx context.Context) (err error) {
	r := &reloading{bench: b, dir: filepath.Join(b.dir, "reload")}
	if err := r.project(); err != nil {
		return err
	}
	if err := b.build(ctx, "leat", "cmd/leat"); err != nil {
		return err
	}
	if r.admin, err = freeAddr(); err != nil {
		return err
	}
	r.srv, err = server.Start(ctx, "leat-serve", fmt.Sprintf("%s/leat serve --http 127.0.0.1:0 --admin %s --log-level error %s", b.dir, r.admin, r.dir), b.env()...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.srv.Stop()) }()
	var rounds []reloadRound
	for range b.rounds {
		round, err := r.round(ctx)
		if err != nil {
			return err
		}
		rounds = append(rounds, round)
	}
	return r.print(rounds)
}

// project is the quickstart's tree models and a graph with one of them.
func (r *reloading) project() error {
	trees, err := r.treeRepository()
	if err != nil {
		return err
	}
	if err := os.CopyFS(r.dir, os.DirFS(trees)); err != nil {
		return fmt.Errorf("copy models: %w", err)
	}
	return r.change()
}

// change writes the graph anew, and now and then a model's file.
func (r *reloading) change() error {
	model := filepath.Join(r.dir, "wine", "2", "model.txt")
	spec := fmt.Sprintf(`graph:
  engine: async
  steps:
    clean: {handler: "(event)"}
    wine: {class_name: Model, class_args: {model_path: %q}, after: [clean], responder: true}
    behind%d: {handler: "(event)", after: [wine]}
`, model, r.changes%2)
	if r.changes%modelEvery == 1 {
		text, err := os.ReadFile(model)
		if err != nil {
			return fmt.Errorf("read the model: %w", err)
		}
		if err := replace(model, text); err != nil {
			return err
		}
	}
	return replace(filepath.Join(r.dir, "server.yaml"), []byte(spec))
}

// replace puts another file in the place of one.
func replace(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return os.Rename(path+".new", path)
}

// freeAddr is the address of a port that nobody has. It is below those that systems
// give to connections, of which one could have it before it is listened to.
func freeAddr() (string, error) {
	var first error
	for range 1000 {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(20_000)))) //nolint:gosec // not a secret
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		first = cmp.Or(first, err)
	}
	return "", fmt.Errorf("find a port: %w", first)
}

// round drives one cell in peace and one under reloads. What the generator does
// besides is the same in both: it writes files and asks the admin port.
func (r *reloading) round(ctx context.Context) (round reloadRound, err error) {
	if round.steady, err = r.beside(ctx, r.list); err != nil {
		return round, err
	}
	if round.reloading, err = r.beside(ctx, r.reloadOnce); err != nil {
		return round, err
	}
	if round.goroutines, err = r.settled(); err != nil {
		return round, err
	}
	u, err := proc.Read(r.proc, r.srv.PID)
	round.resident = u.Resident
	return round, err
}

// beside drives a cell while files are changed and do is done, again and again.
func (r *reloading) beside(ctx context.Context, do func()) (cell, error) {
	w := treeRequest()
	w.path = "/"
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- r.keepChanging(ctx, do) }()
	c, err := r.drive(ctx, w.options(target{models: true}, r.srv.Addr))
	stop()
	return c, errors.Join(err, <-done)
}

// drive is a cell of its own length and rate.
func (r *reloading) drive(ctx context.Context, o load.Options) (cell, error) {
	b := *r.bench
	if b.rate == 0 {
		b.rate = reloadRate
	}
	b.length = max(reloadEvery*time.Duration(r.perRound), b.warmup)
	return b.cell(ctx, o, reloadConns, r.srv.PID)
}

// keepChanging changes the files, and does do each time, until ctx ends.
func (r *reloading) keepChanging(ctx context.Context, do func()) error {
	tick := time.NewTicker(reloadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		r.changes++
		if err := r.change(); err != nil {
			return err
		}
		do()
	}
}

func (r *reloading) reloadOnce() {
	r.reloads++
	r.note(r.ask(http.MethodPost, "/api/v1/reload"))
}

// list is asking the admin port for something that costs it little.
func (r *reloading) list() { r.note(r.ask(http.MethodGet, "/api/v1/models")) }

func (r *reloading) note(_ []byte, err error) {
	if err != nil && r.first == nil {
		r.first = fmt.Errorf("behind %d reloads: %w", r.reloads, err)
	}
}

func (r *reloading) ask(method, path string) ([]byte, error) {
	req, err := http.NewRequest(method, "http://"+r.admin+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.300s", resp.StatusCode, body)
	}
	return body, err
}

// settled is the least number of goroutines within a moment: those of
// connections end when the server has seen that they are closed.
func (r *reloading) settled() (int, error) {
	least := math.MaxInt
	for range 10 {
		n, err := r.goroutines()
		if err != nil {
			return 0, err
		}
		least = min(least, n)
		time.Sleep(20 * time.Millisecond)
	}
	return least, nil
}

var goroutines = regexp.MustCompile(`(?m)^go_goroutines (\d+)$`)

func (r *reloading) goroutines() (int, error) {
	metrics, err := r.ask(http.MethodGet, "/metrics")
	if err != nil {
		return 0, err
	}
	m := goroutines.FindSubmatch(metrics)
	if m == nil {
		return 0, errors.New("/metrics has no go_goroutines")
	}
	return strconv.Atoi(string(m[1]))
}
