// Package trees serves gradient-boosted trees and random forests that XGBoost,
// LightGBM and CatBoost saved, in pure Go.
//
// [Parse] reads a model in whichever format it is; the [Ensemble] that it
// returns predicts. See its methods for what it computes and how exactly.
package trees

import (
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/catboost"
	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/lightgbm"
	"github.com/leat-ml/leat/runtime/trees/internal/xgboost"
)

type (
	// An Ensemble is a forest that predicts. It is immutable and safe for
	// concurrent use.
	Ensemble = forest.Ensemble
	// Info describes an ensemble.
	Info = forest.Info
	// Iterations chooses which rounds of boosting count.
	Iterations = forest.Iterations
	// Output chooses what a prediction returns.
	Output = forest.Output
)

const (
	// Response is what the objective makes of the margins: a probability, a
	// count, a class.
	Response = forest.Response
	// Margin is the sums of the trees and what they start from.
	Margin = forest.Margin
	// Leaf is the number of the leaf that the row comes to, in each tree: the
	// node's for XGBoost, the leaf's for LightGBM.
	Leaf = forest.LeafIndex
	// Contrib is what each feature adds to each margin: SHAP values, for each
	// margin one a feature, and last the margin that is expected of a row of
	// which nothing is known. Together they are the margin.
	Contrib = forest.Contrib
)

// Parse reads a model. It keeps nothing of data.
//
// # Errors
//
// What the file is, if it is no format that is read; what is malformed in it,
// and where; by name what is not supported. A file can ask for no more memory
// than a small multiple of its size.
func Parse(data []byte) (*Ensemble, error) { return ParseIterations(data, Iterations{}) }

// ParseIterations reads a model, of which it takes some rounds of boosting. The
// zero value of of takes what Parse does: of an XGBoost model that stopped early,
// the rounds up to the best one; of others, all.
func ParseIterations(data []byte, of Iterations) (*Ensemble, error) {
	switch f := Sniff(data); f {
	case XGBoostJSON:
		return xgboost.ParseJSON(data, of)
	case XGBoostUBJ:
		return xgboost.ParseUBJ(data, of)
	case XGBoostBinary:
		return xgboost.ParseLegacy(data, of)
	case LightGBMText:
		return lightgbm.Parse(data, of)
	case CatBoostJSON:
		return catboost.Parse(data, of)
	case Unknown:
		return nil, fmt.Errorf("not a tree model: neither XGBoost JSON, UBJ or binary, LightGBM text nor CatBoost JSON")
	default:
		return nil, fmt.Errorf("%s is not supported: %s", f, f.advice())
	}
}

// ParseCatBoost reads a model that CatBoost saved as JSON.
func ParseCatBoost(data []byte) (*Ensemble, error) { return catboost.Parse(data, Iterations{}) }

// ParseXGBoostJSON reads a model that XGBoost saved as JSON.
func ParseXGBoostJSON(data []byte) (*Ensemble, error) { return xgboost.ParseJSON(data, Iterations{}) }

// ParseXGBoostUBJ reads a model that XGBoost saved as UBJSON.
func ParseXGBoostUBJ(data []byte) (*Ensemble, error) { return xgboost.ParseUBJ(data, Iterations{}) }

// ParseLightGBM reads a model that LightGBM saved as text.
func ParseLightGBM(data []byte) (*Ensemble, error) { return lightgbm.Parse(data, Iterations{}) }

// Predict scores n rows, a row-major matrix of n * Info().Features values, into
// dst, which holds n * Width(out). A missing value is NaN. XGBoost models
// compute in float32, LightGBM and CatBoost models in float64, whatever the types
// here.
// It keeps neither slice and allocates nothing once the ensemble is warm. Large
// batches are split over the processors that no other prediction uses.
func Predict[D, S float32 | float64](e *Ensemble, dst []D, rows []S, n int, out Output) error {
	return forest.Predict(e, dst, rows, n, out)
}

// Leaves is Predict for the output Leaf.
func Leaves[S float32 | float64](e *Ensemble, dst []int32, rows []S, n int) error {
	return forest.Leaves(e, dst, rows, n)
}
