// Package admin asks the admin port of a leat server: its models and their states,
// loading, unloading and reloads, and the records of model endpoints.
package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/endpoint"
)

// A Client asks one admin port. It is safe for concurrent use. Errors of calls are
// [*client.Error] where the server has answered with one, or has not answered.
type Client struct{ http *client.Client }

// New returns a client for the admin port at a URL or host:port. It does not connect.
// opts may be nil; loading may take longer than the minute that calls then have.
func New(address string, opts *client.Options) (*Client, error) {
	c, err := client.New(address, opts)
	if err != nil {
		return nil, err
	}
	return &Client{c}, nil
}

// URL is where the admin port is.
func (c *Client) URL() string { return c.http.URL() }

// Close ends connections that nobody uses.
func (c *Client) Close() error { return c.http.Close() }

// A Model is one version of a model.
type Model struct {
	Name        string    `json:"name"`
	Version     string    `json:"version"` // "" for a model without versions
	Default     bool      `json:"default,omitempty"`
	Runtime     string    `json:"runtime"`
	State       string    `json:"state"` // PENDING, LOADING, READY, FAILED or UNLOADED
	Reason      string    `json:"reason,omitempty"`
	Path        string    `json:"path"`
	Step        string    `json:"step,omitempty"` // of a graph that the model is in, "vote"; "" for one that is asked by its name
	LoadedAt    time.Time `json:"loaded_at,omitzero"`
	LoadSeconds float64   `json:"load_seconds,omitzero"`
}

// A Server is what a server says of itself.
type Server struct {
	Version       string            `json:"version"`
	Commit        string            `json:"commit,omitempty"`
	StartedAt     time.Time         `json:"started_at"`
	UptimeSeconds float64           `json:"uptime_seconds"`
	URLs          map[string]string `json:"urls"` // by name: "http", "grpc", "admin"
}

// Server asks what the server is.
func (c *Client) Server(ctx context.Context) (*Server, error) {
	s := new(Server)
	if err := c.ask(ctx, http.MethodGet, "/api/v1/server", s, "tell of a server"); err != nil {
		return nil, err
	}
	return s, nil
}

// Models lists every version of every model.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	return c.models(ctx, http.MethodGet, "/api/v1/models")
}

// Load loads a model as it now stands in its folder, beside what serves it, and returns
// when it serves. It returns the model's versions.
func (c *Client) Load(ctx context.Context, model string) ([]Model, error) {
	return c.models(ctx, http.MethodPost, "/api/v1/models/"+url.PathEscape(model)+"/load")
}

// Unload takes a model out of service and returns when its last request is done.
func (c *Client) Unload(ctx context.Context, model string) ([]Model, error) {
	return c.models(ctx, http.MethodPost, "/api/v1/models/"+url.PathEscape(model)+"/unload")
}

// Reload has the server read again what it serves, and returns when that serves, with
// all models. When anything in it fails, what was served before goes on.
func (c *Client) Reload(ctx context.Context) ([]Model, error) {
	return c.models(ctx, http.MethodPost, "/api/v1/reload")
}

func (c *Client) models(ctx context.Context, method, path string) ([]Model, error) {
	var list struct{ Models []Model }
	err := c.ask(ctx, method, path, &list, "list models")
	if err == nil && list.Models == nil {
		err = c.other(path, "list models")
	}
	return list.Models, err
}

// An EndpointQuery chooses among model endpoints. The zero value is all of them.
type EndpointQuery struct {
	Project  string   // "" is all
	Model    string   // name or name:version
	Function string   // name or name:tag
	Labels   []string // key or key=value
	TopLevel bool     // without the models of ensembles
}

func endpointsPath(project string) string {
	if project == "" {
		project = "*"
	}
	return "/api/v1/projects/" + url.PathEscape(project) + "/model-endpoints"
}

// Endpoints lists the records of model endpoints.
func (c *Client) Endpoints(ctx context.Context, q *EndpointQuery) ([]endpoint.Endpoint, error) {
	v := url.Values{}
	for name, value := range map[string]string{"model": q.Model, "function": q.Function} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for _, l := range q.Labels {
		v.Add("label", l)
	}
	if q.TopLevel {
		v.Set("top-level", "true")
	}
	path := endpointsPath(q.Project)
	if len(v) > 0 {
		path += "?" + v.Encode()
	}
	var list struct{ Endpoints []endpoint.Endpoint }
	err := c.ask(ctx, http.MethodGet, path, &list, "tell of model endpoints")
	if err == nil && list.Endpoints == nil {
		err = c.other(path, "list model endpoints")
	}
	return list.Endpoints, err
}

// Endpoint is the record of one model endpoint, by its uid or by its model, if that has
// one endpoint. The document is as the server has it, with fields that later versions
// may add.
func (c *Client) Endpoint(ctx context.Context, project, uid string) (*endpoint.Endpoint, json.RawMessage, error) {
	path := endpointsPath(project) + "/" + url.PathEscape(uid)
	var doc json.RawMessage
	if err := c.ask(ctx, http.MethodGet, path, &doc, "tell of model endpoints"); err != nil {
		return nil, nil, err
	}
	e := new(endpoint.Endpoint)
	if err := json.Unmarshal(doc, e); err != nil || e.Kind != endpoint.Kind {
		return nil, nil, c.other(path, "tell of a model endpoint")
	}
	return e, doc, nil
}

func (c *Client) ask(ctx context.Context, method, path string, into any, what string) error {
	r, err := c.http.Do(ctx, &client.Message{Method: method, Path: path})
	if err != nil {
		return err
	}
	if json.Unmarshal(r.Body, into) != nil {
		return c.other(path, what)
	}
	return nil
}

// other is the error of an answer that is no admin port's.
func (c *Client) other(path, what string) error {
	return fmt.Errorf("%s%s does not %s: is it the admin port of a leat server?", c.http.URL(), path, what)
}
