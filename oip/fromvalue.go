package oip

import (
	"errors"
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// requestOf reads a request from a body that a step made as a Go value.
func requestOf(v any) (*serve.Request, error) {
	switch v := v.(type) {
	case *serve.Object:
		return requestOfObject(v)
	case *serve.Response:
		return requestOfObject(responseObject(v))
	case []byte:
		return parseRequest(v)
	case string:
		return parseRequest([]byte(v))
	}
	// Any other value is what encoding/json makes of it.
	raw, err := AppendValue(nil, v)
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	return parseRequest(raw)
}

func requestOfObject(o *serve.Object) (*serve.Request, error) {
	req := &serve.Request{}
	inputs, present := o.Value("inputs")
	if list, ok := inputs.([]any); ok && anyTensor(list) {
		// Rare: OIP tensors that went through a step as plain values.
		raw, err := AppendValue(nil, o)
		if err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		return parseRequest(raw)
	}
	req.Data = inputs
	switch v := inputs.(type) {
	case *serve.Tensor:
		req.Inputs = []*serve.Tensor{v}
		req.SetPresence(present, len(v.Shape) > 0)
	case []any:
		req.SetPresence(present, true)
	default:
		req.SetPresence(present, false)
	}
	return req, requestMembers(req, o)
}

func requestMembers(req *serve.Request, o *serve.Object) (err error) {
	if id, ok := o.Value("id"); ok && id != nil {
		req.ID, _ = id.(string)
		if req.RawID, err = AppendValue(nil, id); err != nil {
			return fmt.Errorf("id: %w", err)
		}
	}
	if m, ok := o.Value("model"); ok {
		req.Model, _ = m.(string)
	}
	if op, ok := o.Value("operation"); ok {
		req.Operation, _ = op.(string)
	}
	if p, ok := o.Value("parameters"); ok && p != nil {
		params, ok := p.(*serve.Object)
		if !ok {
			return errors.New("parameters is not an object")
		}
		req.Parameters = make(map[string]any, params.Len())
		for k, v := range params.All() {
			req.Parameters[k] = v
		}
	}
	return nil
}

func anyTensor(list []any) bool {
	for _, item := range list {
		if o, ok := item.(*serve.Object); ok {
			_, hasType := o.Value("datatype")
			_, hasData := o.Value("data")
			if hasType || hasData {
				return true
			}
		}
	}
	return false
}
