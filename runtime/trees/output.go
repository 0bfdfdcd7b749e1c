package trees

import (
	"fmt"

	"github.com/leat-ml/leat/serve"
)

// outputOf reads the parameter "output".
func outputOf(parameters map[string]any, otherwise Output) (Output, error) {
	switch v := parameters["output"]; v {
	case nil:
		return otherwise, nil
	case "response":
		return Response, nil
	case "margin":
		return Margin, nil
	case "leaf":
		return Leaf, nil
	case "contrib":
		return Contrib, nil
	default:
		return 0, fmt.Errorf("output %#v is not \"response\", \"margin\", \"leaf\" or \"contrib\"", v)
	}
}

// shape is that of an output for n rows: of leaves, a row of one a tree; of
// contributions, a row of one a feature and the expected margin, or such rows for
// each margin; of predictions, a number, or a row of numbers.
func shape(e *Ensemble, out Output, n int) []int {
	width, groups := e.Width(out), e.Info().Groups
	switch {
	case out == Contrib && groups > 1:
		return []int{n, groups, width / groups}
	case out == Leaf || out == Contrib || width > 1:
		return []int{n, width}
	}
	return []int{n}
}

// maxValues is how many leaf indexes or contributions an answer may have, since
// they can be many more than the numbers of the request.
const maxValues = 1 << 26

// offers says why the model does not have an output of n rows.
func (m *Model) offers(out Output, n int) error {
	if err := m.ensemble.Offers(out); err != nil {
		return &serve.Error{Code: serve.NotOffered, Class: "NotImplementedError", Err: err}
	}
	if width := m.ensemble.Width(out); n > maxValues/max(1, width) {
		return serve.Errorf(serve.TooLarge, "ValueError", "%d rows have %d values each, more than %d in all: ask for fewer rows at a time", n, width, maxValues)
	}
	return nil
}

// leaves are the leaf indexes of n rows.
func leaves(m *Model, t *serve.Tensor, n int, name string) (*serve.Tensor, error) {
	dst := make([]int32, n*m.ensemble.Width(Leaf))
	var err error
	if m.wide(t) {
		var rows []float64
		if rows, err = t.Float64s(nil); err == nil {
			err = Leaves(m.ensemble, dst, rows, n)
		}
	} else {
		var rows []float32
		if rows, err = t.Float32s(nil); err == nil {
			err = Leaves(m.ensemble, dst, rows, n)
		}
	}
	if err != nil {
		return nil, &serve.Error{Code: serve.BadRequest, Class: "ValueError", Err: err}
	}
	return serve.NewTensor(name, dst, shape(m.ensemble, Leaf, n)...), nil
}
