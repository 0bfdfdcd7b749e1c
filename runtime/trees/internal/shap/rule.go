package shap

import "math"

// lanes is how many points of a rule are walked together.
const lanes = 4

type lane = [lanes]float64

// A rule is a Gauss-Legendre quadrature on (0, 1), lanes of points at a time.
type rule struct{ points, weights []lane }

// points is how many points a rule needs for paths with a number of features.
// Half of them are exact. Far fewer are as good for many features: what is left
// out falls like exp(-4 points² / features), here below 1e-15.
func points(features int) int {
	n := min((features+1)/2, int(3*math.Sqrt(float64(features)))+1)
	return max(1, (n+lanes-1)/lanes) * lanes
}

// newRule returns the rule of n points, a multiple of lanes. The points are the
// roots of the Legendre polynomial of degree n, found by Newton's method.
func newRule(n int) rule {
	r := rule{points: make([]lane, n/lanes), weights: make([]lane, n/lanes)}
	for i := range n {
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		value, slope := legendre(n, x)
		for range 4 {
			x -= value / slope
			value, slope = legendre(n, x)
		}
		r.points[i/lanes][i%lanes] = (1 - x) / 2
		r.weights[i/lanes][i%lanes] = 1 / ((1 - x*x) * slope * slope)
	}
	return r
}

// legendre is the value and the derivative of the polynomial of degree n at x,
// by its recurrence.
func legendre(n int, x float64) (value, slope float64) {
	last := 1.0
	value = x
	for k := 2; k <= n; k++ {
		last, value = value, ((2*float64(k)-1)*x*value-(float64(k)-1)*last)/float64(k)
	}
	return value, float64(n) * (x*value - last) / (x*x - 1)
}
