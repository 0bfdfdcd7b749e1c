package forest

import (
	"fmt"
	"sync"
)

// gblinear is what XGBoost calls a linear booster: no trees, but a weight for
// each feature and margin. It computes in float32, feature by feature; missing
// values add nothing.
type gblinear struct {
	weights []float32 // feature by feature, one a margin
	start   []float32 // of each margin: the bias and the base margin
	pool    sync.Pool // of *[]float32, margins
}

// NewLinear returns an ensemble without trees. weights has, for each feature, a
// weight for each margin, and then the biases; it is kept. m.Group, m.Weight and
// m.Divisor are not used.
//
// # Errors
//
// Weights or names of the wrong number.
func NewLinear(weights []float32, m Meta) (*Ensemble, error) {
	groups := len(m.Base)
	if len(weights) != (m.Features+1)*groups {
		return nil, fmt.Errorf("%d weights for %d features and a bias of %d outputs", len(weights), m.Features, groups)
	}
	if n := len(m.FeatureNames); n != 0 && n != m.Features {
		return nil, fmt.Errorf("%d feature names for %d features", n, m.Features)
	}
	l := &gblinear{weights: weights[:m.Features*groups]}
	for g, bias := range weights[m.Features*groups:] {
		l.start = append(l.start, bias+float32(m.Base[g]))
	}
	l.pool.New = func() any {
		margins := make([]float32, groups)
		return &margins
	}
	e := &Ensemble{transform: m.Transform, scale: m.Scale, linear: l}
	e.info = Info{
		Format: m.Format, Booster: m.Booster, Objective: m.Objective,
		Features: m.Features, FeatureNames: m.FeatureNames, Groups: groups, Bytes: e.bytes(),
	}
	return e, nil
}

func (l *gblinear) bytes() int { return 4*cap(l.weights) + 4*cap(l.start) }

func predictLinear[D, S float](e *Ensemble, dst []D, rows []S, n int, out Output) {
	l := e.linear
	margins := l.pool.Get().(*[]float32)
	defer l.pool.Put(margins)
	features, width := e.info.Features, e.Width(out)
	for r := range n {
		score(l, *margins, rows[r*features:(r+1)*features])
		finish(e, dst[r*width:(r+1)*width], *margins, out)
	}
}

func score[S float](l *gblinear, margins []float32, row []S) {
	copy(margins, l.start)
	groups := len(margins)
	for f, x := range row {
		v := float32(x)
		if v != v {
			continue
		}
		for g, w := range l.weights[f*groups : (f+1)*groups] {
			margins[g] += float32(v * w) // rounded before it is added
		}
	}
}
