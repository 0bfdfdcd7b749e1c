package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/repo"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// Config says what a server serves and how. Spec, Models or both are set.
type Config struct {
	Spec *graph.Spec
	// Models is the path of a model repository, or of one model.
	Models   string
	Catalog  *catalog.Set // nil means catalog.Default
	Logger   *slog.Logger
	Recorder serve.Recorder
	MLRun    bool          // MLRun's contract
	Mock     bool          // no ports, no records
	Timeout  time.Duration // of a request; 0 means none
	Function string        // whose steps run here, of a graph over several; "*" means all
	FromStep string        // starts the flow instead of its first steps
	Trace    graph.Tracer  // follows the events of the graph; nil for none
	ReadyAny bool          // one ready model makes the server ready
	Name     string        // in server metadata
	Version  string
}

// A Core is a server without ports: a [serve.Handler] over what the
// configuration names, safe for concurrent use between Start and Close.
type Core struct {
	cfg      Config
	graph    *graph.Graph // of the spec; nil without one
	models   *graph.Graph // a router over the repository; nil without one
	repo     *repo.Repository
	draining atomic.Bool
	started  time.Time
}

// New builds the server. Problems are everything that is wrong with the spec,
// and warnings; the server is nil when one of them is an error.
func New(c Config) (*Core, []graph.Problem) {
	if c.Catalog == nil {
		c.Catalog = catalog.Default
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	set := c.Catalog.Clone()
	v2.Register(set)
	core := &Core{cfg: c, started: time.Now()}
	env := c.env()
	opts := graph.Options{Catalog: set, Env: env, Timeout: c.Timeout, Function: c.Function, FromStep: c.FromStep, Trace: c.Trace}
	opts.Observer, _ = c.Recorder.(graph.Observer)
	var problems []graph.Problem
	if c.Spec != nil && c.Spec.Graph != nil {
		core.graph, problems = graph.Build(c.Spec, opts)
		if core.graph == nil {
			return nil, problems
		}
	}
	if c.Models != "" {
		r, err := repo.New(c.Models, repo.Options{Catalog: set, Env: env})
		if err != nil {
			return nil, append(problems, graph.Problem{Msg: err.Error()})
		}
		core.repo = r
		core.models = graph.Of("models", v2.NewRouter(v2.RouterConfig{Env: env}, r), opts)
	}
	if core.graph == nil && core.models == nil {
		return nil, append(problems, graph.Problem{Msg: "there is nothing to serve: neither a graph nor a model repository"})
	}
	return core, problems
}

// env is what the steps share.
func (c *Config) env() *catalog.Env {
	e := &catalog.Env{MLRun: c.MLRun, Mock: c.Mock, Logger: c.Logger, Recorder: c.Recorder, Open: c.open}
	if s := c.Spec; s != nil {
		e.Params, e.Async, e.Verbose = s.Parameters, s.LoadMode == "async", s.Verbose
		e.FunctionURI, e.ContentType = s.FunctionURI, s.DefaultContentType
		e.Project, _, _ = strings.Cut(s.FunctionURI, "/")
	}
	return e
}

// open opens a model. A path in a spec is relative to the folder of its file if
// the model is there, and otherwise, as in MLRun, to where the server runs.
func (c *Config) open(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	if c.Spec != nil && c.Spec.File != "" && path != "" && !filepath.IsAbs(path) && !strings.Contains(path, "://") {
		beside := filepath.Join(filepath.Dir(c.Spec.File), path)
		if _, err := os.Stat(beside); err == nil {
			path = beside
		}
	}
	return artifact.Open(ctx, path, suffix)
}

// Start loads the models. A graph whose model fails to load does not start; a
// repository starts with the models that load.
func (c *Core) Start(ctx context.Context) error {
	if c.graph != nil {
		if err := c.graph.Start(ctx); err != nil {
			return err
		}
	}
	if c.models != nil {
		if err := c.repo.Start(ctx); err != nil {
			return fmt.Errorf("start the model repository: %w", err)
		}
	}
	return nil
}

// Close waits for requests inside, or for ctx, and releases everything.
func (c *Core) Close(ctx context.Context) error {
	c.Drain()
	var errs []error
	if c.graph != nil {
		errs = append(errs, c.graph.Close(ctx))
	}
	if c.models != nil {
		errs = append(errs, c.models.Close(ctx), c.repo.Close(ctx))
	}
	return errors.Join(errs...)
}

// Drain makes the server say that it is not ready; it goes on serving.
func (c *Core) Drain() { c.draining.Store(true) }

// Repository is the model repository; nil if there is none.
func (c *Core) Repository() *repo.Repository { return c.repo }

// Models lists the models with their states: those of the graph as declared,
// then those of the repository by name.
func (c *Core) Models() []v2.Info {
	var all []v2.Info
	if c.graph != nil {
		for _, step := range c.graph.Steps() {
			if s, ok := step.(*v2.Server); ok {
				all = append(all, s.Info())
			}
		}
	}
	if c.repo != nil {
		all = append(all, c.repo.Status()...)
	}
	return all
}

var errDraining = errors.New("the server is shutting down")

// Ready returns nil when the server is ready for requests, else why not: all
// models it should serve have to be ready, or one of them with ReadyAny. A
// server without models is ready if its graph is.
func (c *Core) Ready() error {
	if c.draining.Load() {
		return errDraining
	}
	models := c.Models()
	var waiting []string
	for _, m := range models {
		if m.Phase != v2.Ready && m.Phase != v2.Closed {
			waiting = append(waiting, m.Label()+" is "+string(m.Phase))
		}
	}
	if len(waiting) == 0 || (c.cfg.ReadyAny && len(waiting) < len(models)) {
		return nil
	}
	const shown = 5
	if len(waiting) > shown {
		waiting = append(waiting[:shown], fmt.Sprintf("and %d more", len(waiting)-shown))
	}
	return errors.New("not all models are ready: " + strings.Join(waiting, ", "))
}
