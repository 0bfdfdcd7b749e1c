package profile

import (
	"math"
	"sort"
)

// Bins is how many bins MLRun's histograms have.
const Bins = 20

// A Histogram counts values between edges, of which there is one more than there
// are counts. A bin has its left edge, and the last bin both.
type Histogram struct {
	Counts []int64
	Edges  []float64
}

// equalWidth counts sorted, finite values in n bins of the same width, as
// numpy.histogram does: the edges are computed without a fused multiplication, and
// a value is put by comparing it with them. Of a single value they are half a unit
// to both sides.
func equalWidth(sorted []float64, n int) *Histogram {
	if len(sorted) == 0 {
		return nil
	}
	low, high := sorted[0], sorted[len(sorted)-1]
	if low == high {
		low, high = low-0.5, high+0.5
	}
	h := &Histogram{Counts: make([]int64, n), Edges: make([]float64, n+1)}
	step := float64(high-low) / float64(n)
	if math.IsInf(step, 0) || !(low < high) { // wider than numbers are, or narrower than they differ
		return nil
	}
	for i := range h.Edges {
		h.Edges[i] = float64(float64(i)*step) + low
	}
	h.Edges[n] = high
	h.fill(sorted)
	return h
}

// fill counts sorted values, none of which is outside the edges.
func (h *Histogram) fill(sorted []float64) {
	last := len(h.Counts) - 1
	for from, i := 0, 0; i <= last; i++ {
		to := len(sorted)
		if i < last {
			to = from + sort.SearchFloat64s(sorted[from:], h.Edges[i+1])
		}
		h.Counts[i] = int64(to - from)
		from = to
	}
}

// quantile is the linear one of sorted values, as numpy and pandas have it.
func quantile(sorted []float64, q float64) float64 {
	at := float64(q * float64(len(sorted)-1))
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	a, b, t := sorted[i], sorted[i+1], at-float64(i)
	if math.IsInf(b-a, 0) { // they are at both ends of what there is
		return float64(a*(1-t)) + float64(b*t)
	}
	if t >= 0.5 {
		return b - float64((b-a)*(1-t))
	}
	return a + float64((b-a)*t)
}

// moments are those of finite values.
type moments struct {
	n        int64
	mean, m2 float64 // m2 is the sum of the squared distances from the mean
}

func momentsOf(values []float64) (m moments) {
	m.n = int64(len(values))
	if m.n == 0 {
		return m
	}
	m.mean = sum(values) / float64(m.n)
	squares := make([]float64, len(values))
	for i, v := range values {
		squares[i] = float64((v - m.mean) * (v - m.mean))
	}
	m.m2 = sum(squares)
	return m
}

// std is the standard deviation of a sample; NaN of a single value.
func (m moments) std() float64 { return math.Sqrt(m.m2 / float64(m.n-1)) }

// sum adds by halves, which loses far less than one after the other.
func sum(values []float64) (s float64) {
	const few = 64
	if len(values) <= few {
		for _, v := range values {
			s += v
		}
		return s
	}
	half := len(values) / 2
	return sum(values[:half]) + sum(values[half:])
}

// Stats are the statistics of the numeric columns by name, as MLRun writes them:
// count, mean, std, min, 25%, 50%, 75%, max and hist, counts before edges. Of truth
// values they are count, unique, top, freq and hist. A histogram leaves out what is
// missing or infinite, of which MLRun makes none at all.
func (t *Table) Stats() map[string]any {
	all := map[string]any{}
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Numeric() && t.Rows > 0 {
			all[c.Name] = c.stats()
		}
	}
	return all
}

func (c *Column) stats() map[string]any {
	sorted, infinite := c.finite()
	out := map[string]any{}
	if h := equalWidth(sorted, Bins); h != nil {
		out["hist"] = []any{h.Counts, h.Edges}
	}
	if c.Type == Bool {
		c.truth(out)
		return out
	}
	m := momentsOf(sorted)
	out["count"] = float64(m.n + infinite)
	if m.n == 0 {
		return out
	}
	for key, v := range map[string]float64{
		"mean": m.mean, "std": m.std(), "min": sorted[0], "max": sorted[len(sorted)-1],
		"25%": quantile(sorted, 0.25), "50%": quantile(sorted, 0.5), "75%": quantile(sorted, 0.75),
	} {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out[key] = v
		}
	}
	return out
}

// truth describes truth values as pandas does.
func (c *Column) truth(out map[string]any) {
	var yes int64
	for _, v := range c.Values {
		if v != 0 {
			yes++
		}
	}
	n := int64(len(c.Values))
	unique, top, freq := int64(2), "True", yes
	if yes == 0 || yes == n {
		unique = 1
	}
	if no := n - yes; no > yes || no == yes && len(c.Values) > 0 && c.Values[0] == 0 {
		top, freq = "False", no
	}
	out["count"], out["unique"], out["top"], out["freq"] = n, unique, top, freq
}
