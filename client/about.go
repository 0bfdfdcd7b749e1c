package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/leat-ml/leat/serve"
)

// ServerMetadata is what a server says of itself.
type ServerMetadata struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Extensions are the parts of the protocol beyond its core that it offers.
	Extensions []string `json:"extensions"`
}

// Offers says whether the server offers an extension.
func (m *ServerMetadata) Offers(extension string) bool {
	return slices.Contains(m.Extensions, extension)
}

// ModelMetadata is what a model takes and answers.
type ModelMetadata struct {
	Name     string           `json:"name"`
	Versions []string         `json:"versions"`
	Platform string           `json:"platform"`
	Inputs   []TensorMetadata `json:"inputs"`
	Outputs  []TensorMetadata `json:"outputs"`
}

// TensorMetadata describes an input or an output.
type TensorMetadata struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	// Shape has -1 for a length that may be any.
	Shape []int64 `json:"shape"`
}

// ServerLive says whether the server runs.
func (c *Client) ServerLive(ctx context.Context) (bool, error) { return c.is(ctx, "/v2/health/live") }

// ServerReady says whether the server is ready for requests.
func (c *Client) ServerReady(ctx context.Context) (bool, error) {
	return c.is(ctx, "/v2/health/ready")
}

// ModelReady says whether a model, or the version of it that is not "", is ready. One
// that is not there is not ready.
func (c *Client) ModelReady(ctx context.Context, model, version string) (bool, error) {
	return c.is(ctx, modelPath(model, version)+"/ready")
}

// is asks a question that is answered by a status. Servers differ in how they say no.
func (c *Client) is(ctx context.Context, path string) (bool, error) {
	k := &call{method: http.MethodGet, path: path, safe: true, asks: true}
	_, err := c.send(ctx, k)
	var no *Error
	if errors.As(err, &no) && slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusRequestTimeout, http.StatusServiceUnavailable}, no.Status) {
		return false, nil
	}
	return err == nil, err
}

// ServerMetadata asks the server what it is.
func (c *Client) ServerMetadata(ctx context.Context) (*ServerMetadata, error) {
	return get[ServerMetadata](ctx, c, "/v2")
}

// ModelMetadata asks what a model, or a version of it, takes and answers.
func (c *Client) ModelMetadata(ctx context.Context, model, version string) (*ModelMetadata, error) {
	return get[ModelMetadata](ctx, c, modelPath(model, version))
}

// ModelConfig is the configuration of a model in the form of Triton's, which has more
// than what is read here: Raw is all of it.
type ModelConfig struct {
	Name         string         `json:"name"`
	Platform     string         `json:"platform"`
	Backend      string         `json:"backend"`
	MaxBatchSize int64          `json:"max_batch_size"`
	Inputs       []ConfigTensor `json:"input"`
	Outputs      []ConfigTensor `json:"output"`
	// Raw is the document; nil over gRPC.
	Raw json.RawMessage `json:"-"`
}

// A ConfigTensor is an input or output as a configuration has it: without the length
// of the batch.
type ConfigTensor struct {
	Name     string
	DataType string // "TYPE_FP32" for example
	Dims     []int64
}

// UnmarshalJSON implements [json.Unmarshaler]. Lengths may be text, as Protobuf has
// them in JSON.
func (t *ConfigTensor) UnmarshalJSON(text []byte) error {
	var doc struct {
		Name     string        `json:"name"`
		DataType string        `json:"data_type"`
		Dims     []json.Number `json:"dims"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	*t = ConfigTensor{Name: doc.Name, DataType: doc.DataType, Dims: make([]int64, len(doc.Dims))}
	for i, d := range doc.Dims {
		n, err := d.Int64()
		if err != nil {
			return fmt.Errorf("dims of %q: %w", doc.Name, err)
		}
		t.Dims[i] = n
	}
	return nil
}

// ModelConfig asks for the configuration of a model, or of a version of it. Not every
// server offers it.
func (c *Client) ModelConfig(ctx context.Context, model, version string) (*ModelConfig, error) {
	k := &call{method: http.MethodGet, path: modelPath(model, version) + "/config", safe: true}
	r, err := c.send(ctx, k)
	if err != nil {
		return nil, err
	}
	m := &ModelConfig{Raw: r.body}
	if err := json.Unmarshal(r.body, m); err != nil {
		return nil, unreadable(k.op(c), err)
	}
	return m, nil
}

// get reads a document.
func get[T any](ctx context.Context, c *Client, path string) (*T, error) {
	return ask[T](ctx, c, &call{method: http.MethodGet, path: path, safe: true})
}

func ask[T any](ctx context.Context, c *Client, k *call) (*T, error) {
	r, err := c.send(ctx, k)
	if err != nil {
		return nil, err
	}
	doc := new(T)
	if err := json.Unmarshal(r.body, doc); err != nil {
		return nil, unreadable(k.op(c), err)
	}
	return doc, nil
}

// post is a call with a document.
func post(path string, doc any) (*call, error) {
	k := &call{method: http.MethodPost, path: path}
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, &Error{Op: "POST " + path, Code: serve.BadRequest, Err: err}
	}
	k.body = jsonPayload(text)
	return k, nil
}
