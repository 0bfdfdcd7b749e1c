package v2

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// readAnswer is takeAnswer of the body that a model left.
func readAnswer(b serve.Body, column string, one *serve.Tensor) (several []*serve.Tensor, err error) {
	outputs, err := outputsOf(b)
	if err != nil {
		return nil, err
	}
	return takeAnswer(outputs, column, one)
}

// outputsOf is the member "outputs" of an answer, or the answer itself if it is
// a list.
func outputsOf(b serve.Body) (any, error) {
	if v, ok := b.Value(); ok {
		if r, ok := v.(*serve.Response); ok {
			return r.Outputs, nil
		}
	}
	doc, err := oip.Value(b)
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	switch v := doc.(type) {
	case *serve.Object:
		outputs, ok := v.Value("outputs")
		if !ok {
			return nil, errors.New(`the answer has no "outputs"`)
		}
		return outputs, nil
	case []any, *serve.Tensor:
		return v, nil
	case nil:
		return nil, errors.New("the answer is empty")
	}
	return nil, errors.New("the answer is neither an object nor a list")
}

// takeAnswer is what a model answered as tensors: all of its outputs in OIP, the
// rows as one tensor in MLRun's dialect. Where there is one, it becomes a copy of
// that. Of outputs that are an object, or of several tensors, column names the one
// that is the answer; "" takes all there are.
func takeAnswer(outputs any, column string, one *serve.Tensor) (several []*serve.Tensor, err error) {
	switch v := outputs.(type) {
	case []*serve.Tensor:
		return chooseAnswer(v, column, one)
	case *serve.Tensor:
		*one = *v
		return nil, nil
	case []float64:
		return nil, serve.InitTensor(one, "", serve.FP64, lengths(len(v)), v)
	case []int64:
		return nil, serve.InitTensor(one, "", serve.Int64, lengths(len(v)), v)
	case json.RawMessage:
		doc, err := oip.ParseValue(v)
		if err != nil {
			return nil, err
		}
		return takeAnswer(doc, column, one)
	case *serve.Object:
		return memberAnswer(v, column, one)
	case []any:
		return listAnswer(v, column, one)
	}
	t, err := oneTensor(outputs)
	if err != nil {
		return nil, err
	}
	if isScalar(outputs) {
		if t, err = t.Reshaped(); err != nil {
			return nil, err
		}
	}
	*one = *t
	return nil, nil
}

// chooseAnswer takes the tensor of that name, of several.
func chooseAnswer(outs []*serve.Tensor, column string, one *serve.Tensor) (several []*serve.Tensor, err error) {
	switch {
	case len(outs) == 1:
		*one = *outs[0]
		return nil, nil
	case len(outs) == 0:
		return nil, errors.New("there is no output in the answer")
	case column == "":
		return outs, nil
	}
	for _, t := range outs {
		if t.Name == column {
			*one = *t
			return nil, nil
		}
	}
	return nil, fmt.Errorf("there is no output %q in the answer", column)
}

// shortLengths are the shapes of short vectors, of which most answers are one.
var shortLengths = [...][1]int{{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}}

func lengths(n int) []int {
	if n < len(shortLengths) {
		return shortLengths[n][:]
	}
	return []int{n}
}

func isScalar(v any) bool {
	switch v.(type) {
	case bool, string, int, int64, float32, float64:
		return true
	}
	return false
}

// memberAnswer takes one member of an object.
func memberAnswer(o *serve.Object, column string, one *serve.Tensor) (several []*serve.Tensor, err error) {
	if column == "" {
		return nil, errors.New("the outputs are an object: which member is the prediction says prediction_col_name, with format_response_with_col_name_flag")
	}
	v, ok := o.Value(column)
	if !ok {
		return nil, fmt.Errorf("there is no %q in the outputs", column)
	}
	if _, ok := v.(*serve.Object); ok {
		return nil, fmt.Errorf("%q in the outputs is an object", column)
	}
	return takeAnswer(v, "", one)
}

// listAnswer takes a list that is not of numbers: tensors in their JSON form, labels.
func listAnswer(v []any, column string, one *serve.Tensor) (several []*serve.Tensor, err error) {
	if len(v) > 0 && isDict(v[0]) {
		req, err := oip.Request(serve.ValueBody(serve.NewObject(serve.Field{Key: "inputs", Value: v})))
		if err != nil {
			return nil, fmt.Errorf("read the outputs: %w", err)
		}
		if req.Dialect != serve.OIP {
			return nil, errors.New("the outputs are objects, and no tensors")
		}
		return chooseAnswer(req.Inputs, column, one)
	}
	leaves, shape, err := flatten(v)
	if err != nil { // whose words and code are for inputs
		return nil, errors.New("the outputs are lists of different lengths, or objects among others")
	}
	dt := serve.FP64
	if len(leaves) > 0 {
		switch leaves[0].(type) {
		case string:
			dt = serve.Bytes
		case bool:
			dt = serve.Bool
		}
	}
	t, err := fromLeaves(leaves, shape, dt)
	if err != nil {
		return nil, fmt.Errorf("the outputs are not of one kind: %s", err.Error())
	}
	*one = *t
	return nil, nil
}
