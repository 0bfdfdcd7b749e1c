package oip

import (
	"errors"
	"fmt"
	"math"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// requestOf reads a request from a body that a step made as a Go value.
func requestOf(v any) (*serve.Request, error) {
	switch v := v.(type) {
	case *serve.Request:
		return v, nil
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
		if t := dense(v); t != nil {
			req.Data, req.Inputs = t, []*serve.Tensor{t}
		}
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

// dense makes a tensor of a list that steps have made: numbers, or lists of one
// length of them at every level; nil where it is another list. It is of integers
// if every number is one.
func dense(list []any) *serve.Tensor {
	d := denser{whole: true}
	if !d.add(list, 0) || len(d.floats) == 0 {
		return nil
	}
	if d.whole {
		return serve.NewTensor("", d.ints, d.shape...)
	}
	t, err := serve.MakeTensor("", serve.FP64, d.shape, d.floats)
	if err != nil || d.lossy {
		return nil
	}
	t.SetSource(nil, d.wholes > 0)
	return &t
}

// A denser collects the numbers of nested lists.
type denser struct {
	shape  []int // -1 at the level of numbers
	ints   []int64
	floats []float64
	whole  bool // all so far are integers
	wholes int  // how many are
	lossy  bool // float64 does not hold one of them
}

// add takes the list at a level; it reports false where it is not rectangular or
// not of numbers.
func (d *denser) add(list []any, level int) bool {
	if level == jsontext.MaxDepth {
		return false
	}
	if level == len(d.shape) {
		if len(d.floats) > 0 { // a list where there were numbers
			return false
		}
		d.shape = append(d.shape, len(list))
	}
	if d.shape[level] != len(list) {
		return false
	}
	for _, item := range list {
		if !d.item(item, level) {
			return false
		}
	}
	return true
}

func (d *denser) item(item any, level int) bool {
	switch v := item.(type) {
	case []any:
		return d.add(v, level+1)
	case *serve.Tensor:
		rows, ok := v.Rows().([]any)
		return ok && d.add(rows, level+1)
	}
	if level != len(d.shape)-1 { // a number where there were lists
		return false
	}
	switch v := item.(type) {
	case int64:
		d.wholes++
		d.ints, d.floats = append(d.ints, v), append(d.floats, float64(v))
		d.lossy = d.lossy || int64(float64(v)) != v
		return true
	case float64:
		d.whole = false
		d.floats = append(d.floats, v)
		return true
	case nil: // a missing value
		d.whole = false
		d.floats = append(d.floats, math.NaN())
		return true
	}
	return false
}
