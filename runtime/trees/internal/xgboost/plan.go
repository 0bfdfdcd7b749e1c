package xgboost

import (
	"errors"
	"fmt"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A plan is what is taken of a file. What it should be may be known only when
// the file has been read: then it is read once more.
type plan struct {
	keep        *span // trees; nil: all
	baseWeights bool  // they are the values of leaves
}

var errBaseWeights = errors.New("vector leaves without leaf_weights")

// parse calls read until the plan is right.
func parse(format string, of forest.Iterations, read func(p plan) (*model, error)) (*forest.Ensemble, error) {
	e, err := parsePlanned(format, of, read)
	if err != nil {
		return nil, fmt.Errorf("xgboost model: %w", err)
	}
	return e, nil
}

func parsePlanned(format string, of forest.Iterations, read func(p plan) (*model, error)) (*forest.Ensemble, error) {
	var p plan
	m, err := read(p)
	if errors.Is(err, errBaseWeights) {
		p.baseWeights = true
		m, err = read(p)
	}
	if err != nil {
		return nil, err
	}
	if p.keep, err = m.iterations(of); err != nil {
		return nil, err
	}
	if p.keep != nil {
		if m, err = read(p); err != nil {
			return nil, err
		}
	}
	return m.finish(format)
}
