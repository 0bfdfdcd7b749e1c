package v2

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// An answer is what one model answered, as tensors: all of its outputs in OIP,
// the rows as one tensor in MLRun's dialect.
type answer struct {
	one     serve.Tensor    // a copy of the only one
	several []*serve.Tensor // nil where there is one
}

// read takes the answer from the body that a model left. Of outputs that are an
// object, or of several tensors, column names the one that is the answer; ""
// takes all there are.
func (a *answer) read(b serve.Body, column string) error {
	outputs, err := outputsOf(b)
	if err != nil {
		return err
	}
	return a.take(outputs, column)
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

func (a *answer) take(outputs any, column string) error {
	switch v := outputs.(type) {
	case []*serve.Tensor:
		return a.choose(v, column)
	case *serve.Tensor:
		a.one = *v
		return nil
	case []float64:
		return serve.InitTensor(&a.one, "", serve.FP64, lengths(len(v)), v)
	case []int64:
		return serve.InitTensor(&a.one, "", serve.Int64, lengths(len(v)), v)
	case json.RawMessage:
		doc, err := oip.ParseValue(v)
		if err != nil {
			return err
		}
		return a.take(doc, column)
	case *serve.Object:
		return a.member(v, column)
	case []any:
		return a.list(v, column)
	}
	t, err := oneTensor(outputs)
	if err != nil {
		return err
	}
	if isScalar(outputs) {
		if t, err = t.Reshaped(); err != nil {
			return err
		}
	}
	a.one = *t
	return nil
}

// choose takes the tensor of that name, of several.
func (a *answer) choose(outs []*serve.Tensor, column string) error {
	switch {
	case len(outs) == 1:
		a.one = *outs[0]
		return nil
	case len(outs) == 0:
		return errors.New("there is no output in the answer")
	case column == "":
		a.several = outs
		return nil
	}
	for _, t := range outs {
		if t.Name == column {
			a.one = *t
			return nil
		}
	}
	return fmt.Errorf("there is no output %q in the answer", column)
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

// member takes one member of an object.
func (a *answer) member(o *serve.Object, column string) error {
	if column == "" {
		return errors.New("the outputs are an object: which member is the prediction says prediction_col_name, with format_response_with_col_name_flag")
	}
	v, ok := o.Value(column)
	if !ok {
		return fmt.Errorf("there is no %q in the outputs", column)
	}
	if _, ok := v.(*serve.Object); ok {
		return fmt.Errorf("%q in the outputs is an object", column)
	}
	return a.take(v, "")
}

// list takes a list that is not of numbers: tensors in their JSON form, labels.
func (a *answer) list(v []any, column string) error {
	if len(v) > 0 && isDict(v[0]) {
		req, err := oip.Request(serve.ValueBody(serve.NewObject(serve.Field{Key: "inputs", Value: v})))
		if err != nil {
			return fmt.Errorf("read the outputs: %w", err)
		}
		if req.Dialect != serve.OIP {
			return errors.New("the outputs are objects, and no tensors")
		}
		return a.choose(req.Inputs, column)
	}
	leaves, shape, err := flatten(v)
	if err != nil { // whose words and code are for inputs
		return errors.New("the outputs are lists of different lengths, or objects among others")
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
		return fmt.Errorf("the outputs are not of one kind: %s", err.Error())
	}
	a.one = *t
	return nil
}
