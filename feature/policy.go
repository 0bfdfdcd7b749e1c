package feature

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A Policy says what takes the place of a missing value, by the name of the
// feature and "*" for all others: a number, text, or the statistic of the column
// that "$mean", "$min", "$max", "$std" or "$count" names. It is MLRun's
// impute_policy.
type Policy map[string]any

// Fill returns the values for the columns, nil where the policy has none: "*"
// with a statistic says nothing of columns that are not numeric. The error lists
// what is wrong with the policy.
func (p Policy) Fill(columns []Column) (Row, error) {
	fill := make(Row, len(columns))
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		known := func(c Column) bool { return c.Name == name }
		if name != "*" && !slices.ContainsFunc(columns, known) {
			wrong = append(wrong, fmt.Sprintf("there is no feature %q", name))
		}
	}
	for i, c := range columns {
		v, own := p[c.Name]
		if !own {
			v = p["*"]
		}
		if v == nil {
			continue
		}
		filled, err := c.fill(v)
		switch {
		case err == nil:
			fill[i] = filled
		case own || c.Numeric:
			wrong = append(wrong, fmt.Sprintf("%s: %v", c.Name, err))
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("impute_policy: %s", strings.Join(wrong, "; "))
	}
	return fill, nil
}

// fill is the value for a column that a policy gives as v.
func (c *Column) fill(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return c.number(float64(v))
	case int:
		return c.number(float64(v))
	case float64:
		return c.number(v)
	case string:
		if strings.HasPrefix(v, "$") {
			return c.statistic(v)
		}
		if c.Numeric {
			return nil, fmt.Errorf("%q is no number, and the feature is", v)
		}
		return v, nil
	}
	return nil, fmt.Errorf("%v is neither a number nor text", v)
}

func (c *Column) number(v float64) (any, error) {
	if !c.Numeric {
		return nil, fmt.Errorf("%v is a number, and the feature is text", v)
	}
	return v, nil
}

func (c *Column) statistic(name string) (any, error) {
	if !c.Numeric {
		return nil, fmt.Errorf("the feature is text, which has no %s", name)
	}
	v, ok := map[string]float64{
		"$mean": c.Stats.Mean, "$min": c.Stats.Min, "$max": c.Stats.Max, "$std": c.Stats.Std, "$count": float64(c.Stats.Count),
	}[name]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is none of $mean, $min, $max, $std and $count", name)
	case math.IsNaN(v):
		return nil, fmt.Errorf("there are too few values for %s", name)
	}
	return v, nil
}
