package v2

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// opClasses is the parameter of an output that asks for its highest values with
// their places, by Triton's docs/protocol/extension_classification.md.
const opClasses = "classification"

// classify makes of an output what its parameters ask for: with classification k,
// the k highest values of each row as texts "value:index", with ":name" behind it
// where the classes have names, highest first and equal ones by their place.
func classify(t *serve.Tensor, w *serve.RequestedOutput, d *serve.Description) (*serve.Tensor, error) {
	asked, ok := w.Parameters[opClasses]
	if !ok {
		return t, nil
	}
	k, ok := asked.(int64)
	switch {
	case !ok || k < 1:
		return nil, badInput("output %q: classification is %s, not a number of classes from 1", w.Name, shown(asked))
	case !t.Datatype.Numeric():
		return nil, badInput("output %q: classification is for numbers, not %s", w.Name, t.Datatype)
	}
	rows, classes := 1, t.Len()
	shape := []int{}
	if len(t.Shape) > 1 {
		rows = t.Shape[0]
		classes, _ = serve.Elements(t.Shape[1:])
		shape = append(shape, rows)
	}
	most := int(min(k, int64(classes)))
	return serve.NewBytes(t.Name, highest(t, rows, classes, most, namesOf(t.Name, d)), append(shape, most)...), nil
}

// namesOf are the names of an output's classes; nil where they have none.
func namesOf(output string, d *serve.Description) []string {
	for i := range d.Outputs {
		if d.Outputs[i].Name == output {
			return d.Outputs[i].Classes
		}
	}
	return nil
}

// highest are the texts of the most highest values of each row.
func highest(t *serve.Tensor, rows, classes, most int, names []string) []string {
	if rows == 0 { // of however many classes
		return nil
	}
	texts := make([]string, 0, rows*most)
	order := make([]int, classes)
	for row := range rows {
		for i := range order {
			order[i] = row*classes + i
		}
		slices.SortStableFunc(order, func(a, b int) int { return higher(t, a, b) })
		for _, i := range order[:most] {
			text := classValue(t, i) + ":" + strconv.Itoa(i-row*classes)
			if n := i - row*classes; n < len(names) {
				text += ":" + names[n]
			}
			texts = append(texts, text)
		}
	}
	return texts
}

// higher compares elements a and b so that the higher comes first, and NaN last.
func higher(t *serve.Tensor, a, b int) int {
	x, y := t.At(a), t.At(b)
	switch x := x.(type) {
	case int64:
		if y, ok := y.(int64); ok {
			return cmp.Compare(y, x)
		}
	case uint64:
		return cmp.Compare(y.(uint64), x)
	}
	return cmp.Compare(real64(y), real64(x)) // NaN is less than any number
}

func real64(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

// classValue is a value as Triton writes it: six digits behind the point.
func classValue(t *serve.Tensor, i int) string {
	switch v := t.At(i).(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', 6, 64)
	}
	return ""
}
