package cli

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/leat-ml/leat/client"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// An asker is a client of the Open Inference Protocol, over HTTP or gRPC.
type asker interface {
	ModelMetadata(ctx context.Context, model, version string) (*client.ModelMetadata, error)
	Infer(ctx context.Context, req *client.Request) (*client.Response, error)
}

// wholeRequest is what to give where rows alone do not do.
const wholeRequest = `give a whole request, {"inputs": [{"name": …, "datatype": …, "shape": […], "data": […]}]}`

// inferTensors asks with tensors, which rows become first, and returns the answer in
// JSON.
func (c *inferCmd) inferTensors(ctx context.Context, cl asker, body []byte) ([]byte, error) {
	asked, err := oip.Request(serve.RawBody(body))
	if err != nil {
		return nil, badUsage("-d: %v", err)
	}
	req := &client.Request{Model: c.Model, Version: c.Version, ID: asked.ID, Parameters: asked.Parameters, Inputs: asked.Inputs}
	for _, o := range asked.Outputs {
		req.Outputs = append(req.Outputs, client.Output{Name: o.Name, Parameters: o.Parameters})
	}
	if asked.Dialect != serve.OIP {
		if req.Inputs, err = c.tensorsOf(ctx, cl, asked.Data); err != nil {
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

// tensorsOf makes rows the inputs that the model's metadata describes.
func (c *inferCmd) tensorsOf(ctx context.Context, cl asker, rows any) ([]*serve.Tensor, error) {
	meta, err := cl.ModelMetadata(ctx, c.Model, c.Version)
	if err != nil {
		return nil, err
	}
	if len(meta.Inputs) == 0 {
		return nil, badUsage("-d: the model does not say what it takes, which rows alone need here: %s", wholeRequest)
	}
	about := &serve.Description{Inputs: make([]serve.TensorSpec, len(meta.Inputs))}
	for i, in := range meta.Inputs {
		dt := serve.ParseDatatype(in.Datatype)
		if dt == serve.Invalid {
			return nil, badUsage("-d: the model takes %q of datatype %q, which rows cannot become: %s", in.Name, in.Datatype, wholeRequest)
		}
		about.Inputs[i] = serve.TensorSpec{Name: in.Name, Datatype: dt, Shape: shapeOf(in.Shape)}
	}
	tensors, err := v2.FromRows(rows, about)
	if err != nil {
		return nil, badUsage("-d: %v", err)
	}
	return tensors, nil
}

// shapeOf is a shape of metadata. Without any length it is any: MLServer lets those who
// write the file leave it out.
func shapeOf(lengths []int64) []int {
	var shape []int
	for _, n := range lengths {
		shape = append(shape, int(n))
	}
	return shape
}

// afterRefusal asks again with tensors where a server has refused rows, which are no
// part of the Open Inference Protocol. What leat has refused is refused: it takes rows.
func (c *inferCmd) afterRefusal(ctx context.Context, cl *client.Client, body []byte, refused error) ([]byte, error) {
	asked, err := oip.Request(serve.RawBody(body))
	if err != nil || asked.Dialect == serve.OIP || !saysUnreadable(refused) {
		return nil, refused
	}
	about, err := cl.ServerMetadata(ctx)
	if err != nil || about.Name == "" || about.Name == "leat" {
		return nil, refused
	}
	return c.inferTensors(ctx, cl, body)
}

// saysUnreadable says whether err is how servers answer a request that they cannot read.
// Triton and MLServer have statuses for it that others have for failures of models.
func saysUnreadable(err error) bool {
	var own *client.Error
	return errors.As(err, &own) && slices.Contains([]int{
		http.StatusBadRequest, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusNotImplemented,
	}, own.Status)
}
