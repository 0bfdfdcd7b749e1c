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
		case own || c.Numeric() || c.Kind == Any:
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
		return c.whole(v)
	case int:
		return c.whole(int64(v))
	case float64:
		return c.number(v)
	case bool:
		if c.Kind != Bool && c.Kind != Any {
			return nil, fmt.Errorf("%v is given for what is no boolean", v)
		}
		return v, nil
	case string:
		if strings.HasPrefix(v, "$") {
			return c.statistic(v)
		}
		if c.Kind != Text && c.Kind != Any {
			return nil, fmt.Errorf("%q is text, and the feature is not", v)
		}
		return v, nil
	}
	return nil, fmt.Errorf("%v is neither a number nor text nor a boolean", v)
}

func (c *Column) whole(v int64) (any, error) {
	if c.Kind == Int || c.Kind == Any {
		return v, nil
	}
	return c.number(float64(v))
}

func (c *Column) number(v float64) (any, error) {
	if !c.Numeric() && c.Kind != Any {
		return nil, fmt.Errorf("%v is a number, and the feature is none", v)
	}
	return v, nil
}

// Statistical says that a policy needs statistics.
func (p Policy) Statistical() bool {
	for _, v := range p {
		if text, ok := v.(string); ok && strings.HasPrefix(text, "$") {
			return true
		}
	}
	return false
}

func (c *Column) statistic(name string) (any, error) {
	switch {
	case c.Kind == Any:
		return nil, fmt.Errorf("the source has no %s: its values are known one by one only", name)
	case !c.Numeric():
		return nil, fmt.Errorf("the feature is no number, so there is no %s", name)
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
