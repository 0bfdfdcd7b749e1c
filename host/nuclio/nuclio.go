// Package nuclio runs a server spec inside a nuclio function written in Go. The
// function's own file is
//
//	var host = nuclio.Host{Options: leat.Options{Catalog: set, MLRun: true}}
//
//	func InitContext(c *sdk.Context) error                       { return host.InitContext(c) }
//	func Handler(c *sdk.Context, ev sdk.Event) (any, error)      { return host.Handler(c, ev) }
//
// and the spec is where MLRun puts it, in the variable SERVING_SPEC_ENV, or given.
// Models have records in the database that the spec or the options name, if the
// function's file imports what opens it; spans are sent where OpenTelemetry's
// variables say.
package nuclio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	sdk "github.com/nuclio/nuclio-sdk-go"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/serve"
)

// A Host serves one spec to all workers of a function. Its fields are set before
// the first InitContext; its methods are safe for concurrent use.
type Host struct {
	leat.Options
	// Spec is the spec, YAML or JSON; empty takes the variable SERVING_SPEC_ENV.
	Spec []byte

	once sync.Once
	srv  *leat.Server
	err  error
}

// InitContext builds the spec and loads its models. Every worker calls it, and
// the first call does it.
func (h *Host) InitContext(c *sdk.Context) error {
	h.once.Do(func() { h.srv, h.err = h.start() })
	if h.err == nil && c != nil {
		c.UserData = h
	}
	return h.err
}

func (h *Host) start() (*leat.Server, error) {
	text, name := h.Spec, "spec"
	if len(text) == 0 {
		name = "SERVING_SPEC_ENV"
		text = []byte(os.Getenv(name))
	}
	if len(text) == 0 {
		return nil, errors.New("there is no spec: neither Host.Spec nor SERVING_SPEC_ENV has one")
	}
	o := h.Options
	if o.Function == "" {
		o.Function = os.Getenv("SERVING_CURRENT_FUNCTION")
	}
	if o.Traces == "" {
		o.Traces = leat.TracesFromEnvironment
	}
	spec, err := leat.ParseSpec(name, text, o.MLRun)
	if err != nil {
		return nil, err
	}
	srv, err := leat.New(spec, &o)
	if err != nil {
		return nil, err
	}
	if err := srv.Start(context.Background()); err != nil {
		return nil, errors.Join(err, srv.Close(context.Background()))
	}
	return srv, nil
}

// Close waits for events inside, or for ctx, and releases the models: what a
// function does before it is drained.
func (h *Host) Close(ctx context.Context) error {
	if h.srv == nil {
		return nil
	}
	return h.srv.Close(ctx)
}

// Handler serves one event of any trigger. An HTTP event is answered as leat
// answers over HTTP. An event of a stream returns when nothing of it is left, so
// that its offset may be committed then; its error makes nuclio try again.
func (h *Host) Handler(_ *sdk.Context, ev sdk.Event) (any, error) {
	if h.srv == nil {
		return nil, errors.New("the function was not initialised: InitContext has not been called, or failed")
	}
	kind, trigger := "", ""
	if t := ev.GetTriggerInfo(); t != nil {
		kind, trigger = t.GetKind(), t.GetName()
	}
	if kind == "" || kind == "http" {
		return h.answer(ev), nil
	}
	e := serve.NewEvent(serve.Target{Path: "/"}, ev.GetBody())
	e.ID, e.Header = string(ev.GetID()), header(ev)
	e.Trigger = serve.Trigger{Kind: kind, Name: trigger}
	if at := ev.GetTimestamp(); !at.IsZero() {
		e.Time = at
	}
	if err := h.srv.Process(context.Background(), e); err != nil {
		return nil, fmt.Errorf("event %s of trigger %s: %w", e.Identify(), trigger, err)
	}
	return nil, nil
}

// answer serves an HTTP event.
func (h *Host) answer(ev sdk.Event) sdk.Response {
	path := ev.GetPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	body := ev.GetBody()
	req, err := http.NewRequestWithContext(context.Background(), method(ev), "http://function"+path, bytes.NewReader(body))
	if err != nil {
		return sdk.Response{StatusCode: http.StatusBadRequest, ContentType: "text/plain", Body: []byte("the path is not that of a URL")}
	}
	req.RequestURI, req.Header = path, http.Header(header(ev))
	if id := string(ev.GetID()); id != "" && req.Header.Get("Mlrun-Event-Id") == "" {
		req.Header.Set("Mlrun-Event-Id", id)
	}
	w := &response{header: http.Header{}}
	h.srv.Handler().ServeHTTP(w, req)
	return w.response()
}

// method is the event's; one without it asks if it has no body.
func method(ev sdk.Event) string {
	if m := ev.GetMethod(); m != "" {
		return m
	}
	if len(ev.GetBody()) == 0 {
		return http.MethodGet
	}
	return http.MethodPost
}

// header is the header of an event with canonical names.
func header(ev sdk.Event) serve.Header {
	out := http.Header{}
	for key, v := range ev.GetHeaders() {
		switch v := v.(type) {
		case string:
			out.Set(key, v)
		case []byte:
			out.Set(key, string(v))
		case int:
			out.Set(key, strconv.Itoa(v))
		case nil:
		default:
			out.Set(key, fmt.Sprint(v))
		}
	}
	if t := ev.GetContentType(); t != "" && out.Get("Content-Type") == "" {
		out.Set("Content-Type", t)
	}
	return serve.Header(out)
}

// A response keeps an answer in memory.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *response) response() sdk.Response {
	w.WriteHeader(http.StatusOK)
	r := sdk.Response{StatusCode: w.status, ContentType: w.header.Get("Content-Type"), Body: w.body.Bytes()}
	for key, v := range w.header {
		if key == "Content-Type" || key == "Content-Length" {
			continue
		}
		if r.Headers == nil {
			r.Headers = map[string]any{}
		}
		r.Headers[key] = strings.Join(v, ", ")
	}
	return r
}
