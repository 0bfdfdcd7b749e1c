package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// A Rows is an inference in MLRun's dialect, which leat and MLRun understand: what the
// model is asked is any JSON value, most often rows of features.
type Rows struct {
	Model   string
	Version string // "" leaves it to the server
	// Operation is what the model is asked to do; "" is infer. Others are explain,
	// infer_dict and those of the model's own.
	Operation  string
	ID         string
	Inputs     any // anything that encoding/json writes
	Parameters map[string]any
}

// A RowsAnswer is the answer in MLRun's dialect.
type RowsAnswer struct {
	ID      string          `json:"id"`
	Model   string          `json:"model_name"`
	Version string          `json:"model_version"`
	Outputs json.RawMessage `json:"outputs"`
}

// Decode reads the outputs into what v points to, as [json.Unmarshal] does.
func (a *RowsAnswer) Decode(v any) error {
	if err := json.Unmarshal(a.Outputs, v); err != nil {
		return fmt.Errorf("outputs of %s: %w", a.Model, err)
	}
	return nil
}

// InferRows asks a model in MLRun's dialect.
func (c *Client) InferRows(ctx context.Context, rows *Rows) (*RowsAnswer, error) {
	operation := rows.Operation
	if operation == "" {
		operation = "infer"
	}
	doc := map[string]any{"inputs": rows.Inputs}
	if rows.ID != "" {
		doc["id"] = rows.ID
	}
	if len(rows.Parameters) > 0 {
		doc["parameters"] = rows.Parameters
	}
	k, err := post(modelPath(rows.Model, rows.Version)+"/"+operation, doc)
	if err != nil {
		return nil, err
	}
	return ask[RowsAnswer](ctx, c, k)
}

// A Message is a request of any kind, for a graph or for a path that has no method of
// its own here.
type Message struct {
	Method      string // "" is POST if there is a Body, else GET
	Path        string // below the server's address; "" is its root
	Body        []byte
	ContentType string // "" is application/json
	Accept      string
	// Again says that nothing is changed by it, so that it may be sent again when the
	// connection breaks. A GET is so in any case.
	Again bool
}

// A Reply is what a server answered.
type Reply struct {
	Status int // below 400: others are errors
	Header http.Header
	Body   []byte
}

// Decode reads the body as JSON into what v points to.
func (r *Reply) Decode(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// Do sends a message and returns the answer as it is.
func (c *Client) Do(ctx context.Context, m *Message) (*Reply, error) {
	k := &call{method: m.Method, path: m.Path, accept: m.Accept}
	if k.path != "" && !strings.HasPrefix(k.path, "/") {
		k.path = "/" + k.path
	}
	if k.method == "" {
		k.method = http.MethodGet
		if m.Body != nil {
			k.method = http.MethodPost
		}
	}
	k.safe = m.Again || k.method == http.MethodGet || k.method == http.MethodHead
	if m.Body != nil {
		k.body = jsonPayload(m.Body)
		k.body.contentType = orElse(m.ContentType, "application/json")
	}
	r, err := c.send(ctx, k)
	if err != nil {
		return nil, err
	}
	return &Reply{Status: r.status, Header: r.header, Body: r.body}, nil
}

// Post sends an event to a graph at a path and returns the answer. The event is what
// encoding/json makes of it; []byte and [json.RawMessage] go as they are.
func (c *Client) Post(ctx context.Context, path string, event any) (*Reply, error) {
	m := &Message{Method: http.MethodPost, Path: path}
	switch e := event.(type) {
	case []byte:
		m.Body = e
	case json.RawMessage:
		m.Body = e
	default:
		text, err := json.Marshal(event)
		if err != nil {
			return nil, &Error{Op: "POST " + c.shown + path, Code: serve.BadRequest, Err: err}
		}
		m.Body = text
	}
	return c.Do(ctx, m)
}
