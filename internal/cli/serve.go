package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/internal/version"
)

type serveCmd struct {
	Path string `arg:"" optional:"" help:"A model, a repository of models, a spec or an MLRun function file; the working folder when not given."`

	HTTP      hostPort      `name:"http" setting:"" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Data port; port 0 picks a free one."`
	GRPC      hostPort      `name:"grpc" setting:"" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Port of gRPC; empty is off. Where the default is in use, gRPC is off too."`
	Streams   string        `name:"grpc-streams" setting:"" enum:"triton,mlserver" default:"triton" placeholder:"WHOSE" help:"How streams of gRPC are answered: as Triton's are, or MLServer's."`
	Admin     hostPort      `setting:"" default:"127.0.0.1:8082" placeholder:"ADDR" help:"Admin port: metrics, health, the models."`
	Data      string        `setting:"" default:".leat" placeholder:"DIR" help:"Folder of what the server keeps: its database, streams. Made at the first write, and one server has it."`
	Ready     string        `setting:"" enum:"all,any" default:"all" placeholder:"WHICH" help:"The server is ready when all of its models are, or any."`
	Timeout   time.Duration `setting:"" default:"0" placeholder:"DURATION" help:"Time for a request; 0 is no limit."`
	MaxBody   size          `setting:"" default:"64MiB" placeholder:"SIZE" help:"Largest body of a request."`
	Drain     time.Duration `setting:"" default:"30s" placeholder:"DURATION" help:"Time for requests in flight when the server stops."`
	Wait      string        `setting:"" enum:"awake,asleep" default:"asleep" placeholder:"HOW" help:"How the next request of a client is waited for that asks alone and without a pause: awake takes up to a processor, and answers sooner where other programs want it too; asleep takes none."`
	Watch     bool          `setting:"" help:"Reload when the files change."`
	Access    string        `name:"access-log" setting:"" enum:"off,errors,all" default:"errors" placeholder:"WHICH" help:"Log requests: off, errors (status 500 and more) or all."`
	Traces    string        `setting:"" placeholder:"URL" help:"Send OpenTelemetry traces to a collector (OTLP over HTTP): http://127.0.0.1:4318, for example; $OTEL_EXPORTER_OTLP_ENDPOINT when not given."`
	elsewhere `embed:""`
	reading   `embed:""`
	logging   `embed:""`
	linked    `embed:""`
	format    `embed:""`
}

// Help implements [kong.HelpProvider].
func (serveCmd) Help() string {
	return `
Loads the models, prints a table of them, and serves until it is told to stop: with Ctrl-C or SIGTERM it lets requests in flight finish, with a second one it ends at once.

SIGHUP and "leat reload" have it read PATH again and swap what it serves for that, without failing a request; with --watch it does so when the files change. What cannot be read, built or loaded leaves everything as it was.

What PATH is goes by its content. In a folder, server.yaml configures the server. Without PATH, a spec in the variable SERVING_SPEC_ENV is served by MLRun's contract.

Examples:

    leat serve
    leat serve model.json --http 127.0.0.1:0
    leat serve function.yaml --mlrun
    leat serve models --watch
`
}

// Run serves until a signal or ctx ends it.
func (c *serveCmd) Run(ctx context.Context, env *Env) (err error) {
	data, err := datadir.New(c.Data)
	if err != nil {
		return badUsage("--data: %v", err)
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	rc, err := c.config(ctx, env, data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rc.Artifacts.Close()) }()
	relaxCollector(env)
	rc.Access.Start()
	hangups := make(chan struct{}, 1)
	rc.Hangup = hangups
	err = env.untilSignal(ctx, rc.Logger, hangups, func(ctx context.Context) error { return server.Run(ctx, rc) })
	if errors.Is(err, errStopped) {
		return err // at once: the log may have to wait
	}
	return errors.Join(err, rc.Access.Close())
}

// gcPercent lets the heap grow to five times what is alive before it is
// collected. What is alive in a server of small models is a few megabytes, and
// at the default a collection would follow every few thousand requests.
const gcPercent = 400

// relaxCollector applies gcPercent unless the user has a setting of their own.
func relaxCollector(env *Env) {
	if _, set := env.Lookup("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
}

// config is the server that the flags and PATH describe.
func (c *serveCmd) config(ctx context.Context, env *Env, data *datadir.Dir) (rc server.RunConfig, err error) {
	if c.Timeout < 0 || c.Drain < 0 {
		return rc, badUsage("--timeout and --drain must not be negative")
	}
	if c.HTTP == "" || c.Admin == "" {
		return rc, badUsage("--http and --admin need an address; port 0 picks a free one")
	}
	traces, err := c.traces(env)
	if err != nil {
		return rc, err
	}
	errs := &lockedWriter{w: env.Stderr}
	log := c.log(errs)
	logger := log.Logger()
	set, streams := env.plugins(c.linked, data)
	o := c.opener(env, set)
	o.logger = logger
	src, problems, err := c.source(o)
	if err != nil {
		return rc, err
	}
	problems = append(problems, o.load(ctx, src)...)
	if err := unservable(set, src, problems); err != nil {
		return rc, err
	}
	logWarnings(logger, problems)
	rc = server.RunConfig{
		Config: server.Config{
			Spec: src.spec, Models: src.models, Catalog: set, Code: src.users(), Logger: logger, MLRun: src.mlrun,
			Function: src.function, FromStep: src.fromStep, Timeout: c.Timeout, ReadyAny: c.Ready == "any", Name: "leat", Version: version.Version,
			Logs: log, Endpoints: endpoints(src.spec, data), Artifacts: env.artifacts(c.elsewhere, src.spec, data), Records: records(streams, data),
		},
		HTTP: string(c.HTTP), GRPC: string(c.GRPC), GRPCIfFree: c.GRPC == defaultGRPC, BareStreams: c.Streams == "mlserver", Admin: string(c.Admin), MaxBody: int64(c.MaxBody), Drain: c.Drain, Grace: grace(c.Drain), Traces: traces,
		Awake: c.Wait == "awake",
		Warn:  func(p graph.Problem) { logWarnings(logger, []graph.Problem{p}) },
	}
	rereading := &rereader{c: c, env: env, set: set, logger: logger, last: src}
	rc.Read = rereading.again
	if c.Watch {
		rc.Watch = rereading.watch(logger)
	}
	rc.Started = func(core *server.Core, at server.URLs) {
		defer trimProgram()
		time.AfterFunc(settles, trimProgram)
		b := &banner{core: core, src: src, HTTP: at.HTTP, GRPC: at.GRPC, Admin: at.Admin}
		if err := b.print(env, c.format); err != nil {
			logger.Error("cannot tell that the server has started", "error", err)
		}
	}
	rc.Access, err = server.NewAccessLog(errs, c.Access, c.LogFormat)
	return rc, err
}

// settles is when what runs once beside the start is over: what it used of the
// program is given back too.
const settles = time.Second

// defaultGRPC is the default of --grpc. A server does without it where another
// one has it, so that two of them differ in --http and --admin only.
const defaultGRPC = "127.0.0.1:8081"

// grace is how long a server that stops still takes requests, so that whoever
// balances the load can see that it is not ready any more.
func grace(drain time.Duration) time.Duration { return min(time.Second, drain/10) }

// source is what is to be served.
func (c *serveCmd) source(o *opener) (*source, []graph.Problem, error) {
	if c.Path != "" {
		return o.open(c.Path)
	}
	if src, problems, ok := o.fromEnvironment(); ok {
		return src, problems, nil
	}
	return o.open(".")
}

// errStopped ends a server that was told twice.
var errStopped = errors.New("stopped by a second signal, without waiting for requests in flight")

// sameSignal is how close two signals are that count as one: what ends a group
// of processes often tells each of them twice.
const sameSignal = 50 * time.Millisecond

// untilSignal runs a server until the first signal, which ends its context, and
// does not wait for it any longer after the second. SIGHUP is passed on; those
// that come while one waits are the same.
func (e *Env) untilSignal(ctx context.Context, logger *slog.Logger, hangups chan<- struct{}, run func(context.Context) error) error {
	var signals <-chan os.Signal
	if e.Signals != nil {
		var stop func()
		signals, stop = e.Signals()
		defer stop()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- guard(func() error { return run(ctx) }) }()
	var told time.Time // when the first signal came
	for {
		select {
		case err := <-ended:
			if !told.IsZero() && errors.Is(err, context.Canceled) {
				return nil // it was stopped while it loaded
			}
			return err
		case s := <-signals:
			if s == syscall.SIGHUP {
				select {
				case hangups <- struct{}{}:
				default:
				}
				continue
			}
			if !told.IsZero() {
				if time.Since(told) < sameSignal {
					continue
				}
				return errStopped
			}
			logger.Info("shutting down; a second signal ends at once", "signal", s.String())
			cancel()
			told = time.Now() // after what may have taken a while, in which the same signal came again
		}
	}
}
