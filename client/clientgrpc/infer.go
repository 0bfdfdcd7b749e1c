package clientgrpc

import (
	"context"
	"fmt"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/serve"
)

// Infer asks a model. The request may be used again at once, by several goroutines too;
// the answer is the caller's.
//
// The elements of tensors are sent from where they are. Leave them as they are until
// Infer returns, and, if it returns an error, afterwards as well: what was under way
// when the call was given up may still be sent. Those of the answer are in memory of
// their own, which is at most twice as large.
func (c *Client) Infer(ctx context.Context, req *client.Request) (*client.Response, error) {
	m := method{"ModelInfer", false}
	in, err := encode(req)
	if err != nil {
		return nil, c.unsendable(m.name, err)
	}
	out, id, err := invoke(ctx, c, m, c.calls.ModelInfer, in)
	if err != nil {
		return nil, err
	}
	r, err := decode(out)
	if err != nil {
		return nil, &client.Error{Op: c.op(m.name), Code: serve.Internal, RequestID: id, Err: err}
	}
	r.RequestID = id
	return r, nil
}

func (c *Client) unsendable(method string, err error) *client.Error {
	return &client.Error{Op: c.op(method), Code: serve.BadRequest, Err: fmt.Errorf("make the request: %w", err)}
}
