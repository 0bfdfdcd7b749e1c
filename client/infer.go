package client

import (
	"context"
	"fmt"
	"net/http"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// Infer asks a model. The request may be used again at once; the answer is the
// caller's.
func (c *Client) Infer(ctx context.Context, req *Request) (*Response, error) {
	k := &call{method: http.MethodPost, path: modelPath(req.Model, req.Version) + "/infer"}
	body, err := c.payload(ctx, req)
	if err != nil {
		return nil, &Error{Op: k.op(c), Code: serve.BadRequest, Err: fmt.Errorf("make the request: %w", err)}
	}
	k.body = body
	r, err := c.send(ctx, k)
	if err != nil {
		return nil, err
	}
	return c.response(k, r)
}

func (c *Client) response(k *call, r *reply) (*Response, error) {
	answer, err := oip.Answer(r.body, r.head)
	if err != nil {
		return nil, unreadable(k.op(c), err)
	}
	outputs, _ := answer.Outputs.([]*Tensor)
	return &Response{
		Model: answer.ModelName, Version: answer.ModelVersion, ID: answer.ID, Parameters: answer.Parameters,
		Outputs: outputs, RequestID: r.header.Get(requestIDHeader),
	}, nil
}
