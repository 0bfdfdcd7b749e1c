package lightgbm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// transforms are those of LightGBM 4.7's objectives and of the names that older
// versions gave them.
var transforms = map[string]forest.Transform{
	"":                     forest.Identity, // a custom objective
	"custom":               forest.Identity,
	"none":                 forest.Identity,
	"regression":           forest.Identity,
	"regression_l2":        forest.Identity,
	"regression_l1":        forest.Identity,
	"huber":                forest.Identity,
	"fair":                 forest.Identity,
	"quantile":             forest.Identity,
	"mape":                 forest.Identity,
	"lambdarank":           forest.Identity,
	"rank_xendcg":          forest.Identity,
	"poisson":              forest.Exp,
	"gamma":                forest.Exp,
	"tweedie":              forest.Exp,
	"binary":               forest.Sigmoid,
	"multiclassova":        forest.Sigmoid,
	"cross_entropy":        forest.Sigmoid,
	"xentropy":             forest.Sigmoid,
	"multiclass":           forest.Softmax,
	"cross_entropy_lambda": forest.Log1pExp,
	"xentlambda":           forest.Log1pExp,
}

// transform reads the objective line: a name and parameters, such as
// "binary sigmoid:1" or "regression sqrt".
func transform(line string) (name string, t forest.Transform, scale float64, err error) {
	fields := strings.Fields(line)
	if len(fields) > 0 {
		name = fields[0]
	}
	t, ok := transforms[name]
	if !ok {
		return name, 0, 0, fmt.Errorf("objective %q is not supported", clip([]byte(name)))
	}
	if t == forest.Identity && slices.Contains(fields, "sqrt") {
		return name, forest.SignedSquare, 0, nil
	}
	for _, f := range fields {
		value, ok := strings.CutPrefix(f, "sigmoid:")
		if !ok {
			continue
		}
		if scale, err = strconv.ParseFloat(value, 64); err != nil || !(scale > 0) {
			return name, 0, 0, fmt.Errorf("objective %q: the sigmoid is not a positive number", clip([]byte(line)))
		}
		return name, t, scale, nil
	}
	return name, t, 1, nil
}
