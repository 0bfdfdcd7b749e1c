package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
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
	return responseOf(answer, r.header.Get(requestIDHeader)), nil
}

func responseOf(answer *serve.Response, requestID string) *Response {
	outputs, _ := answer.Outputs.([]*Tensor)
	return &Response{
		Model: answer.ModelName, Version: answer.ModelVersion, ID: answer.ID, Parameters: answer.Parameters,
		Outputs: outputs, RequestID: requestID,
	}
}

// InferStream asks a model that may answer several times, and returns the answers one
// by one as they come, as leat's and MLServer's infer_stream has them. Tensors are JSON
// both ways. Errors are as with [Client.GenerateStream], and so is the end.
func (c *Client) InferStream(ctx context.Context, req *Request) iter.Seq2[*Response, error] {
	return func(yield func(*Response, error) bool) {
		k := &call{method: http.MethodPost, path: modelPath(req.Model, req.Version) + "/infer_stream"}
		inJSON := Client{opts: Options{Encoding: JSON}}
		body, err := inJSON.payload(ctx, req)
		if err != nil {
			yield(nil, &Error{Op: k.op(c), Code: serve.BadRequest, Err: fmt.Errorf("make the request: %w", err)})
			return
		}
		k.body = body
		for data, err := range c.events(ctx, k) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(c.streamed(k, data)) {
				return
			}
		}
	}
}

// streamed is one answer of a stream, which may be an error.
func (c *Client) streamed(k *call, data []byte) (*Response, error) {
	if failed := c.inStream(k, data); failed != nil {
		return nil, failed
	}
	answer, err := oip.Answer(data, len(data))
	if err != nil {
		return nil, unreadable(k.op(c), err)
	}
	return responseOf(answer, ""), nil
}

// inStream is the error that an event tells of; nil if it tells of none.
func (c *Client) inStream(k *call, data []byte) *Error {
	var doc struct{ Error *string }
	_ = json.Unmarshal(data, &doc) // what cannot be read tells of no error
	if doc.Error == nil {
		return nil
	}
	return &Error{Op: k.op(c), Code: serve.Internal, Status: http.StatusOK, StatusText: statusText(http.StatusOK), Message: *doc.Error, Ongoing: true}
}
