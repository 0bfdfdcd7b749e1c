package forest

import (
	"errors"
	"fmt"
)

// Explains says why there are no contributions; nil if there are.
func (e *Ensemble) Explains() error {
	switch {
	case e.linear != nil:
		return nil
	case e.info.Linear:
		return errors.New("contributions of linear trees are not defined")
	case e.aside.lack != nil:
		return fmt.Errorf("there are no contributions: %w", e.aside.lack)
	}
	return errors.New("contributions of trees are not computed yet")
}

func predictContribs[D, S float](e *Ensemble, dst []D, rows []S, n int) error {
	if err := e.Explains(); err != nil {
		return err
	}
	linearContribs(e, dst, rows, n)
	return nil
}

// linearContribs writes products of values and weights. They are rounded as
// XGBoost does, to float32.
func linearContribs[D, S float](e *Ensemble, dst []D, rows []S, n int) {
	l, features, groups := e.linear, e.info.Features, e.info.Groups
	for r := range n {
		row, out := rows[r*features:(r+1)*features], dst[r*e.Width(Contrib):]
		for g := range groups {
			to := out[g*(features+1) : (g+1)*(features+1)]
			for f, x := range row {
				to[f] = 0
				if v := float32(x); v == v {
					to[f] = D(v * l.weights[f*groups+g])
				}
			}
			to[features] = D(l.start[g])
		}
	}
}
