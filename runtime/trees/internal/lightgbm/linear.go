package lightgbm

import (
	"fmt"
	"math"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// addLinear makes linear functions of the leaves of a linear tree.
func (t *treeReader) addLinear(leaves []forest.Node) error {
	if err := t.checkLinear(); err != nil {
		return err
	}
	at := 0
	for i := range leaves {
		l := &forest.Linear{Constant: t.constant[i]}
		for range t.terms[i] {
			l.Features = append(l.Features, uint32(t.termFeature[at]))
			at++
		}
		l.Coefficients = t.coefficient[at-len(l.Features) : at]
		leaves[i].Linear = l
	}
	return nil
}

func (t *treeReader) checkLinear() error {
	if len(t.constant) != t.leaves || len(t.terms) != t.leaves {
		return fmt.Errorf("leaf_const and num_features have %d and %d values, but num_leaves is %d",
			len(t.constant), len(t.terms), t.leaves)
	}
	total := 0
	for i, n := range t.terms {
		if n < 0 || int(n) > math.MaxInt32-total {
			return fmt.Errorf("leaf %d: num_features is %d", i, n)
		}
		total += int(n)
	}
	if len(t.termFeature) != total || len(t.coefficient) != total {
		return fmt.Errorf("leaf_features and leaf_coeff have %d and %d values, but num_features add up to %d",
			len(t.termFeature), len(t.coefficient), total)
	}
	for _, f := range t.termFeature {
		if f < 0 {
			return fmt.Errorf("leaf_features: feature %d is negative", f)
		}
	}
	return nil
}
