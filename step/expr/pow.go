package expr

import "math"

// A wide is the sum of two floats, of which the second one is what the first
// has no digits for: about 106 bits.
type wide struct{ hi, lo float64 }

func sumOf(a, b float64) wide {
	s := a + b
	t := s - a
	return wide{s, (a - (s - t)) + (b - t)}
}

func (a wide) plus(b wide) wide {
	s := sumOf(a.hi, b.hi)
	t := sumOf(s.hi, s.lo+a.lo+b.lo)
	return t
}

func (a wide) times(b wide) wide {
	p := a.hi * b.hi
	e := math.FMA(a.hi, b.hi, -p)
	return sumOf(p, e+(a.hi*b.lo+a.lo*b.hi))
}

func (a wide) over(b float64) wide {
	q := a.hi / b
	r := math.FMA(-q, b, a.hi) + a.lo
	return sumOf(q, r/b)
}

// ln2 is the logarithm of 2 to 160 bits.
var ln2 = [3]float64{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111}

// exp is e to the a, as a number about 1 and a power of two. The argument is
// brought below 2^-9 by taking away multiples of ln 2 and dividing by 256; then
// the series ends soon, and squaring eight times undoes the division.
func (a wide) exp() (m wide, k int) {
	n := math.RoundToEven(a.hi / ln2[0])
	high := wide{n, 0}.times(wide{ln2[0], ln2[1]})
	r := a.plus(wide{-high.hi, -high.lo}).plus(wide{-n * ln2[2], 0})
	r = wide{r.hi / 256, r.lo / 256}
	term, sum := r, r
	for i := 2; i <= 12; i++ {
		term = term.times(r).over(float64(i))
		sum = sum.plus(term)
	}
	for range 8 { // (1+s)^2 = 1 + (2s + s^2), where s keeps its digits
		sum = wide{2 * sum.hi, 2 * sum.lo}.plus(sum.times(sum))
	}
	return wide{1, 0}.plus(sum), int(n)
}

// logOf is the logarithm of x > 0: the float next to it, and one step of
// Newton's method.
func logOf(x float64) wide {
	fraction, e := math.Frexp(x)
	if fraction < math.Sqrt2/2 {
		fraction, e = 2*fraction, e-1
	}
	y := math.Log(fraction)
	m, k := wide{-y, 0}.exp()
	m = wide{math.Ldexp(m.hi, k), math.Ldexp(m.lo, k)}.times(wide{fraction, 0}) // x/e^y, next to 1
	d := m.plus(wide{-1, 0})
	step := d.plus(wide{-d.hi * d.hi / 2, 0}) // log(1+d)
	l := wide{y, 0}.plus(step)
	n := float64(e)
	return wide{n, 0}.times(wide{ln2[0], ln2[1]}).plus(wide{n * ln2[2], 0}).plus(l)
}

// powerOf is x to the y, rounded once: [math.Pow] can be several units in the last
// place away, where C's library, and so Python, is right nearly always.
func powerOf(x, y float64) float64 {
	rough := math.Pow(x, y)
	if math.IsNaN(rough) || rough == 0 || x == 0 || math.Abs(x) == 1 || y == 0 || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return rough
	}
	if math.IsInf(rough, 0) && math.Abs(y)*math.Abs(math.Log2(math.Abs(x))) > 1030 {
		return rough
	}
	m, k := logOf(math.Abs(x)).times(wide{y, 0}).exp()
	p := math.Ldexp(m.hi+m.lo, k)
	if math.Signbit(rough) {
		return -p
	}
	return p
}
