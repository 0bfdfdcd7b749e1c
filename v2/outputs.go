package v2

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

func appendJSON(v any) ([]byte, error) { return oip.AppendValue(nil, v) }

// plain is what MLRun's dialect answers: of tensors the first one's rows, of
// anything else itself. What cannot be written as JSON is an error.
func plain(outputs any) (any, error) {
	switch v := outputs.(type) {
	case []*serve.Tensor:
		if len(v) == 0 {
			return []any{}, nil
		}
		return v[0], nil
	case nil, *serve.Tensor, string, bool, float64, float32, int, int64, []float64, []float32, []int64, []int, []string, [][]float64, [][]float32:
		return outputs, nil
	case json.RawMessage:
		if !json.Valid(v) {
			return nil, errors.New("the outputs are a json.RawMessage that is not JSON")
		}
		return outputs, nil
	}
	text, err := appendJSON(outputs)
	if err != nil {
		return nil, err
	}
	return json.RawMessage(text), nil
}

// tensors is what OIP answers. Tensors are themselves; a number, a string or a
// slice of them is one tensor; a map is a tensor a key; what is none of these
// is its JSON text in a BYTES tensor.
func tensors(outputs any, req *serve.Request, d *serve.Description) ([]*serve.Tensor, error) {
	all, err := allTensors(outputs, d)
	if err != nil || len(req.Outputs) == 0 {
		return all, err
	}
	chosen := make([]*serve.Tensor, 0, len(req.Outputs))
	for _, w := range req.Outputs {
		at := slices.IndexFunc(all, func(t *serve.Tensor) bool { return t.Name == w.Name })
		switch {
		case at >= 0:
			t, err := classify(all[at], &w, d)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, t)
		case slices.ContainsFunc(d.Outputs, func(s serve.TensorSpec) bool { return s.Name == w.Name }):
			// The model has left it out: Triton's may, and then the answer is without it.
		default:
			return nil, badInput("there is no output %q", w.Name)
		}
	}
	return chosen, checkOutputs(req.Outputs, nil)
}

func allTensors(outputs any, d *serve.Description) ([]*serve.Tensor, error) {
	switch v := outputs.(type) {
	case []*serve.Tensor:
		return v, nil
	case map[string]any:
		out := make([]*serve.Tensor, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			t, err := oneTensor(v[key])
			if err != nil {
				return nil, fmt.Errorf("output %q: %w", key, err)
			}
			out = append(out, t.Named(key))
		}
		return out, nil
	}
	t, err := oneTensor(outputs)
	if err != nil {
		return nil, err
	}
	if t.Name == "" {
		t = t.Named(outputName(d))
	}
	return []*serve.Tensor{t}, nil
}

// column is the tensor of a model's only output, in one allocation or none.
func column[T serve.Element](in *inference, dt serve.Datatype, elems []T) (*serve.Tensor, error) {
	r := &struct {
		tensor serve.Tensor
		shape  [1]int
	}{shape: [1]int{len(elems)}}
	err := serve.InitTensor(&r.tensor, outputName(in.s.desc.Load()), dt, r.shape[:], elems)
	return &r.tensor, err
}

func outputName(d *serve.Description) string {
	switch {
	case len(d.Outputs) == 1:
		return d.Outputs[0].Name
	case len(d.Labels) == 1:
		return d.Labels[0].Name
	}
	return "output-0"
}

func oneTensor(v any) (*serve.Tensor, error) {
	switch v := v.(type) {
	case *serve.Tensor:
		return v, nil
	case float64:
		return serve.NewTensor("", []float64{v}), nil
	case float32:
		return serve.NewTensor("", []float32{v}), nil
	case int64:
		return serve.NewTensor("", []int64{v}), nil
	case int:
		return serve.NewTensor("", []int64{int64(v)}), nil
	case bool:
		return serve.NewTensor("", []bool{v}), nil
	case string:
		return serve.NewBytes("", []string{v}), nil
	case []float64:
		return serve.NewTensor("", v), nil
	case []float32:
		return serve.NewTensor("", v), nil
	case []int64:
		return serve.NewTensor("", v), nil
	case []bool:
		return serve.NewTensor("", v), nil
	case []string:
		return serve.NewBytes("", v), nil
	}
	return fromJSON(v)
}

// fromJSON makes a tensor of what v is as JSON.
func fromJSON(v any) (*serve.Tensor, error) {
	text, err := appendJSON(v)
	if err != nil {
		return nil, err
	}
	doc, err := oip.ParseValue(text)
	switch doc.(type) {
	case int64, float64, serve.Number, bool, string: // a tensor of one element
		doc, err = oip.ParseValue(slices.Concat([]byte("["), text, []byte("]")))
	}
	if err != nil {
		return nil, err
	}
	if t, ok := doc.(*serve.Tensor); ok {
		return t, nil
	}
	leaves, shape, err := flatten(doc)
	if err == nil && len(shape) > 0 {
		for _, dt := range []serve.Datatype{serve.Bytes, serve.Bool, serve.FP64} {
			if t, err := fromLeaves(leaves, shape, dt); err == nil {
				return t, nil
			}
		}
	}
	return serve.NewBytes("", []string{string(text)}), nil
}
