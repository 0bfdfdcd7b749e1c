package foreign

import (
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// A Forest makes of what a model of trees answers what Triton's FIL backend does
// (docs/model_config.md of triton-inference-server/fil_backend): FP32 in rows, the
// number of a class where the model is a classifier, or its probabilities.
type Forest struct {
	Output string // the name of the output
	// Classes says that the model is a classifier; Probabilities that they are
	// wanted and not the class.
	Classes, Probabilities bool
	// Threshold is from where on the second of two classes is the answer.
	Threshold float64
	// Width is how many numbers a row of the output has; 0 is as many as there are.
	Width int
}

// Check implements [Adapter].
func (f *Forest) Check(d serve.Description) error {
	if len(d.Outputs) != 1 {
		return fmt.Errorf("the model has %d outputs, and not one", len(d.Outputs))
	}
	have := 1
	if s := d.Outputs[0].Shape; len(s) > 1 {
		have = s[1]
	}
	two := have == 1 && f.Classes && f.Probabilities
	switch {
	case f.Width == 0, f.Width == have && (!f.Classes || f.Probabilities), two && f.Width == 2, f.Classes && !f.Probabilities && f.Width == 1:
		return nil
	case f.Classes && !f.Probabilities:
		return fmt.Errorf("output %q is declared with %d numbers a row, but a class is one: set predict_proba for probabilities", f.Output, f.Width)
	}
	return fmt.Errorf("output %q is declared with %d numbers a row, but the model answers with %d", f.Output, f.Width, have)
}

// In implements [Adapter].
func (f *Forest) In(req *serve.Request) (*serve.Request, error) { return req, nil }

// Out implements [Adapter].
func (f *Forest) Out(outputs []*serve.Tensor) ([]*serve.Tensor, error) {
	if len(outputs) != 1 || len(outputs[0].Shape) == 0 {
		return nil, fmt.Errorf("the model answered with %d outputs", len(outputs))
	}
	t := outputs[0]
	values, err := t.Float32s(nil)
	if err != nil {
		return nil, err
	}
	rows, width := t.Shape[0], 1
	if len(t.Shape) > 1 {
		width = t.Shape[1]
	}
	switch {
	case f.Classes && !f.Probabilities && width > 1:
		values, width = best(values, rows, width), 1
	case f.Classes && !f.Probabilities:
		values = f.decided(values)
	case f.Classes && f.Probabilities && width == 1 && f.Width == 2:
		values, width = both(values), 2
	}
	if width == 1 && f.Width == 0 {
		return []*serve.Tensor{serve.NewTensor(f.Output, values, rows)}, nil
	}
	return []*serve.Tensor{serve.NewTensor(f.Output, values, rows, width)}, nil
}

// decided is the class by the probability of the second. What is more than 1 is no
// probability, but a class that the model has chosen itself.
func (f *Forest) decided(values []float32) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		switch {
		case v > 1:
			out[i] = v
		case v > float32(f.Threshold):
			out[i] = 1
		}
	}
	return out
}

// best is the column of the highest number of each row, the first of equal ones.
func best(values []float32, rows, width int) []float32 {
	out := make([]float32, rows)
	for r := range rows {
		row, at := values[r*width:(r+1)*width], 0
		for i, v := range row {
			if v > row[at] {
				at = i
			}
		}
		out[r] = float32(at)
	}
	return out
}

// both are the probabilities of two classes by that of the second.
func both(values []float32) []float32 {
	out := make([]float32, 0, 2*len(values))
	for _, v := range values {
		out = append(out, 1-v, v)
	}
	return out
}
