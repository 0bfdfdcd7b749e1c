package forest

import (
	"math"
	"slices"
)

// A Transform turns the margins of a row into its response.
type Transform uint8

// The transforms.
const (
	Identity     Transform = iota
	Sigmoid                // 1 / (1 + e^(-k m)), each margin by itself
	Exp                    // e^m
	Step                   // 1 if m > 0, else 0
	Softmax                // e^m over the sum of the row's
	ArgMax                 // one value: the number of the first greatest margin
	Log1pExp               // ln(1 + e^m)
	SignedSquare           // sign(m) m^2
	Sigmoid32              // Sigmoid (k = 1) as XGBoost computes it, in float32
	Softmax32              // Softmax as XGBoost computes it, in float32
	MeanVariance           // of two margins, the first, and e^(2 m) of the second
	Ascending              // the margins of a row in ascending order
	Increments32           // each margin is how much more than the one before: ln(1 + e^m) and 1e-6
)

// width is how many values a response has.
func (t Transform) width(groups int) int {
	if t == ArgMax {
		return 1
	}
	return groups
}

// respond writes the response of margins, which it may overwrite.
func respond[D, T float](t Transform, k float64, dst []D, margins []T) {
	switch t {
	case ArgMax:
		dst[0] = D(argMax(margins))
		return
	case Softmax:
		softmax(margins)
	case Softmax32:
		softmax32(margins)
	case Ascending:
		slices.Sort(margins)
	case Increments32:
		increments32(margins)
	case MeanVariance:
		for i := 1; i < len(margins); i += 2 {
			margins[i] = T(math.Exp(2 * float64(margins[i])))
		}
	}
	for i, m := range margins {
		dst[i] = D(T(t.each(k, float64(m))))
	}
}

// each is the response of one margin, for the transforms that look at one.
func (t Transform) each(k, m float64) float64 {
	switch t {
	case Sigmoid:
		return 1 / (1 + math.Exp(-k*m))
	case Sigmoid32:
		return sigmoid32(m)
	case Exp:
		return math.Exp(m)
	case Step:
		return float64(bit(m > 0))
	case Log1pExp:
		return math.Log1p(math.Exp(m))
	case SignedSquare:
		return math.Copysign(m*m, m)
	}
	return m
}

func argMax[T float](margins []T) int {
	best := 0
	for i, m := range margins {
		if m > margins[best] {
			best = i
		}
	}
	return best
}

func softmax[T float](margins []T) {
	top := margins[argMax(margins)]
	sum := 0.0
	for i, m := range margins {
		e := math.Exp(float64(m - top))
		margins[i] = T(e)
		sum += e
	}
	for i, m := range margins {
		margins[i] = T(float64(m) / sum)
	}
}

// softmax32 rounds every exponential to float32, adds them in float64, and
// divides in float32.
func softmax32[T float](margins []T) {
	top := margins[argMax(margins)]
	sum := 0.0
	for i, m := range margins {
		e := float32(math.Exp(float64(m - top)))
		margins[i] = T(e)
		sum += float64(e)
	}
	for i, m := range margins {
		margins[i] = T(float32(m) / float32(sum))
	}
}

// sigmoid32 limits the exponent so that float32 does not overflow.
func sigmoid32(m float64) float64 {
	e := float32(math.Exp(min(-m, float64(float32(88.7)))))
	return float64(1 / (e + 1 + 1e-16))
}

// increments32 adds up what margins after the first stand for, in float32, as
// XGBoost computes expectiles: they never cross.
func increments32[T float](margins []T) {
	for i := 1; i < len(margins); i++ {
		m := float64(margins[i])
		more := float32(max(m, 0) + math.Log1p(math.Exp(-math.Abs(m))))
		margins[i] = T(float32(margins[i-1]) + (more + 1e-6))
	}
}
