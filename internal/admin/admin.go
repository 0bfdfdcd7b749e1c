package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/leat-ml/leat/serve"
)

// A Server is what the admin port shows. It must be safe for concurrent use.
type Server interface {
	// Ready returns nil when the server is ready for requests, else why not.
	Ready() error
	Models() []ModelStatus
	Status() ServerStatus
}

// A Control changes what is served. Its methods return when that is done. An
// [*serve.Error] chooses the status of the answer.
type Control interface {
	Load(ctx context.Context, model string) error
	Unload(ctx context.Context, model string) error
	Reload(ctx context.Context) error
}

// A ModelStatus is one version of a model, as listings show it.
type ModelStatus struct {
	Name        string    `json:"name"`
	Version     string    `json:"version"` // "" for a model without versions
	Default     bool      `json:"default,omitempty"`
	Runtime     string    `json:"runtime"`
	State       string    `json:"state"`
	Reason      string    `json:"reason,omitempty"` // why it is not ready
	Path        string    `json:"path"`
	Step        string    `json:"step,omitempty"` // of a graph that it is in
	LoadedAt    time.Time `json:"loaded_at,omitzero"`
	LoadSeconds float64   `json:"load_seconds,omitzero"`
}

// A ServerStatus is the server itself.
type ServerStatus struct {
	Version   string            `json:"version"`
	Commit    string            `json:"commit,omitempty"`
	StartedAt time.Time         `json:"started_at"`
	Uptime    float64           `json:"uptime_seconds"` // filled in here
	URLs      map[string]string `json:"urls"`           // by name: "http", "grpc", "admin"
}

// Options are what an admin port serves besides its Server.
type Options struct {
	// Metrics are shown at /metrics; nil has no such path.
	Metrics prometheus.Gatherer
	// Control is behind load, unload and reload; nil answers 501.
	Control Control
	// Endpoints are the records of model endpoints; nil answers 501.
	Endpoints Endpoints
	// AllowRemote lets callers change things who come from another machine.
	// Without it that takes a connection to a loopback address.
	AllowRemote bool
	Logger      *slog.Logger // nil is nobody
}

type api struct {
	server Server
	opts   Options
}

// New returns the handler of the admin port of s.
func New(s Server, o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	a := &api{s, o}
	mux := http.NewServeMux()
	mux.Handle("/", http.HandlerFunc(notFound))
	mux.Handle("/healthz", verbs{http.MethodGet: healthz})
	mux.Handle("/readyz", verbs{http.MethodGet: a.readyz})
	if o.Metrics != nil {
		mux.Handle("/metrics", verbs{http.MethodGet: metrics(o).ServeHTTP})
	}
	for path, v := range map[string]verbs{
		"/api/v1/server":               {http.MethodGet: a.status},
		"/api/v1/models":               {http.MethodGet: a.models},
		"/api/v1/models/{name}/load":   {http.MethodPost: a.load},
		"/api/v1/models/{name}/unload": {http.MethodPost: a.unload},
		"/api/v1/reload":               {http.MethodPost: a.reload},
	} {
		mux.Handle(path, a.guarded(v))
	}
	for path, v := range a.endpointPaths() {
		mux.Handle(path, a.guarded(v))
	}
	return mux
}

// metrics writes native histograms to scrapers that take protobuf, and text to
// all others.
func metrics(o Options) http.Handler {
	return promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{
		ErrorLog:      slog.NewLogLogger(o.Logger.Handler(), slog.LevelError),
		ErrorHandling: promhttp.ContinueOnError,
	})
}

func healthz(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]bool{"live": true})
}

func (a *api) readyz(w http.ResponseWriter, _ *http.Request) {
	if err := a.server.Ready(); err != nil {
		reply(w, http.StatusServiceUnavailable, struct {
			Ready bool   `json:"ready"`
			Error string `json:"error"`
		}{false, err.Error()})
		return
	}
	reply(w, http.StatusOK, map[string]bool{"ready": true})
}

func (a *api) status(w http.ResponseWriter, _ *http.Request) {
	s := a.server.Status()
	s.Uptime = time.Since(s.StartedAt).Seconds()
	reply(w, http.StatusOK, s)
}

func (a *api) models(w http.ResponseWriter, _ *http.Request) {
	a.list(w, func(ModelStatus) bool { return true })
}

// list answers with the models that are wanted.
func (a *api) list(w http.ResponseWriter, wanted func(ModelStatus) bool) {
	all := []ModelStatus{} // not null in JSON
	for _, m := range a.server.Models() {
		if wanted(m) {
			all = append(all, m)
		}
	}
	reply(w, http.StatusOK, map[string][]ModelStatus{"models": all})
}

func (a *api) load(w http.ResponseWriter, r *http.Request) {
	a.change(w, r, "load", Control.Load)
}

func (a *api) unload(w http.ResponseWriter, r *http.Request) {
	a.change(w, r, "unload", Control.Unload)
}

func (a *api) reload(w http.ResponseWriter, r *http.Request) {
	a.change(w, r, "reload", func(c Control, ctx context.Context, _ string) error { return c.Reload(ctx) })
}

var errNotOffered = serve.Errorf(serve.NotOffered, "", "this server cannot load, unload or reload models")

// change does what was asked for and answers with the models that it was about.
func (a *api) change(w http.ResponseWriter, r *http.Request, what string, do func(Control, context.Context, string) error) {
	if a.opts.Control == nil {
		fail(w, errNotOffered)
		return
	}
	name := r.PathValue("name")
	if err := do(a.opts.Control, r.Context(), name); err != nil {
		if !errors.Is(err, context.Canceled) {
			a.opts.Logger.Warn(what+" failed", slog.String("model", name), slog.Any("error", err))
		}
		fail(w, err)
		return
	}
	a.list(w, func(m ModelStatus) bool { return name == "" || m.Name == name })
}
