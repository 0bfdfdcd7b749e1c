package v2

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// Config says what a [Server] serves.
type Config struct {
	// Name of the model. "m3:v1" is model m3 in version v1.
	Name    string
	Version string // overrides what Name says
	Class   string // of the model, for records
	Runtime string // that loads it, for listings; "" for a class of its own
	// Model is the model. If it is Loaded it is ready at once and its Load is
	// not called.
	Model  serve.Model
	Loaded bool
	// Path of the model's files, and arguments of the step.
	Path string
	Args map[string]any

	InputPath, ResultPath string
	Metrics               Metrics // nil counts nothing
	// Origin says what the files of the model were like when the server was
	// made, to whoever decides whether another may Share it; it is not looked at.
	Origin any
	Env    *catalog.Env
}

// Metrics counts the inferences of one model. Methods must be safe for
// concurrent use and cheap: they are called for every request.
type Metrics interface {
	Begin()
	End(op string, code serve.Code, d time.Duration)
}

// Observer makes the metrics of models and hears of their states; the Recorder
// of an environment may implement it.
type Observer interface {
	Model(name, version string) Metrics
	ModelState(name, version string, s Status)
}

// A Phase is where a model is in its life.
type Phase string

// The phases of a model.
const (
	Pending Phase = "PENDING" // not started
	Loading Phase = "LOADING"
	Ready   Phase = "READY"
	Failed  Phase = "FAILED"
	Closed  Phase = "UNLOADED"
)

// A Status is a phase with its reason.
type Status struct {
	Phase    Phase
	Err      error // why it failed
	Since    time.Time
	LoadTime time.Duration
}

// A Server serves one model. It is a [serve.Step], safe for concurrent use.
// Start loads the model, in the background if the environment says so; Close
// releases it.
type Server struct {
	Config
	served   *serve.Served // for records
	meter    meter
	ctx      *serve.ModelContext
	desc     atomic.Pointer[serve.Description]
	status   atomic.Pointer[Status]
	loaded   chan struct{} // closed when loading has ended, either way
	versions func() []string

	hooks   hooks    // of the model
	holding *holding // of the model
	shared  *Status  // of the server that has loaded the model; nil if it is this one

	mu      sync.Mutex // guards what starting and closing share
	started bool
	closed  bool
	cancel  context.CancelFunc
	calls   *sync.RWMutex // read by inferences, written by Close; of models of an ensemble one for all
}

// New returns a server for the model, which it does not load yet.
func New(c Config) (*Server, error) {
	if c.Model == nil {
		return nil, fmt.Errorf("model %s: there is no model to serve", c.Name)
	}
	if c.Env == nil {
		c.Env = &catalog.Env{}
	}
	if c.Version == "" {
		c.Name, c.Version, _ = strings.Cut(c.Name, ":")
	}
	s := &Server{Config: c, served: &serve.Served{Graph: c.Env.Graph, Model: c.Name, Version: c.Version, Class: c.Class}, loaded: make(chan struct{}), hooks: hooksOf(c.Model), holding: newHolding(), calls: new(sync.RWMutex)}
	s.ctx = serve.NewModelContext(serve.ModelOptions{Args: c.Args, Params: c.Env.Params, Open: s.open, Models: c.Env.Models, Python: c.Env.Python})
	s.ctx.Name, s.ctx.Version, s.ctx.Path = s.Name, s.Version, c.Path
	s.ctx.Verbose, s.ctx.Mock, s.ctx.Project = c.Env.Verbose, c.Env.Mock, c.Env.Project
	if c.Env.Logger != nil {
		s.ctx.Logger = c.Env.Logger.With("model", s.Name)
		if s.Version != "" {
			s.ctx.Logger = s.ctx.Logger.With("version", s.Version)
		}
	}
	s.SetMetrics(c.Metrics)
	s.desc.Store(&serve.Description{})
	s.status.Store(&Status{Phase: Pending, Since: time.Now()})
	return s, nil
}

// Waits implements [serve.Waiter]: a model waits if it says so.
func (s *Server) Waits() bool {
	w, ok := s.Model.(serve.Waiter)
	return ok && w.Waits()
}

// Status tells the model's phase. One that has loaded, and whose processes are
// being started again, is as good as failed meanwhile.
func (s *Server) Status() Status {
	st := *s.status.Load()
	if d, ok := s.Model.(serve.Supervised); ok && st.Phase == Ready {
		if err := d.Down(); err != nil {
			st.Phase, st.Err = Failed, err
		}
	}
	return st
}

// Workers implements [serve.Crewed] for models that do once they have loaded.
func (s *Server) Workers() serve.Workers {
	if c, ok := s.Model.(serve.Crewed); ok && s.status.Load().Phase == Ready {
		return c.Workers()
	}
	return serve.Workers{}
}

// Description is the schema of the loaded model.
func (s *Server) Description() serve.Description { return *s.desc.Load() }

// Context is the model's context, for tests of models.
func (s *Server) Context() *serve.ModelContext { return s.ctx }

// SetMetrics has the server's inferences be counted, before it is started; nil
// counts nothing.
func (s *Server) SetMetrics(m Metrics) { s.Metrics, s.meter = m, meterOf(m) }

// SetVersions tells the server how to list the versions of its model.
func (s *Server) SetVersions(f func() []string) { s.versions = f }

// label is the model in errors: "m3" or "m3:v1".
func (s *Server) label() string {
	if s.Version == "" {
		return s.Name
	}
	return s.Name + ":" + s.Version
}

func (s *Server) logger() *slog.Logger { return s.ctx.Logger }

// open opens the artifact and keeps its schema for metadata.
func (s *Server) open(ctx context.Context, path, suffix string) (*serve.Artifact, error) {
	if s.Env.Open == nil {
		return nil, errors.New("open the model: this server has no artifact store")
	}
	a, err := s.Env.Open(ctx, path, suffix)
	if err != nil {
		return nil, err
	}
	if len(a.Features) > 0 || len(a.Labels) > 0 {
		d := *s.desc.Load()
		d.Features, d.Labels = a.Features, a.Labels
		s.desc.Store(&d)
	}
	return a, nil
}
