package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/datadir"
	"github.com/leat-ml/leat/internal/server"
	"github.com/leat-ml/leat/internal/version"
	"github.com/leat-ml/leat/stream"
)

// A tester starts servers without ports.
type tester struct {
	env *Env
	set *catalog.Set
	// streams are for records, of which a mock uses those that end with it.
	streams *stream.Mux
	trace   *trace // nil without one

	elsewhere elsewhere // where models of elsewhere are kept
}

// A mock is a server without ports.
type mock struct {
	core      *server.Core
	handler   http.Handler
	artifacts *artifact.Store
}

// start loads what src names. A model of a repository that does not load is
// told of on stderr.
func (t *tester) start(ctx context.Context, src *source) (*mock, error) {
	c := server.Config{
		Spec: loadedFirst(src.spec), Models: src.models, Catalog: t.set, Code: src.users(), MLRun: src.mlrun, Mock: true,
		Function: src.function, FromStep: src.fromStep, Name: "leat", Version: version.Version,
		Records: server.Records{Streams: t.streams},
	}
	data, err := t.env.ownData()
	if err != nil {
		return nil, err
	}
	c.Artifacts = t.env.artifacts(t.elsewhere, src.spec, data)
	if t.trace != nil {
		c.Trace = t.trace
	}
	if src.spec != nil && src.spec.TrackModels {
		c.Endpoints = t.endpoints(src.spec)
	}
	core, problems := server.New(c)
	if err := problemsError(problems); err != nil {
		return nil, err
	}
	if err := core.Start(ctx); err != nil {
		return nil, err
	}
	for _, m := range core.Models() {
		if m.Err != nil {
			t.env.complain(fmt.Errorf("model %s failed to load: %w", m.Label(), m.Err))
		}
	}
	return &mock{core, core.Handler(), c.Artifacts}, nil
}

// endpoints opens the database in which the models of a spec that tracks them have
// records: the one it names, or that in the data folder of a server. What cannot be
// recorded is told of on stderr, and the test goes on.
func (t *tester) endpoints(spec *graph.Spec) server.OpenEndpoints {
	path, _ := t.env.Lookup("LEAT_DATA")
	data, err := datadir.New(cmp.Or(path, datadir.Default))
	open := endpoints(spec, data)
	if err != nil || open == nil {
		return nil
	}
	var once sync.Once
	return func(ctx context.Context, write bool) (endpoint.Store, error) {
		s, err := open(ctx, write)
		if err != nil && ctx.Err() == nil { // else the test is over, and it is tried once more
			once.Do(func() { t.env.complain(fmt.Errorf("model endpoints are not recorded: %w", err)) })
		}
		if err != nil {
			return nil, err
		}
		return &closing{s, data}, nil
	}
}

// A closing store lets go of its folder, too.
type closing struct {
	endpoint.Store
	data *datadir.Dir
}

// Close implements endpoint.Store.
func (c *closing) Close() error { return errors.Join(c.Store.Close(), c.data.Close()) }

// loadedFirst is the spec with its models loaded before the first event, since
// there is no time to wait for them here.
func loadedFirst(spec *graph.Spec) *graph.Spec {
	if spec == nil {
		return nil
	}
	loaded := *spec
	loaded.LoadMode = "sync"
	return &loaded
}

func (m *mock) stop(ctx context.Context) error {
	return errors.Join(m.core.Close(ctx), m.artifacts.Close())
}

// A request is one event of a test.
type request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	body    []byte
}

// An answer is what came of a request.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ask runs one request.
func (m *mock) ask(ctx context.Context, r request) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://localhost"+rooted(r.Path), bytes.NewReader(r.body))
	if err != nil {
		return answer{}, fmt.Errorf("the event: %w", err)
	}
	req.RequestURI = req.URL.RequestURI()
	for k, v := range r.Headers {
		req.Header.Set(k, v)
	}
	w := &recorder{header: http.Header{}}
	if err := w.serve(m.handler, req); err != nil {
		return answer{}, err
	}
	return answer{w.status, w.header, w.body.Bytes()}, nil
}

func rooted(path string) string { return "/" + strings.TrimPrefix(path, "/") }

func cutHeader(h string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(h, ":")
	key = strings.TrimSpace(key)
	return key, strings.TrimSpace(value), ok && key != ""
}

// A recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// serve has h answer. A handler that breaks off, which it does by panicking,
// leaves what it wrote.
func (w *recorder) serve(h http.Handler, r *http.Request) error {
	err := guard(func() error {
		h.ServeHTTP(w, r)
		return nil
	})
	w.WriteHeader(http.StatusOK)
	if errors.Is(err, http.ErrAbortHandler) {
		return nil
	}
	return err
}
