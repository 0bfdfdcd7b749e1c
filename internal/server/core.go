package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/logs"
	"github.com/leat-ml/leat/internal/tracing"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// Config says what a server serves and how. Spec, Models or both are set.
type Config struct {
	Spec *graph.Spec
	// Models is the path of a model repository, or of one model.
	Models   string
	Catalog  *catalog.Set // nil means catalog.Default
	Code     catalog.Code // of users; nil without any
	Logger   *slog.Logger
	Recorder serve.Recorder
	MLRun    bool          // MLRun's contract
	Mock     bool          // no ports, no records
	Timeout  time.Duration // of a request; 0 means none
	Function string        // whose steps run here, of a graph over several; "*" means all
	FromStep string        // starts the flow instead of its first steps
	Trace    graph.Tracer  // follows the events of the graph; nil for none
	// Unchecked builds graphs whose steps are sure to fail, for who calls Check.
	Unchecked bool
	ReadyAny  bool   // one ready model makes the server ready
	Name      string // in server metadata
	Version   string
	// Endpoints opens the database of model endpoints; nil keeps no records.
	Endpoints OpenEndpoints
	// Artifacts opens models; nil opens those of this machine. The server does not
	// close it.
	Artifacts *artifact.Store
	// Records has what recording inferences on streams needs.
	Records Records
	// Logs is what Logger writes to, and Traced chooses the requests that Trace
	// follows, for who changes these settings while the server runs; nil where
	// nobody can.
	Logs   *logs.Log
	Traced *tracing.Settings

	pushers *pushers // of records; nil where nothing is recorded
}

// A Core is a server without ports: a [serve.Handler] over what the
// configuration names, safe for concurrent use between Start and Close. What it
// serves is a generation, which a reload replaces as a whole.
type Core struct {
	cfg      Config
	current  atomic.Pointer[generation]
	draining atomic.Bool
	local    atomic.Bool // only this machine reaches the port of HTTP
	started  time.Time
	room     oip.Room // for bodies on all ports: a reserve is made once
	keeper   *keeper  // of model endpoints; nil where none are kept

	turn chan struct{} // full while somebody starts, reloads or closes
	life context.Context
	end  context.CancelFunc // of life, at Drain

	swapping sync.Mutex // guards replacing current, and closed
	closed   bool
	leaving  sync.WaitGroup // generations that end their last events
	patient  context.Context
	hurry    context.CancelFunc // of patient: has them leave at once
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
	if c.Artifacts == nil {
		c.Artifacts = &artifact.Store{}
	}
	c.count()
	c.pushers = newPushers(&c)
	first, problems := build(c)
	if first == nil {
		return nil, problems
	}
	core := &Core{cfg: c, started: time.Now(), turn: make(chan struct{}, 1)}
	core.life, core.end = context.WithCancel(context.Background())
	core.patient, core.hurry = context.WithCancel(context.Background())
	first.witness.speak(nil)
	core.current.Store(first)
	core.keeper = newKeeper(core)
	return core, problems
}

// Start loads the models. A graph whose model fails to load does not start; a
// repository starts with the models that load.
func (c *Core) Start(ctx context.Context) error {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	defer c.keeper.begin() // models that have failed have records too
	return c.current.Load().start(ctx)
}

// bounded is ctx until the server shuts down.
func (c *Core) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(c.life, cancel)
	return ctx, func() { stop(); cancel() }
}

// Close gives up a reload that is on its way, waits for requests inside, or for
// ctx, and releases everything.
func (c *Core) Close(ctx context.Context) error {
	c.Drain()
	defer context.AfterFunc(ctx, c.hurry)()
	var late error
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		late = fmt.Errorf("close the server: models are still loading: %w", ctx.Err())
	}
	c.keeper.settle(ctx)
	err := c.last().close(ctx)
	c.leaving.Wait()
	c.keeper.close(ctx)
	return errors.Join(late, err)
}

// last is the generation that serves last.
func (c *Core) last() *generation {
	c.swapping.Lock()
	defer c.swapping.Unlock()
	c.closed = true
	return c.current.Load()
}

// Drain makes the server say that it is not ready; it goes on serving, and does
// not reload any more.
func (c *Core) Drain() {
	c.draining.Store(true)
	c.end()
}

// Models lists the models with their states: those of the graph as declared,
// then those of the repository by name.
func (c *Core) Models() []v2.Info { return c.current.Load().infos() }

var errDraining = errors.New("the server is shutting down")

// Ready returns nil when the server is ready for requests, else why not: all
// models it should serve have to be ready, or one of them with ReadyAny. A
// server without models is ready if its graph is.
func (c *Core) Ready() error {
	if c.draining.Load() {
		return errDraining
	}
	if err := c.current.Load().down(); err != nil {
		return err
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
