package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/admin"
	"github.com/leat-ml/leat/internal/awake"
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/transport/grpc"
	"github.com/leat-ml/leat/internal/transport/rest"
	"github.com/leat-ml/leat/internal/version"
)

// RunConfig is a server with its ports. Addresses may have port 0, which picks
// a free one.
type RunConfig struct {
	Config
	HTTP, Admin string
	// GRPC is the address of gRPC; "" is none. With GRPCIfFree the server does
	// without it where the address cannot be had.
	GRPC       string
	GRPCIfFree bool
	// BareStreams has streams of gRPC answer as MLServer's do.
	BareStreams bool
	MaxBody     int64 // bytes of a request's body; 0 means 64 MiB
	Access      *rest.AccessLog
	// Traces says where spans of requests and steps go; nil is nowhere.
	Traces *tracing.Config
	// Awake has a connection that is in a closed loop alone wait for its next request
	// without sleeping: see package awake.
	Awake bool
	// Drain bounds the shutdown; Grace is how much of it passes between turning
	// not ready and refusing requests.
	Drain, Grace time.Duration
	// Started is called once the ports are open.
	Started func(c *Core, at URLs)
	// Warn is told the problems of the spec that do not keep it from serving.
	Warn func(graph.Problem)
	// Read reads anew what is served, for a reload; without it there is none.
	Read func() (Content, error)
	// Hangup asks for a reload, as SIGHUP does. Watch calls changed when the files
	// have changed, until ctx ends. Both may be nil.
	Hangup <-chan struct{}
	Watch  func(ctx context.Context, changed func())
}

// URLs are where a server is. GRPC is "" where it is off.
type URLs struct{ HTTP, GRPC, Admin string }

// ProblemsError is what is wrong with a spec.
type ProblemsError []graph.Problem

// Error lists the problems, one a line.
func (e ProblemsError) Error() string {
	var errs []error
	for _, p := range e {
		if !p.Warning {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return errors.Join(errs...).Error()
}

// Run serves until ctx ends and then shuts down: it turns not ready, lets
// requests in flight finish, closes the models, and returns. The admin port
// opens first, so that the loading can be watched; the data port opens once
// what loads synchronously has loaded.
func Run(ctx context.Context, c RunConfig) error {
	tel := telemetry.New(telemetry.Build{Version: c.Version, Commit: version.Commit})
	c.Recorder = &observer{tel: tel, next: c.Recorder}
	traces, err := c.trace(ctx, tel)
	if err != nil {
		return err
	}
	core, problems := New(c.Config)
	for _, p := range problems {
		if p.Warning && c.Warn != nil {
			c.Warn(p)
		}
	}
	if core == nil {
		closeTraces(ctx, traces, c.Logger)
		return ProblemsError(problems)
	}
	tel.Records(core.recordStreams)
	tel.Workers(core.workers)
	r := &running{c: c, core: core, tel: tel, traces: traces, vigil: awake.New()}
	return r.run(ctx)
}

// A running server has its listeners and what serves them.
type running struct {
	c      RunConfig
	core   *Core
	tel    *telemetry.Telemetry
	traces *tracing.Tracing // nil for none
	admin  *http.Server
	rest   *rest.Server
	rpc    *grpc.Server // nil without one
	vigil  *awake.Vigil
	fails  chan error
	urls   atomic.Pointer[map[string]string]

	asides sync.WaitGroup // what asks for reloads
}

func (r *running) run(ctx context.Context) error {
	var adminAt string
	err := r.free()
	if err == nil {
		adminAt, err = r.startAdmin()
	}
	if err != nil {
		closeTraces(ctx, r.traces, r.c.Logger)
		return err
	}
	err = r.core.Start(ctx)
	if err == nil {
		err = r.serve(ctx, adminAt)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(r.c.Drain, time.Second))
	defer cancel()
	return errors.Join(err, r.stop(late))
}

// free says whether the data ports can be had, which open when the models have loaded:
// that may take minutes.
func (r *running) free() error {
	l, err := listen("data port", r.c.HTTP)
	if err != nil {
		return err
	}
	if err = l.Close(); err != nil || r.c.GRPC == "" || r.c.GRPCIfFree {
		return err
	}
	if l, err = listen("gRPC port", r.c.GRPC); err != nil {
		return err
	}
	return l.Close()
}

// serve opens the data port and serves it until ctx ends.
func (r *running) serve(ctx context.Context, adminAt string) error {
	l, err := listen("data port", r.c.HTTP)
	if err != nil {
		return err
	}
	h := rest.New(r.core, rest.Options{
		MLRun: r.c.MLRun, MaxBody: r.c.MaxBody, Timeout: r.c.Timeout, Logger: r.c.Logger, Access: r.c.Access, Metrics: r.tel,
		Tracer: r.tracer(), Room: r.core.Room(),
	})
	r.rest = rest.NewServer(h)
	r.core.ServedAt(l.Addr())
	go func() { r.fails <- r.rest.Serve(r.watched(l, awake.Turns)) }() // ends with Shutdown
	rpcAt, err := r.serveRPC()
	if err != nil {
		return err
	}
	at := URLs{url(l), rpcAt, adminAt}
	r.urls.Store(at.named())
	if r.c.Started != nil {
		r.c.Started(r.core, at)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer r.asides.Wait()
	defer cancel()
	r.listenForReloads(ctx)
	select {
	case <-ctx.Done():
		return nil
	case err := <-r.fails:
		return err
	}
}

// startAdmin opens the admin port, which only this machine may reach.
func (r *running) startAdmin() (string, error) {
	r.fails = make(chan error, 3)
	if err := loopback(r.c.Admin); err != nil {
		return "", err
	}
	l, err := listen("admin port", r.c.Admin)
	if err != nil {
		return "", err
	}
	view := adminView{r}
	o := admin.Options{Metrics: r.tel.Gatherer(), Control: view, Logger: r.c.Logger}
	if r.core.keeper != nil {
		o.Endpoints = view
	}
	r.admin = rest.NewHTTPServer(admin.New(view, o), r.c.Logger)
	go func() { // ends with Shutdown
		if err := r.admin.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			r.fails <- err
		}
	}()
	return url(l), nil
}

// stop shuts down what was started, the data port first.
func (r *running) stop(ctx context.Context) error {
	r.core.Drain()
	start := time.Now()
	var errs []error
	if r.rest != nil {
		errs = append(errs, r.stopPorts(ctx))
	}
	errs = append(errs, r.core.Close(ctx))
	closeTraces(ctx, r.traces, r.c.Logger) // while the metrics can still be read
	err := errors.Join(append(errs, r.admin.Shutdown(ctx))...)
	if r.rest != nil {
		attrs := []slog.Attr{slog.Duration("took", time.Since(start).Round(time.Millisecond))}
		r.c.Logger.LogAttrs(ctx, slog.LevelInfo, "shut down", append(attrs, r.core.recordAttrs()...)...)
	}
	return err
}

// stopPorts has the data ports refuse requests and end those in flight, both at
// the same time.
func (r *running) stopPorts(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		if r.rpc == nil {
			ended <- nil
			return
		}
		ended <- r.rpc.Shutdown(ctx, r.c.Grace)
	}()
	return errors.Join(r.rest.Shutdown(ctx, r.c.Grace), <-ended)
}

// named are the URLs of the ports that are open, by name.
func (u URLs) named() *map[string]string {
	all := map[string]string{"http": u.HTTP, "admin": u.Admin}
	if u.GRPC != "" {
		all["grpc"] = u.GRPC
	}
	return &all
}

// watched has the connections of a data port wait awake, where that is asked for.
func (r *running) watched(l net.Listener, k awake.Kind) net.Listener {
	if !r.c.Awake {
		return l
	}
	return r.vigil.Listen(l, k)
}

func url(l net.Listener) string { return "http://" + l.Addr().String() }

func listen(what, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s is in use: stop what listens there or choose another address (port 0 picks a free one)", what, addr)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return l, nil
}

// loopback refuses addresses that other machines reach.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("admin port: %w", err)
	}
	ip := net.ParseIP(host)
	if host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("admin port: %s can be reached from other machines, and this version cannot authenticate them: use 127.0.0.1", addr)
}
