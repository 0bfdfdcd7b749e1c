package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// BinaryTensors is the extension of the protocol by which tensors travel as bytes.
const BinaryTensors = "binary_tensor_data"

// payload is the body of a request.
func (c *Client) payload(ctx context.Context, req *Request) (*payload, error) {
	if len(req.Inputs) == 0 {
		return nil, errors.New("the request has no inputs")
	}
	binary, err := c.sendsBytes(ctx, req)
	if err != nil {
		return nil, err
	}
	if binary {
		return binaryPayload(req)
	}
	head, err := appendHead(nil, req, req.Parameters)
	if err != nil {
		return nil, err
	}
	if head, err = oip.AppendValue(head, req.Inputs); err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	body, err := appendOutputs(head, req, false)
	return jsonPayload(body), err
}

// sendsBytes says whether the inputs go as bytes.
func (c *Client) sendsBytes(ctx context.Context, req *Request) (bool, error) {
	if c.opts.Encoding == Binary {
		return true, nil
	}
	reason, lossy := "", false
	for _, t := range req.Inputs {
		if why, lost := beyondJSON(t); why != "" && !lossy {
			reason, lossy = fmt.Sprintf("input %q has %s", t.Name, why), lost
		}
	}
	offered := false
	if c.opts.Encoding == Auto && (reason != "" || inputSize(req) >= c.opts.BinaryFrom) {
		var err error
		if offered, err = c.offers(ctx); err != nil {
			return false, err
		}
	}
	if lossy && !offered {
		return false, fmt.Errorf("%s, which JSON cannot say, and tensors are not sent as bytes", reason)
	}
	return offered, nil
}

func inputSize(req *Request) (n int) {
	for _, t := range req.Inputs {
		n += len(t.Raw())
		for _, s := range t.Strings() {
			n += len(s)
		}
	}
	return n
}

// beyondJSON says what of a tensor is better sent as bytes; lossy if it cannot be
// sent as JSON at all. NaN can: null is read as a missing value.
func beyondJSON(t *Tensor) (why string, lossy bool) {
	switch t.Datatype {
	case serve.FP16, serve.BF16:
		return "datatype " + t.Datatype.String(), true
	case serve.Bytes:
		if !slices.ContainsFunc(t.Strings(), func(s string) bool { return !utf8.ValidString(s) }) {
			return "", false
		}
		return "an element that is not UTF-8", true
	case serve.FP32:
		elems, _ := serve.Data[float32](t)
		return unusual(elems)
	case serve.FP64:
		elems, _ := serve.Data[float64](t)
		return unusual(elems)
	}
	return "", false
}

func unusual[F float32 | float64](elems []F) (why string, lossy bool) {
	for _, f := range elems {
		switch v := float64(f); {
		case math.IsInf(v, 0):
			return "an infinite element", true
		case math.IsNaN(v):
			why = "an element that is not a number"
		}
	}
	return why, false
}

// binaryPayload is the body of a request whose elements are behind the JSON, and
// whose answer is wanted like that.
func binaryPayload(req *Request) (*payload, error) {
	all := map[string]any{"binary_data_output": true}
	maps.Copy(all, req.Parameters)
	head, err := appendHead(nil, req, all)
	if err != nil {
		return nil, err
	}
	p := &payload{parts: make([][]byte, 1, len(req.Inputs)+1), contentType: "application/octet-stream"}
	head = append(head, '[')
	for i, t := range req.Inputs {
		raw := t.Raw()
		if t.Datatype == serve.Bytes {
			raw = oip.AppendFramed(nil, t)
		}
		p.parts = append(p.parts, raw)
		if i > 0 {
			head = append(head, ',')
		}
		if head, err = appendSized(head, t, len(raw)); err != nil {
			return nil, err
		}
	}
	p.parts[0], err = appendOutputs(append(head, ']'), req, true)
	p.head = len(p.parts[0])
	return p, err
}

// appendSized appends what is said of an input whose elements are elsewhere.
func appendSized(dst []byte, t *Tensor, size int) ([]byte, error) {
	parameters := map[string]any{}
	maps.Copy(parameters, t.Parameters)
	parameters["binary_data_size"] = size
	dst = jsontext.AppendString(append(dst, `{"name":`...), t.Name)
	dst, err := oip.AppendValue(append(dst, `,"shape":`...), append([]int{}, t.Shape...))
	if err == nil {
		dst = jsontext.AppendString(append(dst, `,"datatype":`...), t.Datatype.String())
		dst, err = oip.AppendValue(append(dst, `,"parameters":`...), parameters)
	}
	if err != nil {
		return dst, fmt.Errorf("input %q: %w", t.Name, err)
	}
	return append(dst, '}'), nil
}

// appendHead appends a request up to its inputs.
func appendHead(dst []byte, req *Request, parameters map[string]any) (_ []byte, err error) {
	dst = append(dst, '{')
	if req.ID != "" {
		dst = append(jsontext.AppendString(append(dst, `"id":`...), req.ID), ',')
	}
	if len(parameters) > 0 {
		if dst, err = oip.AppendValue(append(dst, `"parameters":`...), parameters); err != nil {
			return dst, fmt.Errorf("parameters: %w", err)
		}
		dst = append(dst, ',')
	}
	return append(dst, `"inputs":`...), nil
}

// appendOutputs appends the outputs that are wanted, and the end. Servers differ in
// whether binary_data_output is about outputs that are listed, so each says it.
func appendOutputs(dst []byte, req *Request, binary bool) (_ []byte, err error) {
	for i := range req.Outputs {
		o := &req.Outputs[i]
		if i == 0 {
			dst = append(dst, `,"outputs":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = jsontext.AppendString(append(dst, `{"name":`...), o.Name)
		if parameters := o.parameters(binary); len(parameters) > 0 {
			if dst, err = oip.AppendValue(append(dst, `,"parameters":`...), parameters); err != nil {
				return dst, fmt.Errorf("output %q: %w", o.Name, err)
			}
		}
		dst = append(dst, '}')
	}
	if len(req.Outputs) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}'), nil
}
