package forest

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Output chooses what a prediction returns.
type Output uint8

// The outputs.
const (
	Response  Output = iota // what the objective makes of the margins
	Margin                  // the sums of the trees, and what they start from
	LeafIndex               // the number of the leaf that the row comes to, of each tree
	// Contrib is what each feature adds to each margin (SHAP values), and last
	// the margin that is expected of a row of which nothing is known: together
	// they are the margin.
	Contrib
)

// Info describes an ensemble.
type Info struct {
	Format       string // what the file was, such as "XGBoost JSON"
	Booster      string // such as "gbtree"
	Objective    string // as the file names it
	Features     int    // columns of a row
	FeatureNames []string
	Groups       int // margins of a row
	Trees        int
	Nodes        int // of all trees, leaves included
	Leaves       int
	Depth        int  // splits on the longest way down
	Categorical  bool // some splits are
	Linear       bool // some leaves are linear functions
	Bytes        int  // memory held
	Float64      bool // it computes in float64; else in float32
}

// An Ensemble is a forest, or a linear model, that predicts. It is immutable and safe for
// concurrent use.
type Ensemble struct {
	info      Info
	transform Transform
	scale     float64 // of the transform
	divisor   float64 // of the margins before it; 0: none
	single    *scorer[float32]
	double    *scorer[float64]
	linear    *gblinear
	oblivious *oblivious

	aside     *aside    // of trees
	split     sync.Pool // of *split
	numbered  sync.Once // guards byPlace
	byPlace   []uint32  // numbers of leaves
	explainer explainer
	made      atomic.Int64 // bytes, of the last two
}

// Info returns what the ensemble is. The names must not be changed.
func (e *Ensemble) Info() Info { return e.info }

// Width is how many values a prediction of one row has.
func (e *Ensemble) Width(out Output) int {
	switch out {
	case Margin:
		return e.info.Groups
	case LeafIndex:
		return e.info.Trees
	case Contrib:
		return e.info.Groups * (e.info.Features + 1)
	}
	return e.transform.width(e.info.Groups)
}

// Predict scores n rows, a row-major matrix of n * Info.Features values, into
// dst, which holds n * Width(out). A missing value is NaN. It keeps neither
// slice and allocates nothing once the ensemble is warm. Large batches are split
// over as many goroutines as there are processors, less those that help other
// predictions at the time.
//
// # Errors
//
// A slice that has not the length said above, and an output that the model does
// not have.
func Predict[D, S float](e *Ensemble, dst []D, rows []S, n int, out Output) error {
	if err := e.checkLengths(len(dst), len(rows), n, out); err != nil {
		return err
	}
	if helpers := e.helpersFor(n, out); helpers > 0 {
		return predictSplit(e, dst, rows, n, out, helpers)
	}
	return predictPart(e, dst, rows, n, out)
}

// predictPart is Predict of slices whose lengths are right, on this goroutine.
func predictPart[D, S float](e *Ensemble, dst []D, rows []S, n int, out Output) error {
	switch {
	case out == LeafIndex:
		return predictLeaves(e, dst, rows, n)
	case out == Contrib:
		return predictContribs(e, dst, rows, n)
	case e.single != nil:
		predict(e, e.single, dst, rows, n, out)
	case e.double != nil:
		predict(e, e.double, dst, rows, n, out)
	case e.oblivious != nil:
		predictOblivious(e, dst, rows, n, out)
	default:
		predictLinear(e, dst, rows, n, out)
	}
	return nil
}

func (e *Ensemble) checkLengths(dst, rows, n int, out Output) error {
	features, width := e.info.Features, e.Width(out)
	if n < 0 || rows != n*features {
		return fmt.Errorf("%d rows of %d features need %d values, not %d", n, features, n*features, rows)
	}
	if dst != n*width {
		return fmt.Errorf("%d rows have %d results, not room for %d", n, n*width, dst)
	}
	return nil
}

// PredictFloat32 is Predict for float32.
func (e *Ensemble) PredictFloat32(dst, rows []float32, n int, out Output) error {
	return Predict(e, dst, rows, n, out)
}

// PredictFloat64 is Predict for float64.
func (e *Ensemble) PredictFloat64(dst, rows []float64, n int, out Output) error {
	return Predict(e, dst, rows, n, out)
}

// predict scores blocks of eight rows and more together, the rest row by row.
func predict[T, D, S float](e *Ensemble, s *scorer[T], dst []D, rows []S, n int, out Output) {
	w := s.prepare(n)
	defer s.pool.Put(w)
	features, width := e.info.Features, e.Width(out)
	for n >= 8 {
		block := min(s.block, n&^7)
		many(s, w, rows, features, block)
		for r := range block {
			s.pick(w, r, block)
			finish(e, dst[r*width:(r+1)*width], w.margins, out)
		}
		dst, rows, n = dst[block*width:], rows[block*features:], n-block
	}
	for r := range n {
		one(s, w, rows[r*features:(r+1)*features])
		finish(e, dst[r*width:(r+1)*width], w.margins, out)
	}
}

func finish[D, T float](e *Ensemble, dst []D, margins []T, out Output) {
	if out == Margin {
		for i, m := range margins {
			dst[i] = D(m)
		}
		return
	}
	if e.divisor != 0 {
		for i := range margins {
			margins[i] /= T(e.divisor)
		}
	}
	respond(e.transform, e.scale, dst, margins)
}
