package client

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"github.com/leat-ml/leat/serve"
)

// A ModelState is a version of a model in a repository.
type ModelState struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// State is READY, UNAVAILABLE, LOADING, UNLOADING, UNKNOWN, or "" for a model
	// that is not loaded.
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// Index lists the models of the server's repository, or those of them that are ready.
func (c *Client) Index(ctx context.Context, ready bool) ([]ModelState, error) {
	doc := map[string]bool{} // not every server does without a body
	if ready {
		doc["ready"] = true
	}
	k, err := post("/v2/repository/index", doc)
	if err != nil {
		return nil, err
	}
	k.safe = true
	list, err := ask[[]ModelState](ctx, c, k)
	if err != nil {
		return nil, err
	}
	return *list, nil
}

// LoadOptions are what a model is loaded from, if not from what is in the repository.
// Not every server offers that.
type LoadOptions struct {
	// Config is the configuration, as JSON, in place of what the repository has.
	Config string
	// Files are files of the model, by version and name ("1/model.onnx"), in place of
	// those of the repository. They need a Config.
	Files map[string][]byte
}

// Load loads a model, or loads it anew, and returns when it is ready. opts may be nil.
func (c *Client) Load(ctx context.Context, model string, opts *LoadOptions) error {
	parameters := map[string]string{}
	if opts != nil {
		if opts.Config != "" {
			parameters["config"] = opts.Config
		}
		for name, content := range opts.Files {
			parameters["file:"+name] = base64.StdEncoding.EncodeToString(content)
		}
	}
	doc := map[string]any{}
	if len(parameters) > 0 {
		doc["parameters"] = parameters
	}
	return c.repository(ctx, model, "load", doc)
}

// Unload takes a model out of service, and with dependents also those that only it
// needs.
func (c *Client) Unload(ctx context.Context, model string, dependents bool) error {
	doc := map[string]any{}
	if dependents {
		doc["parameters"] = map[string]bool{"unload_dependents": true}
	}
	return c.repository(ctx, model, "unload", doc)
}

func (c *Client) repository(ctx context.Context, model, verb string, doc any) error {
	path := "/v2/repository/models/" + url.PathEscape(model) + "/" + verb
	if model == "" {
		return &Error{Op: http.MethodPost + " " + path, Code: serve.BadRequest, Err: errors.New("the name of the model is empty")}
	}
	k, err := post(path, doc)
	if err == nil {
		_, err = c.send(ctx, k)
	}
	return err
}
