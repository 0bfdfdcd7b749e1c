package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/serve"
)

// Endpoints gives the records of model endpoints to the API.
type Endpoints interface {
	// Endpoints runs do with records that are up to date. The store is nil where
	// nothing has been recorded and nothing is to be written.
	Endpoints(ctx context.Context, write bool, do func(endpoint.Store) error) error
}

// The paths are MLRun's (/api/v1 is before them), of both of its generations: up
// to version 1.8 an endpoint goes by its uid, and later by its name, which may be
// that of several. The project * stands for all of them.
const endpointsPath = "/api/v1/projects/{project}/model-endpoints"

func (a *api) endpointPaths() map[string]verbs {
	return map[string]verbs{
		endpointsPath: {http.MethodGet: a.listEndpoints, http.MethodPost: a.createEndpoint, http.MethodPatch: a.patchEndpoints},
		endpointsPath + "/{endpoint}": {
			http.MethodGet: a.showEndpoint, http.MethodPost: a.createEndpoint, http.MethodPatch: a.patchEndpoint, http.MethodDelete: a.deleteEndpoint,
		},
		endpointsPath + "/{endpoint}/metrics":        {http.MethodGet: a.endpointMetrics},
		endpointsPath + "/{endpoint}/metrics-values": {http.MethodGet: a.endpointMetricValues},
	}
}

var errNoEndpoints = serve.Errorf(serve.NotOffered, "", "this server keeps no records of model endpoints")

// maxRecord is how large a record may be that somebody sends.
const maxRecord = 4 << 20

// with runs do with the records and answers with its failure, if it fails.
func (a *api) with(w http.ResponseWriter, r *http.Request, write bool, do func(s endpoint.Store) error) {
	if a.opts.Endpoints == nil {
		fail(w, errNoEndpoints)
		return
	}
	err := a.opts.Endpoints.Endpoints(r.Context(), write, do)
	if err != nil {
		fail(w, ofStore(err))
	}
}

// ofStore gives the errors of stores their kinds.
func ofStore(err error) error {
	var known *serve.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, endpoint.ErrNotFound):
		return &serve.Error{Code: serve.NotFound, Err: err}
	}
	return &serve.Error{Code: serve.Unavailable, Err: err}
}

// A conflict is answered with 409, as MLRun does.
type conflict struct{ error }

func bad(format string, args ...any) error {
	return serve.Errorf(serve.BadRequest, "", format, args...)
}

// listEndpoints answers {"endpoints": […]}.
func (a *api) listEndpoints(w http.ResponseWriter, r *http.Request) {
	p := parameters(r)
	q := p.query()
	more := p.more()
	if err := p.end(q); err != nil {
		fail(w, err)
		return
	}
	a.with(w, r, false, func(s endpoint.Store) error {
		l := &listing{w: w, q: *q, list: func(q endpoint.Query, dst []byte) ([]byte, string, error) {
			if more.none() {
				return s.AppendList(r.Context(), q, dst)
			}
			return more.appendList(r.Context(), s, q, dst)
		}}
		if s == nil {
			l.list = func(_ endpoint.Query, dst []byte) ([]byte, string, error) { return append(dst, "[]"...), "", nil }
		}
		return l.write()
	})
}

// find returns the endpoint that a path names: by its uid, else by its name, which
// the parameters may make that of one alone.
func (a *api) find(r *http.Request, s endpoint.Store, q *endpoint.Query) (endpoint.Endpoint, error) {
	name := r.PathValue("endpoint")
	if s == nil {
		return endpoint.Endpoint{}, endpoint.ErrNotFound
	}
	if endpoint.CheckUID(name) == nil && len(q.UIDs) == 0 {
		e, err := s.Find(r.Context(), name)
		if err == nil && (q.Project == "" || q.Project == e.Metadata.Project) {
			return e, nil
		}
		if err != nil && !errors.Is(err, endpoint.ErrNotFound) {
			return e, err
		}
	}
	q.Limit = 2
	if q.Model = name; q.ModelName != "" {
		q.Model = ""
	}
	page, err := s.List(r.Context(), *q)
	switch {
	case err != nil:
		return endpoint.Endpoint{}, err
	case len(page.Endpoints) == 0:
		return endpoint.Endpoint{}, fmt.Errorf("%w: %s", endpoint.ErrNotFound, name)
	case len(page.Endpoints) > 1:
		return endpoint.Endpoint{}, bad("several model endpoints are called %s: name one by its version, as %s:VERSION, by its uid, or over HTTP with endpoint-id, model-tag, function-name and function-tag", name, name)
	}
	return page.Endpoints[0], nil
}

// one runs do with the endpoint that the path names.
func (a *api) one(w http.ResponseWriter, r *http.Request, p *params, write bool, do func(s endpoint.Store, e endpoint.Endpoint) error) {
	q := p.query()
	if err := p.end(q); err != nil {
		fail(w, err)
		return
	}
	a.with(w, r, write, func(s endpoint.Store) error {
		e, err := a.find(r, s, q)
		if err != nil {
			return err
		}
		return do(s, e)
	})
}

func (a *api) showEndpoint(w http.ResponseWriter, r *http.Request) {
	p := parameters(r)
	more := p.more()
	a.one(w, r, p, false, func(s endpoint.Store, e endpoint.Endpoint) error {
		if err := more.add(r.Context(), s, &e); err != nil {
			return err
		}
		reply(w, http.StatusOK, e)
		return nil
	})
}

func (a *api) deleteEndpoint(w http.ResponseWriter, r *http.Request) {
	a.one(w, r, parameters(r), true, func(s endpoint.Store, e endpoint.Endpoint) error {
		if err := s.Delete(r.Context(), e.Metadata.UID); err != nil {
			return err
		}
		w.WriteHeader(http.StatusNoContent)
		return nil
	})
}

// readBody decodes the body of a request; one without is nothing.
func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRecord))
	if err != nil {
		return bad("read the body: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return bad("the body is no record: %w", err)
	}
	return nil
}
