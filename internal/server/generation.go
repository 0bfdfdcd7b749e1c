package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/internal/secrets"
	"github.com/leat-ml/leat/v2"
)

// A generation is everything that is served between two reloads. Its parts are
// made together, started together and closed together.
type generation struct {
	cfg     Config
	graph   *graph.Graph // of the spec; nil without one
	models  *graph.Graph // a router over the repository; nil without one
	repo    *repo.Repository
	code    catalog.Life // what users' code has running beside its models; nil without any
	witness *witness
	errors  *errorSink      // nil without an error stream
	made    map[string]bool // models that the program makes itself, by name
	told    []graph.Problem // when it was built
	begun   bool            // it has been started; guarded by the core's turn
	// recording says how inferences are recorded, and pusher takes the records to
	// their stream; nil where none are.
	recording *recording
	pusher    *shared
}

// build makes a generation and loads nothing. It is nil when one of the problems
// is an error. A constructor that panics is a problem.
func build(c Config) (g *generation, problems []graph.Problem) {
	var pusher *shared // of records
	defer func() {
		if p := recover(); p != nil {
			g, problems = nil, append(problems, graph.Problem{Msg: c.panicked("build the server", p).Error()})
		}
		if g == nil && pusher != nil {
			_ = pusher.Close(context.Background()) // of this generation, which has recorded nothing
		}
	}()
	set := c.Catalog.Clone()
	v2.Register(set)
	g = &generation{cfg: c, witness: newWitness(c.Recorder)}
	problems = g.openRecords()
	if pusher = g.pusher; slices.ContainsFunc(problems, isError) && (c.Spec == nil || c.Spec.Graph == nil) {
		return nil, problems
	}
	opts := graph.Options{
		Catalog: set, Env: g.env(), Timeout: c.Timeout, Function: c.Function, FromStep: c.FromStep, Trace: c.tracer(), Unchecked: c.Unchecked,
		Observer: g.witness.observer(),
	}
	if err := g.openSecrets(opts.Env); err != nil {
		problems = append(problems, graph.Problem{File: c.Spec.File, Msg: err.Error()})
	}
	if c.Code != nil {
		g.code = c.Code.Join(set, opts.Env)
	}
	if c.Spec != nil && c.Spec.Graph != nil {
		problems = append(problems, g.openErrors(opts)...)
		built, more := graph.Build(c.Spec, opts)
		problems = append(problems, more...)
		if g.graph = built; built == nil || slices.ContainsFunc(problems, isError) {
			return nil, problems
		}
		for _, s := range g.graphServers() {
			c.note(s)
		}
		g.told = problems
		g.made = madeByProgram(c.Spec.Graph, map[string]bool{})
	}
	if c.Models != "" {
		dir, err := c.repository()
		if err != nil {
			return nil, append(problems, c.modelsProblem(err))
		}
		r, err := repo.New(dir, repo.Options{Catalog: set, Env: opts.Env, Made: c.note})
		if err != nil {
			return nil, append(problems, c.modelsProblem(err))
		}
		g.repo = r
		g.models = graph.Of("models", v2.NewRouter(v2.RouterConfig{Env: opts.Env}, r), opts)
	}
	if g.graph == nil && g.models == nil {
		return nil, append(problems, graph.Problem{Msg: "there is nothing to serve: neither a graph nor a model repository"})
	}
	return g, problems
}

// env is what the steps share.
func (g *generation) env() *catalog.Env {
	c := &g.cfg
	e := &catalog.Env{MLRun: c.MLRun, Mock: c.Mock, Logger: c.Logger, Recorder: g.witness.recorder(), Open: c.open, Fetch: c.fetch, Models: peers{g}}
	if c.Trace != nil {
		e.Enter = c.Trace.Enter
	}
	if p, ok := c.Trace.(passer); ok {
		e.Inject, e.Note = p.Inject, p.Note
	}
	if s := c.Spec; s != nil {
		e.Python = s.Python.Models(filepath.Dir(s.File))
		e.Params, e.Async, e.Verbose = s.Parameters, s.LoadMode == "async", s.Verbose
		e.FunctionURI, e.ContentType, e.Endpoint = s.FunctionURI, s.DefaultContentType, c.endpoint
		e.Project, _, _ = strings.Cut(s.FunctionURI, "/")
	}
	return e
}

// openSecrets reads the secrets that the spec names the sources of.
func (g *generation) openSecrets(env *catalog.Env) error {
	if g.cfg.Spec == nil {
		return nil
	}
	s, err := secrets.Open(g.cfg.Spec.Secrets, filepath.Dir(g.cfg.Spec.File), os.LookupEnv)
	env.Secret = s.Value
	return err
}

// panicked is the error of a part that panicked; the stack goes to the log.
func (c *Config) panicked(doing string, p any) error {
	c.Logger.Error("panic", "doing", doing, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return fmt.Errorf("%s: a step panicked: %v; the log has the details", doing, p)
}

// start loads the models. A generation that does not start is to be closed.
func (g *generation) start(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = g.cfg.panicked("start the server", p)
		}
	}()
	if g.begun {
		return nil // a reload came before the start
	}
	g.begun = true
	if g.pusher != nil {
		if err := g.pusher.start(ctx); err != nil {
			return err
		}
	}
	if g.errors != nil {
		if err := g.errors.start(ctx); err != nil {
			return err
		}
	}
	if g.code != nil {
		if err := g.code.Start(ctx); err != nil {
			return err
		}
	}
	if g.graph != nil {
		if err := g.graph.Start(ctx); err != nil {
			return err
		}
		if err := g.agree(); err != nil {
			return err
		}
	}
	if g.models != nil {
		if err := g.repo.Start(ctx); err != nil {
			return fmt.Errorf("start the model repository: %w", err)
		}
	}
	return nil
}

// close waits for events inside, or for ctx, and releases everything.
func (g *generation) close(ctx context.Context) error {
	var errs []error
	for _, part := range g.parts() {
		errs = append(errs, g.closePart(ctx, part))
	}
	return errors.Join(errs...)
}

type closer interface {
	Close(ctx context.Context) error
}

func (g *generation) parts() []closer {
	var all []closer
	if g.graph != nil {
		all = append(all, g.graph)
	}
	if g.models != nil {
		all = append(all, g.models, g.repo)
	}
	if g.code != nil {
		all = append(all, g.code)
	}
	if g.errors != nil {
		all = append(all, g.errors)
	}
	if g.pusher != nil {
		all = append(all, g.pusher) // last: it gets what the others still serve
	}
	return all
}

func (g *generation) closePart(ctx context.Context, part closer) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = g.cfg.panicked("close the server", p)
		}
	}()
	return part.Close(ctx)
}

// graphServers are the models of the graph, as declared.
func (g *generation) graphServers() []*v2.Server {
	if g.graph == nil {
		return nil
	}
	var all []*v2.Server
	for _, step := range g.graph.Steps() {
		if s, ok := step.(*v2.Server); ok {
			all = append(all, s)
		}
	}
	return all
}

func (g *generation) repoServers() []*v2.Server {
	if g.repo == nil {
		return nil
	}
	return g.repo.Servers()
}

func (g *generation) infos() []v2.Info {
	all := g.graphInfos()
	if g.repo != nil {
		all = append(all, g.repo.Status()...)
	}
	return all
}

// graphInfos are those of the models of the graph. A root router alone has its models
// where a repository has them, or at the prefix that it says.
func (g *generation) graphInfos() []v2.Info {
	if g.graph == nil {
		return nil
	}
	named := g.models == nil && g.cfg.Spec.Graph.Kind == "router"
	var all []v2.Info
	for i, step := range g.graph.Steps() {
		s, ok := step.(*v2.Server)
		if !ok {
			continue
		}
		info := s.Info()
		if !named {
			info.Step = g.graph.Place(i)
		}
		all = append(all, info)
	}
	return all
}

// worse says which models failed to load that have not failed in old.
func (g *generation) worse(old *generation) error {
	before := old.infos()
	failed := func(m v2.Info) bool {
		return slices.ContainsFunc(before, func(b v2.Info) bool {
			return b.Name == m.Name && b.Version == m.Version && b.Phase == v2.Failed
		})
	}
	var errs []error
	for _, m := range g.infos() {
		if m.Phase == v2.Failed && !failed(m) {
			errs = append(errs, fmt.Errorf("model %s failed to load: %w", m.Label(), m.Err))
		}
	}
	return errors.Join(errs...)
}
