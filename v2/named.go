package v2

import (
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// byColumn says whether a request has a tensor a column for a model whose one
// input is a matrix of numbers with named columns.
func byColumn(inputs []*serve.Tensor, d *serve.Description) bool {
	if len(d.Inputs) != 1 || len(d.Features) == 0 || len(inputs) == 0 {
		return false
	}
	s := &d.Inputs[0]
	if !s.Datatype.Numeric() || len(s.Shape) != 2 || s.Shape[1] != len(d.Features) {
		return false
	}
	one := inputs[0]
	return len(inputs) > 1 || (len(d.Features) == 1 && len(one.Shape) == 1 && one.Name == d.Features[0].Name)
}

// fromColumns makes the matrix, in which each column is found by its name.
func fromColumns(inputs []*serve.Tensor, d *serve.Description) (*serve.Tensor, error) {
	at, err := columnOrder(inputs, d.Features)
	if err != nil {
		return nil, err
	}
	return matrixOf(inputs, at, d)
}

// frameType is the content type by which MLServer's clients say that the inputs of
// a request are the columns of a data frame.
const frameType = "pd"

// frameOf says whether a request is a data frame for a model whose one input is a
// matrix of numbers whose columns have no names.
func frameOf(req *serve.Request, d *serve.Description) bool {
	if len(d.Inputs) != 1 || len(d.Features) > 0 || len(req.Inputs) == 0 || req.Parameters["content_type"] != frameType {
		return false
	}
	s := &d.Inputs[0]
	return s.Datatype.Numeric() && len(s.Shape) == 2
}

// fromFrame makes the matrix, whose columns are in the order of the inputs. Names are
// checked no more than they are when the client sends the matrix itself.
func fromFrame(inputs []*serve.Tensor, d *serve.Description) (*serve.Tensor, error) {
	if width := d.Inputs[0].Shape[1]; width >= 0 && width != len(inputs) {
		return nil, badInput("the data frame has %d columns, but the model takes %d", len(inputs), width)
	}
	at := make([]int, len(inputs))
	for i := range at {
		at[i] = i
	}
	return matrixOf(inputs, at, d)
}

// matrixOf puts each input into the column of its number.
func matrixOf(inputs []*serve.Tensor, at []int, d *serve.Description) (*serve.Tensor, error) {
	rows, width := inputs[0].Len(), len(inputs)
	for _, t := range inputs {
		if t.Len() != rows || (len(t.Shape) != 1 && !(len(t.Shape) == 2 && t.Shape[1] == 1)) {
			return nil, badInput("input %q has shape %v, but input %q has %v: columns are alike, [rows] or [rows 1]",
				t.Name, t.Shape, inputs[0].Name, inputs[0].Shape)
		}
	}
	matrix := make([]float64, rows*width)
	for i, t := range inputs {
		column, err := t.Float64s(nil)
		if err != nil {
			return nil, badInput("input %q: %w", t.Name, err)
		}
		for r, v := range column {
			matrix[r*width+at[i]] = v
		}
	}
	return toSpec(serve.NewTensor("", matrix, rows, width), &d.Inputs[0])
}

// columnOrder is the number of each input's column. The names must be those of
// the model, in any order.
func columnOrder(inputs []*serve.Tensor, features []serve.Feature) ([]int, error) {
	numbers := make(map[string]int, len(features))
	for i, f := range features {
		numbers[f.Name] = i
	}
	at, seen := make([]int, len(inputs)), make([]bool, len(features))
	for i, t := range inputs {
		n, ok := numbers[t.Name]
		if !ok {
			return nil, badInput("there is no input %q: the model has the features %s", t.Name, fewNames(features))
		}
		if seen[n] {
			return nil, badInput("input %q comes twice", t.Name)
		}
		at[i], seen[n] = n, true
	}
	missing := slices.DeleteFunc(slices.Clone(features), func(f serve.Feature) bool { return seen[numbers[f.Name]] })
	if len(missing) > 0 {
		return nil, badInput("inputs are missing: %s", fewNames(missing))
	}
	return at, nil
}

// fewNames lists names, some of them if there are many.
func fewNames(features []serve.Feature) string {
	const few = 20
	names := featureNames(features[:min(len(features), few)])
	if len(features) > few {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
