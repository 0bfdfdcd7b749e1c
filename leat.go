// Package leat serves machine-learning models over the V2 protocol from a Go
// program: [New] builds a [Server] from a spec, [Server.Test] asks it in
// process, and [Server.ListenAndServe] or [Server.Handler] put it on the
// network. The command leat is made of the same parts.
//
// Model classes written in Go are registered in a catalog.Set:
//
//	set := catalog.Default.Clone()
//	set.Add(v2.Class("MyClass", func() serve.Model { return &MyModel{} }))
//	spec := graph.NewRouter().AddModel("my", "MyClass", "models/my", map[string]any{"my_param": 5})
//	srv, err := leat.New(spec, &leat.Options{Catalog: set})
package leat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/config"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/internal/transport/grpc"
	"github.com/leat-ml/leat/internal/transport/rest"
	"github.com/leat-ml/leat/internal/version"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// Options of a server. The zero value, and nil, have the defaults.
type Options struct {
	Catalog  *catalog.Set   // of classes and runtimes; nil means catalog.Default
	Code     catalog.Code   // of users in Python: a python.Loaded; nil without any
	Logger   *slog.Logger   // nil discards
	Recorder serve.Recorder // of inferences; nil records nothing
	// Streams are the kinds of streams that a spec may have inferences recorded to;
	// nil leaves them to Recorder alone.
	Streams *stream.Mux
	MLRun   bool          // answer in MLRun's contract instead of the default one
	Timeout time.Duration // of a request; 0 means none
	// Function is the function whose steps run here, of a graph that is spread
	// over several; "*" means all.
	Function string
	// MaxBody limits the bytes of a request's body; 0 means 64 MiB.
	MaxBody int64
	// Artifacts opens models that are not on this machine, and those of the registry;
	// nil opens those of this machine. Whoever made it closes it, after the server.
	Artifacts *artifact.Store
	// Database is the URL of the database that has a record of every model, its
	// endpoint; "" is that of the spec, and where that names none, no records are
	// kept. The program imports what opens it, endpoint/sqlite or endpoint/postgres.
	Database string
	// Traces is the URL of a collector, to which spans of requests and steps are
	// sent by OTLP over HTTP; [TracesFromEnvironment] reads the variables that
	// OpenTelemetry defines, "" sends none.
	Traces string
	// GRPC is the address at which ListenAndServe serves the protocol over gRPC
	// too; "" is none.
	GRPC string
}

// TracesFromEnvironment sends traces where OTEL_EXPORTER_OTLP_ENDPOINT, or what else
// OpenTelemetry defines, says; and nowhere where nothing does.
const TracesFromEnvironment = "env"

// A Server serves a spec. It is safe for concurrent use between Start and
// Close.
type Server struct {
	core     *server.Embedded
	rest     *rest.Handler
	rpc      string // address of gRPC; "" for none
	maxBody  int64
	mlrun    bool
	function string
	code     catalog.Code
}

// ReadSpec reads a server spec from a YAML or JSON file. The error lists every
// problem with its place.
func ReadSpec(path string) (*graph.Spec, error) {
	spec, problems := config.ReadSpec(path)
	return spec, problemsError(problems)
}

// ParseSpec reads a server spec from text, YAML or JSON, which errors call name.
// mlrun reads it as MLRun does: a key that is not known is no error then.
func ParseSpec(name string, text []byte, mlrun bool) (*graph.Spec, error) {
	spec, problems := config.ParseSpec(name, text, config.Options{MLRun: mlrun, Lookup: os.LookupEnv})
	return spec, problemsError(problems)
}

// New builds a server from a spec; it loads nothing yet. The error lists every
// problem of the spec. A server that sends traces is closed even when it is not
// started.
func New(spec *graph.Spec, o *Options) (*Server, error) {
	if o == nil {
		o = &Options{}
	}
	traces, err := o.traces()
	if err != nil {
		return nil, err
	}
	core, problems, err := server.Embed(server.Config{
		Spec: spec, Models: spec.Models, Catalog: o.Catalog, Code: o.Code, Logger: o.Logger, Recorder: o.Recorder,
		MLRun: o.MLRun, Function: o.Function, Timeout: o.Timeout, Name: "leat", Version: version.Version,
		Artifacts: o.Artifacts, Records: server.Records{Streams: o.Streams},
	}, o.Database, traces)
	if err != nil || core == nil {
		return nil, errors.Join(err, problemsError(problems))
	}
	h := rest.New(core, rest.Options{MLRun: o.MLRun, MaxBody: o.MaxBody, Logger: o.Logger, Timeout: o.Timeout, Tracer: core.Tracer(), Room: core.Room()})
	return &Server{core: core, rest: h, rpc: o.GRPC, maxBody: o.MaxBody, mlrun: o.MLRun, function: o.Function, code: o.Code}, nil
}

// traces says where traces go; nil is nowhere.
func (o *Options) traces() (*tracing.Config, error) {
	if o.Traces == "" {
		return nil, nil
	}
	to := o.Traces
	if to == TracesFromEnvironment {
		to = ""
	}
	c, err := tracing.Configure(to, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	if c != nil {
		c.Version = version.Version
	}
	return c, nil
}

func problemsError(problems []graph.Problem) error {
	var errs []error
	for _, p := range problems {
		if !p.Warning {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return errors.Join(errs...)
}

// Start loads the models: before it returns, unless the spec says "async".
func (s *Server) Start(ctx context.Context) error { return s.core.Start(ctx) }

// Close waits for requests inside, or for ctx, and releases the models.
func (s *Server) Close(ctx context.Context) error { return s.core.Close(ctx) }

// Reload puts what the spec says in the place of what is served, at once: every
// request is served by one or the other, and none fails. It returns when the new
// one serves, while the old one still ends the requests that it has, and is
// closed then. Models of the same name, version, class, arguments and files are
// not loaded again; the others are loaded beside the old ones.
//
// When anything fails, or ctx ends, the old one goes on serving and the error
// has every reason. Reloads take turns; a server that shuts down refuses them.
func (s *Server) Reload(ctx context.Context, spec *graph.Spec) error {
	if spec == nil {
		return errors.New("reload: there is no spec")
	}
	return s.core.Reload(ctx, func() (server.Content, error) {
		return server.Content{Spec: spec, Models: spec.Models, Code: s.code, MLRun: s.mlrun, Function: s.function}, nil
	})
}

// Serve serves one event. A nil answer without an error means that a step
// filtered the event.
func (s *Server) Serve(ctx context.Context, ev *serve.Event) (*serve.Event, error) {
	return s.core.Serve(ctx, ev)
}

// Process serves one event of a stream: it returns when nothing of the event is
// left, side branches included. The error is that of the request.
func (s *Server) Process(ctx context.Context, ev *serve.Event) error { return s.core.Process(ctx, ev) }

// Handler serves HTTP.
func (s *Server) Handler() http.Handler { return s.rest }

// Test asks the server in process, without a port: POST path with a body, or
// GET path when the body is empty. It returns the body of the answer.
func (s *Server) Test(ctx context.Context, path, body string) ([]byte, error) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	ev, err := s.core.Serve(ctx, serve.NewEvent(serve.Target{Method: method, Path: path}, []byte(body)))
	if err != nil || ev == nil {
		return nil, err
	}
	switch v, _ := ev.Body.Value(); v := v.(type) { // text goes out as it is
	case string:
		return []byte(v), nil
	case []byte:
		return v, nil
	}
	return oip.AppendBody(nil, ev.Body)
}

// ListenAndServe starts the server, serves HTTP on addr, and gRPC where
// [Options.GRPC] says, until ctx ends, lets requests in flight finish for at most
// 30 seconds, and closes the server.
func (s *Server) ListenAndServe(ctx context.Context, addr string) error {
	if err := s.Start(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), s.Close(ctx))
	}
	ports := []port{{rest.NewServer(s.rest), l}}
	if s.rpc != "" {
		l, err := net.Listen("tcp", s.rpc)
		if err != nil {
			return errors.Join(fmt.Errorf("listen: %w", err), ports[0].l.Close(), s.Close(ctx))
		}
		ports = append(ports, s.portOfGRPC(l))
	}
	return s.serveUntil(ctx, ports)
}

// ServeGRPC serves the protocol over gRPC on l, which it closes in the end, until
// ctx ends, and lets requests in flight finish for at most 30 seconds. The caller
// starts the server before and closes it afterwards.
func (s *Server) ServeGRPC(ctx context.Context, l net.Listener) error {
	p := s.portOfGRPC(l)
	failed := make(chan error, 1)
	go func() { failed <- p.server.Serve(l) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return errors.Join(err, p.server.Shutdown(late, 0))
}

func (s *Server) portOfGRPC(l net.Listener) port {
	return port{s.core.RPC(l.Addr(), grpc.Options{MaxMessage: s.maxBody, Tracer: s.core.CallTracer()}), l}
}

// A port is a listener and what serves it.
type port struct {
	server interface {
		Serve(l net.Listener) error
		Shutdown(ctx context.Context, grace time.Duration) error
	}
	l net.Listener
}

func (s *Server) serveUntil(ctx context.Context, ports []port) error {
	failed := make(chan error, len(ports))
	for _, p := range ports {
		go func() { failed <- p.server.Serve(p.l) }()
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.core.Drain()
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	down := make(chan error, len(ports))
	for _, p := range ports {
		go func() { down <- p.server.Shutdown(late, 0) }()
	}
	for range ports {
		err = errors.Join(err, <-down)
	}
	return errors.Join(err, s.Close(late))
}
