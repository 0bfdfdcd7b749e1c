package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/client/clientgrpc"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// overGRPC asks as overHTTP does, and returns what HTTP would have for a body: the
// answer in JSON.
func (c *inferCmd) overGRPC(ctx context.Context, from where, body []byte) ([]byte, error) {
	cl, err := clientgrpc.New(from.base, &clientgrpc.Options{Timeout: -1, Retries: -1})
	if err != nil {
		return nil, badUsage("%s: %v", from.flag, err)
	}
	defer func() { _ = cl.Close() }()
	switch c.Operation {
	case "infer", "predict":
		return c.inferOverGRPC(ctx, cl, body)
	case "metadata":
		meta, err := cl.ModelMetadata(ctx, c.Model, c.Version)
		if err != nil {
			return nil, err
		}
		return json.Marshal(meta)
	case "ready":
		ready, err := cl.ModelReady(ctx, c.Model, c.Version)
		if err != nil {
			return nil, err
		}
		return json.Marshal(map[string]any{"name": c.Model, "ready": ready})
	}
	return nil, badUsage("--operation %s: over gRPC there are infer, ready and metadata", c.Operation)
}

func (c *inferCmd) inferOverGRPC(ctx context.Context, cl *clientgrpc.Client, body []byte) ([]byte, error) {
	asked, err := oip.Request(serve.RawBody(body))
	if err != nil {
		return nil, badUsage("-d: %v", err)
	}
	req := &client.Request{Model: c.Model, Version: c.Version, ID: asked.ID, Parameters: asked.Parameters, Inputs: asked.Inputs}
	for _, o := range asked.Outputs {
		req.Outputs = append(req.Outputs, client.Output{Name: o.Name, Parameters: o.Parameters})
	}
	if asked.Dialect != serve.OIP {
		if req.Inputs, err = rowsOf(ctx, cl, c, asked.Data); err != nil {
			return nil, err
		}
	}
	resp, err := cl.Infer(ctx, req)
	if err != nil {
		return nil, err
	}
	return oip.AppendValue(nil, &serve.Response{
		ID: resp.ID, ModelName: resp.Model, ModelVersion: resp.Version, Dialect: serve.OIP, Parameters: resp.Parameters, Outputs: resp.Outputs,
	})
}

// rowsOf makes rows the one input of a model: gRPC has tensors alone.
func rowsOf(ctx context.Context, cl *clientgrpc.Client, c *inferCmd, rows any) ([]*serve.Tensor, error) {
	t, ok := rows.(*serve.Tensor)
	if !ok {
		return nil, badUsage("-d: rows have to be numbers, and each as long as the others, for gRPC: give a whole request, {\"inputs\": [{\"name\": …, \"datatype\": …, \"shape\": […], \"data\": […]}]}")
	}
	meta, err := cl.ModelMetadata(ctx, c.Model, c.Version)
	if err != nil {
		return nil, err
	}
	if len(meta.Inputs) == 0 {
		return nil, badUsage("-d: the model does not say what it takes, which rows alone need over gRPC: give a whole request")
	}
	if len(meta.Inputs) != 1 {
		return nil, badUsage("-d: the model has %d inputs, and rows alone do for one over gRPC: give a whole request", len(meta.Inputs))
	}
	in := meta.Inputs[0]
	if len(t.Shape) == 1 && len(in.Shape) == 2 { // one row
		if t, err = t.Reshaped(1, t.Shape[0]); err != nil {
			return nil, fmt.Errorf("shape the row: %w", err)
		}
	}
	cast, err := as(t, serve.ParseDatatype(in.Datatype))
	if err != nil {
		return nil, badUsage("-d: %v", err)
	}
	return []*serve.Tensor{cast.Named(in.Name)}, nil
}

// as is t, whose elements are numbers as JSON has them, in another datatype.
func as(t *serve.Tensor, dt serve.Datatype) (*serve.Tensor, error) {
	if dt == t.Datatype {
		return t, nil
	}
	// What oip writes and reads checks ranges and fractions by itself.
	text, err := oip.AppendValue([]byte(`{"inputs":[{"name":"x","datatype":"`+dt.String()+`","shape":`), t.Shape)
	if err != nil {
		return nil, err
	}
	if text, err = oip.AppendValue(append(text, `,"data":`...), t); err != nil {
		return nil, err
	}
	req, err := oip.Request(serve.RawBody(append(text, "}]}"...)))
	if err != nil {
		return nil, err
	}
	return req.Inputs[0], nil
}
