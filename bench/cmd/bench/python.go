package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
)

const (
	mlserverPort   = 18110 // where MLServer listens; the same and 10 more with a worker process
	importedWithin = 90 * time.Second
)

// What a call of a model in Python shall cost over HTTP, and be to the peers.
const (
	pythonConns = 16   // at which the goals hold
	pythonCPU   = 60.0 // us a request, at most
	pythonRate  = 4.0  // requests a second, at least
	pythonP99   = 1.0 / 3
)

// What nuclio with MLRun was to the floor, at 16 connections and one row of 4:
// measured once, with the same floor, in one run of nuclio's processor 1.14 with
// its Python wrapper and one worker, and MLRun 1.7.
const (
	nuclioRate = 0.068
	nuclioCPU  = 18.0
)

// A pythonServer is one that serves the models of bench/python, or others like
// them.
type pythonServer struct {
	name string
	srv  *server.Server
	peer bool // to be compared with
	kill bool // it takes its time when it is asked to end
	noop bool // it answers the same whatever it is asked, and has no classifier
}

// An entrant is a server in a contest, with the request as it wants it.
type entrant struct {
	*pythonServer
	workload
	row
	python []time.Duration // CPU time of the worker processes in each cell
}

// A contest is the same model, asked the same.
type contest struct {
	name     string
	goal     bool // CPU time is that of a call of a model that does nothing
	each     bool // all of leat's are judged, not just the first
	entrants []*entrant
}

// pythonModels compares models in Python behind leat with the same models behind the
// peers that there are, and measures what a call costs in process.
func (b *bench) pythonModels(ctx context.Context) (err error) {
	if b.leatPython, err = filepath.Abs(b.leatPython); err != nil {
		return err
	}
	if err := b.train(ctx, b.leatPython, "iris"); err != nil {
		return err
	}
	for _, pkg := range []string{"cmd/leat", "bench/cmd/floor"} {
		if err := b.build(ctx, filepath.Base(pkg), pkg); err != nil {
			return err
		}
	}
	parts := []struct {
		name string
		run  func(context.Context) error
	}{
		{"calls", b.pythonCalls},
		{"memory", b.pythonMemory},
		{"workers", b.pythonWorkers},
		{"mlrun", func(ctx context.Context) error { return b.contests(ctx, b.mlrunContests) }},
		{"oip", func(ctx context.Context) error { return b.contests(ctx, b.oipContests) }},
	}
	for _, p := range parts {
		if len(b.parts) > 0 && !slices.Contains(b.parts, p.name) {
			continue
		}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return b.printGoals()
}

// train trains the classifier with the scikit-learn that will open it.
func (b *bench) train(ctx context.Context, python, folder string) error {
	dir := filepath.Join(b.dir, folder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, python, "-B", "bench/python/train.py", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("train a model: %w\n%s", err, out)
	}
	return nil
}

// leatSpec has each model of bench/python behind a route.
const leatSpec = `python: {interpreter: INTERPRETER, workers: WORKERS}
graph:
  kind: router
  routes:
`

// leatServer starts leat with the routes, lines of YAML.
func (b *bench) leatServer(ctx context.Context, name, interpreter, workers string, routes ...string) (*pythonServer, error) {
	text := strings.NewReplacer("INTERPRETER", interpreter, "WORKERS", workers).Replace(leatSpec)
	for _, r := range routes {
		text += "    " + r + "\n"
	}
	path := filepath.Join(b.dir, strings.ReplaceAll(name, " ", "-")+".yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the spec: %w", err)
	}
	command := b.dir + "/leat serve --http 127.0.0.1:0 --admin 127.0.0.1:0 --python bench/python/models.py --python bench/python/runtimes.py " + path + " 2>/dev/null"
	srv, err := server.Start(ctx, name, command, b.env()...)
	return &pythonServer{name: name, srv: srv}, err
}

func (b *bench) irisRoute(folder string) string {
	return fmt.Sprintf("iris: {class_name: Iris, class_args: {folder: %s}}", filepath.Join(b.dir, folder))
}

// fileRoute serves the classifier from its file, as MLServer's runtime does.
func (b *bench) fileRoute(name, folder, args string) string {
	return fmt.Sprintf("%s: {class_name: sklearn, class_args: {model_path: %s%s}}", name, filepath.Join(b.dir, folder, "iris.joblib"), args)
}

// started are servers on their way into contests.
type started []*pythonServer

func (s *started) add(one *pythonServer, err error) error {
	if err == nil {
		*s = append(*s, one)
	}
	return err
}

func (s *started) stop() error {
	var errs []error
	for _, one := range *s {
		if one.kill {
			errs = append(errs, one.srv.Kill())
		} else {
			errs = append(errs, one.srv.Stop())
		}
	}
	return errors.Join(errs...)
}

// rowsRequest asks with MLRun's rows.
func rowsRequest(model string, want []float64) workload {
	return workload{name: model, path: "/v2/models/" + model + "/infer", body: []byte(`{"inputs":[[5.1,3.5,1.4,0.2]]}`), echo: want}
}

// tensorRequest asks with a tensor of the Open Inference Protocol.
func tensorRequest(model string, want []float64) workload {
	w := infer(model, model, 1, iris[:4], nil)
	w.echo = want
	return w
}

var setosa = []float64{0} // the class of the first row of iris

// mlrunContests are those against MLRun: its own code behind the cheapest host
// there is and behind nuclio's wrapper, and what the user names.
func (b *bench) mlrunContests(ctx context.Context) (_ []*contest, stop func() error, err error) {
	var all started
	floor, err := server.Start(ctx, "floor", b.dir+"/floor", b.env()...)
	if err == nil {
		all = started{{name: "floor", srv: floor}}
		err = all.add(b.leatServer(ctx, "leat", b.leatPython, "1", "echo: {class_name: Echo}", b.irisRoute("iris")))
	}
	if err == nil && b.mlrunPython != "" {
		err = b.mlrunServers(ctx, &all)
	}
	if err == nil && b.nuclio != "" {
		err = b.nuclioServers(ctx, &all)
	}
	for _, t := range b.targets {
		if err == nil {
			var srv *server.Server
			srv, err = server.Start(ctx, t.name, t.command, b.env()...)
			err = all.add(&pythonServer{name: t.name, srv: srv, peer: true}, err)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, all.stop())
	}
	echo := &contest{name: "echo model, one row of 4, MLRun's dialect", goal: true}
	echo.enter(all[0], tensorRequest("echo", iris[:4]))
	species := &contest{name: "LogisticRegression of scikit-learn, one row of 4, MLRun's dialect", each: true}
	for i, s := range all[1:] {
		echo.enter(s, rowsRequest("echo", iris[:4]))
		if !s.noop && (i > 0 || b.mlrunPython == "") { // leat with the same scikit-learn as MLRun, where there is MLRun
			species.enter(s, rowsRequest("iris", setosa))
		}
		if i == 1 && b.mlrunPython != "" {
			species.enter(&pythonServer{name: "leat, file", srv: s.srv}, rowsRequest("file", setosa))
		}
	}
	return []*contest{echo, species}, all.stop, nil
}

// mlrunServers are leat with an interpreter that has MLRun, whose classes are
// used then, and MLRun itself.
func (b *bench) mlrunServers(ctx context.Context, all *started) error {
	if err := b.train(ctx, b.mlrunPython, "mlrun-iris"); err != nil {
		return err
	}
	if err := all.add(b.leatServer(ctx, "leat, real mlrun", b.mlrunPython, "1", "echo: {class_name: Echo}", b.irisRoute("mlrun-iris"), b.fileRoute("file", "mlrun-iris", ""))); err != nil {
		return err
	}
	srv, err := server.Start(ctx, "MLRun, bare host", b.mlrunPython+" -B bench/python/mlrunhost.py "+filepath.Join(b.dir, "mlrun-iris"))
	return all.add(&pythonServer{name: "MLRun, bare host", srv: srv}, err)
}

// oipContests are those against MLServer.
func (b *bench) oipContests(ctx context.Context) (_ []*contest, stop func() error, err error) {
	var all started
	floor, err := server.Start(ctx, "floor", b.dir+"/floor", b.env()...)
	if err == nil {
		all = started{{name: "floor", srv: floor}}
		err = all.add(b.leatServer(ctx, "leat OIP", b.leatPython, "1", "echo: {class_name: EchoRuntime}", "class: {class_name: Echo}", b.irisRoute("iris"),
			b.fileRoute("file", "iris", ""), b.fileRoute("batch", "iris", ", batch: 64")))
	}
	for _, workers := range []int{0, 1} {
		if err == nil && b.mlserver != "" {
			err = all.add(b.mlserverServer(ctx, workers))
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, all.stop())
	}
	echo := &contest{name: "echo runtime of MLServer's, tensor 1x4, Open Inference Protocol"}
	species := &contest{name: "LogisticRegression of scikit-learn, tensor 1x4, Open Inference Protocol"}
	echo.enter(all[0], tensorRequest("echo", iris[:4]))
	species.enter(&pythonServer{name: "leat, file", srv: all[1].srv}, tensorRequest("file", setosa))
	species.enter(&pythonServer{name: "leat, file, batch: 64", srv: all[1].srv}, tensorRequest("batch", setosa))
	for _, s := range all[1:] {
		echo.enter(s, tensorRequest("echo", iris[:4]))
		species.enter(s, tensorRequest("iris", setosa))
		if s.peer {
			species.enter(&pythonServer{name: s.name + ", batch: 64", srv: s.srv, peer: true}, tensorRequest("batch", setosa))
		}
	}
	echo.enter(&pythonServer{name: "leat, class of MLRun", srv: all[1].srv}, tensorRequest("class", iris[:4]))
	return []*contest{echo, species}, all.stop, nil
}

// mlserverServer starts MLServer with so many worker processes; with 0 models run
// in the server's own.
func (b *bench) mlserverServer(ctx context.Context, workers int) (*pythonServer, error) {
	dir, port := filepath.Join(b.dir, fmt.Sprintf("mlserver-%d", workers)), mlserverPort+10*workers
	runtime, err := os.ReadFile("bench/python/runtimes.py")
	if err != nil {
		return nil, err
	}
	files := map[string]string{
		"settings.json": fmt.Sprintf(`{"host": "127.0.0.1", "http_port": %d, "grpc_port": %d, "metrics_port": %d, "parallel_workers": %d, "debug": false}`,
			port, port+1, port+2, workers),
		"echo/runtimes.py":          string(runtime),
		"echo/model-settings.json":  `{"name": "echo", "implementation": "runtimes.EchoRuntime"}`,
		"iris/model-settings.json":  b.mlserverModel("iris", ""),
		"batch/model-settings.json": b.mlserverModel("batch", `"max_batch_size": 64, "max_batch_time": 0.001, `), // more wait for others
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return nil, err
		}
	}
	name := fmt.Sprintf("MLServer, %d workers", workers)
	command := fmt.Sprintf(`sh -c 'echo http://127.0.0.1:%d; cd %s; exec %s -m mlserver.cli.main start . >/dev/null 2>&1'`, port, dir, b.mlserver)
	srv, err := server.Start(ctx, name, command, b.env()...)
	return &pythonServer{name: name, srv: srv, peer: true, kill: true}, err
}

func (b *bench) mlserverModel(name, settings string) string {
	return fmt.Sprintf(`{"name": %q, %s"implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": %q}}`, name, settings, filepath.Join(b.dir, "iris", "iris.joblib"))
}

func (c *contest) enter(s *pythonServer, w workload) {
	c.entrants = append(c.entrants, &entrant{pythonServer: s, workload: w})
}

// contests runs and prints those of one dialect.
func (b *bench) contests(ctx context.Context, dialect func(context.Context) ([]*contest, func() error, error)) (err error) {
	list, stop, err := dialect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, c := range list {
		for _, e := range c.entrants {
			if err := b.whenImported(ctx, e.srv.Addr, e.workload); err != nil {
				return fmt.Errorf("%s: %s: %w", c.name, e.name(), err)
			}
		}
		for _, conns := range []int{1, pythonConns} {
			if err := b.contest(ctx, c, conns); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

// whenImported probes until there is a right answer. MLServer tells its address
// long before it has loaded its models.
func (b *bench) whenImported(ctx context.Context, addr string, w workload) error {
	for end := time.Now().Add(importedWithin); ; {
		err := b.whenUp(ctx, addr, w)
		if err == nil || time.Now().After(end) || ctx.Err() != nil {
			return err
		}
	}
}

func (e *entrant) name() string { return e.pythonServer.name }

func (b *bench) contest(ctx context.Context, c *contest, conns int) error {
	for _, e := range c.entrants {
		e.cells, e.python = nil, nil
	}
	for round := range b.rounds {
		for i := range c.entrants {
			e := c.entrants[(i+round)%len(c.entrants)]
			if err := b.entrantCell(ctx, e, conns); err != nil {
				return fmt.Errorf("%s: %w", e.name(), err)
			}
		}
	}
	return b.printContest(c, conns)
}

// entrantCell drives one server once, and reads the CPU time of its processes
// but the first apart.
func (b *bench) entrantCell(ctx context.Context, e *entrant, conns int) error {
	var took time.Duration
	children := proc.Descendants(b.proc, e.srv.PID)
	before := make([]proc.Usage, len(children))
	o := e.options(target{}, e.srv.Addr)
	o.Begin = func() {
		for i, pid := range children {
			before[i], _ = proc.Read(b.proc, pid) // one that has ended has nothing to tell
		}
	}
	o.End = func() {
		for i, pid := range children {
			if after, err := proc.Read(b.proc, pid); err == nil && !slices.Contains(children[:i], pid) {
				took += proc.CPUBetween(before[i], after)
			}
		}
	}
	c, err := b.cell(ctx, o, conns, e.srv.PID)
	if err != nil {
		return err
	}
	e.cells, e.python = append(e.cells, c), append(e.python, took)
	return nil
}
