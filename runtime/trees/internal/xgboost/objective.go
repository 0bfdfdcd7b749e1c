package xgboost

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A link says in which space base_score stands, and how a margin is made of it.
type link uint8

const (
	identity   link = iota
	logit           // base_score is a probability
	log             // base_score is positive
	increments      // margins after the first are of how much base_score grows
)

type objective struct {
	link      link
	transform forest.Transform
}

// objectives are those of XGBoost 3.4 and the older names that files have.
var objectives = map[string]objective{
	"reg:squarederror":     {identity, forest.Identity},
	"reg:linear":           {identity, forest.Identity},
	"reg:squaredlogerror":  {identity, forest.Identity},
	"reg:pseudohubererror": {identity, forest.Identity},
	"reg:absoluteerror":    {identity, forest.Identity},
	"reg:quantileerror":    {identity, forest.Identity},
	"reg:expectileerror":   {increments, forest.Increments32},
	"reg:logistic":         {logit, forest.Sigmoid32},
	"reg:gamma":            {log, forest.Exp},
	"reg:tweedie":          {log, forest.Exp},
	"binary:logistic":      {logit, forest.Sigmoid32},
	"binary:logitraw":      {identity, forest.Identity},
	"binary:hinge":         {identity, forest.Step},
	"count:poisson":        {log, forest.Exp},
	"survival:cox":         {log, forest.Exp},
	"survival:aft":         {log, forest.Exp},
	"multi:softmax":        {identity, forest.ArgMax},
	"multi:softprob":       {identity, forest.Softmax32},
	"rank:pairwise":        {identity, forest.Identity},
	"rank:ndcg":            {identity, forest.Identity},
	"rank:map":             {identity, forest.Identity},
}

// nearest is how near to 0 and to 1 XGBoost lets a probability come: a label that
// all rows have makes a base score of 0 or 1.
const nearest float32 = 1e-6

// margin is the base margin of a base score, computed in float32.
func (l link) margin(score float32) (float64, error) {
	switch l {
	case logit:
		if !(score >= 0 && score <= 1) {
			return 0, fmt.Errorf("base_score %v is not between 0 and 1", score)
		}
		score = min(max(score, nearest), 1-nearest)
		return -float64(logf(1/score - 1)), nil
	case log:
		if !(score > 0) {
			return 0, fmt.Errorf("base_score %v is not positive", score)
		}
		return float64(logf(score)), nil
	}
	return float64(score), nil
}

// baseMargins reads base_score: one number, or, from XGBoost 3.1 on, a list of
// one number or of one an output.
func baseMargins(text string, l link, outputs int) ([]float64, error) {
	scores, err := parseScores(text)
	if err != nil {
		return nil, err
	}
	if len(scores) != 1 && len(scores) != outputs {
		return nil, fmt.Errorf("base_score has %d values for %d outputs", len(scores), outputs)
	}
	base := make([]float64, outputs)
	for i := range base {
		if base[i], err = l.margin(scores[min(i, len(scores)-1)]); err != nil {
			return nil, err
		}
	}
	if l == increments {
		base = grow(base)
	}
	return base, nil
}

// grow makes of values the margins of their increments, the inverse of
// [forest.Increments32].
func grow(values []float64) []float64 {
	base := []float64{values[0]}
	for i := 1; i < len(values); i++ {
		more := max(float32(values[i])-float32(values[i-1])-nearest, nearest)
		base = append(base, float64(float32(math.Log(math.Expm1(float64(more))))))
	}
	return base
}

func parseScores(text string) ([]float32, error) {
	list := strings.TrimSpace(text)
	if n := len(list); n >= 2 && (list[0] == '[' && list[n-1] == ']' || list[0] == '(' && list[n-1] == ')') {
		list = list[1 : n-1]
	}
	var scores []float32
	for field := range strings.SplitSeq(list, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("base_score %q is not a number or a list of numbers", clip([]byte(text)))
		}
		scores = append(scores, float32(v))
	}
	return scores, nil
}
