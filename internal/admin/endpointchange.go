package admin

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/serve"
)

// createEndpoint writes a record: to /{uid}, which has to be the record's, or, as in
// newer versions, to the list. One that is there is replaced, but for when it was
// created and what has come to it; with creation-strategy=overwrite it goes.
func (a *api) createEndpoint(w http.ResponseWriter, r *http.Request) {
	e, strategy, err := newRecord(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	a.with(w, r, true, func(s endpoint.Store) error {
		if strategy == "overwrite" {
			if err := s.Delete(r.Context(), e.Metadata.UID); err != nil {
				return err
			}
		}
		err := s.Change(r.Context(), e.Metadata.UID, func(old *endpoint.Endpoint) (endpoint.Endpoint, error) {
			if old != nil {
				e.Metadata.Created = old.Metadata.Created
			}
			return *e, nil
		})
		if err != nil {
			return err
		}
		made, err := s.Find(r.Context(), e.Metadata.UID)
		if err == nil {
			reply(w, http.StatusCreated, made)
		}
		return err
	})
}

// newRecord reads the record that a request brings, and its creation-strategy.
func newRecord(w http.ResponseWriter, r *http.Request) (*endpoint.Endpoint, string, error) {
	strategy := r.URL.Query().Get("creation-strategy")
	switch strategy {
	case "", "inplace", "overwrite":
	case "archive":
		return nil, "", serve.Errorf(serve.NotOffered, "", "creation-strategy archive is not offered: a model in a function has one record; inplace and overwrite are")
	default:
		return nil, "", bad("creation-strategy is %q, not inplace or overwrite", strategy)
	}
	e := &endpoint.Endpoint{Kind: endpoint.Kind, Spec: endpoint.Spec{Active: true, MonitoringMode: endpoint.Disabled}, Status: endpoint.Status{EndpointType: endpoint.Node}}
	if err := readBody(w, r, e); err != nil {
		return nil, "", err
	}
	wholeNames(e)
	if e.Spec.FunctionURI == "" || e.Spec.Model == "" {
		return nil, "", bad("the record needs spec.function_uri and spec.model, or spec.function_name and spec.model_name")
	}
	own, err := endpoint.New(e.Spec.FunctionURI, e.Spec.Model)
	if err != nil {
		return nil, "", bad("%w", err)
	}
	if e.Metadata.UID == "" {
		e.Metadata.UID = own.Metadata.UID
	}
	if project := r.PathValue("project"); project != "*" && e.Metadata.Project != project {
		return nil, "", &conflict{bad("the record is of project %q, and the path of %q", e.Metadata.Project, project)}
	}
	if uid := r.PathValue("endpoint"); uid != "" && uid != e.Metadata.UID {
		return nil, "", &conflict{bad("the record has the uid %q, and the path %q", e.Metadata.UID, uid)}
	}
	e.Spec.ModelName, e.Spec.ModelTag = own.Spec.ModelName, own.Spec.ModelTag
	e.Spec.FunctionName, e.Spec.FunctionTag = own.Spec.FunctionName, own.Spec.FunctionTag
	if err := e.Validate(); err != nil {
		return nil, "", bad("%w", err)
	}
	return e, strategy, nil
}

// wholeNames makes the names of function and model of their parts, which records of
// newer versions of MLRun have alone.
func wholeNames(e *endpoint.Endpoint) {
	sp := &e.Spec
	if sp.FunctionURI == "" && sp.FunctionName != "" {
		sp.FunctionURI = e.Metadata.Project + "/" + sp.FunctionName
		if sp.FunctionTag != "" {
			sp.FunctionURI += ":" + sp.FunctionTag
		}
	}
	if sp.Model == "" && sp.ModelName != "" {
		sp.Model = endpoint.ModelOf(sp.ModelName, sp.ModelTag)
	}
}

// patchEndpoint changes attributes of a record, by their names alone:
// ?attributes={"monitoring_mode": "enabled"}.
func (a *api) patchEndpoint(w http.ResponseWriter, r *http.Request) {
	p := parameters(r)
	var attributes map[string]json.RawMessage
	if err := json.Unmarshal([]byte(p.one("attributes")), &attributes); err != nil {
		fail(w, bad("attributes is no JSON object: %w", err))
		return
	}
	a.patch(w, r, p, attributes)
}

// patchEndpoints is patchEndpoint of newer versions: the body has the values, the
// parameters name the endpoint and those of the attributes that count.
func (a *api) patchEndpoints(w http.ResponseWriter, r *http.Request) {
	p := parameters(r)
	var values map[string]json.RawMessage
	if err := readBody(w, r, &values); err != nil {
		fail(w, err)
		return
	}
	attributes := map[string]json.RawMessage{}
	for _, key := range p.all("attribute-key") {
		v, ok := values[key]
		if !ok {
			fail(w, bad("attribute-key %s is not in the body", key))
			return
		}
		attributes[key] = v
	}
	r.SetPathValue("endpoint", p.one("name"))
	a.patch(w, r, p, attributes)
}

func (a *api) patch(w http.ResponseWriter, r *http.Request, p *params, attributes map[string]json.RawMessage) {
	if len(attributes) == 0 {
		fail(w, bad("there are no attributes to change"))
		return
	}
	a.one(w, r, p, true, func(s endpoint.Store, e endpoint.Endpoint) error {
		err := endpoint.Update(r.Context(), s, e.Metadata.UID, func(e *endpoint.Endpoint) error {
			if err := e.Patch(attributes); err != nil {
				return bad("%w", err)
			}
			if err := e.Validate(); err != nil {
				return bad("%w", err)
			}
			return nil
		})
		if errors.Is(err, endpoint.ErrNotFound) {
			return err // it was deleted meanwhile
		}
		if err == nil {
			e, err = s.Find(r.Context(), e.Metadata.UID)
		}
		if err == nil {
			reply(w, http.StatusOK, e)
		}
		return err
	})
}
