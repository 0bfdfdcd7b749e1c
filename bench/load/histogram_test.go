package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var h, half Histogram
	var all []time.Duration
	for i := range 100_000 {
		d := time.Duration(math.Exp(rng.Float64() * 25)) // 1 ns to 72 s
		all = append(all, d)
		if i%2 == 0 {
			half.Record(d)
		} else {
			h.Record(d)
		}
	}
	h.Add(&half)
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1} {
		want := all[int(math.Ceil(q*float64(len(all))))-1]
		if got := h.Quantile(q); got < want || float64(got-want) > float64(want)/subs {
			t.Errorf("quantile %v: got %v, want %v to 1 in %d above", q, got, want, subs)
		}
	}
	if h.Count() != 100_000 || h.Max() != all[len(all)-1] || h.Quantile(1) != h.Max() {
		t.Errorf("count %d, max %v, quantile 1 %v; want %d and %v", h.Count(), h.Max(), h.Quantile(1), len(all), all[len(all)-1])
	}
}

func TestHistogramCells(t *testing.T) {
	last := -1
	for v := time.Duration(0); v < 1<<41; v += max(1, v/512) {
		i := cell(v)
		if i != last && i != last+1 {
			t.Fatalf("%d: cell %d follows cell %d", v, i, last)
		}
		if last = i; v < 1<<40 && (top(i) < v || cell(top(i)) != i || cell(top(i)+1) != i+1 && top(i) < 1<<40-1) {
			t.Fatalf("%d: cell %d has the top %d", v, i, top(i))
		}
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 {
		t.Error("an empty histogram has no quantiles")
	}
	h.Record(-5)
	if h.Quantile(0.5) != 0 {
		t.Error("a negative duration counts as 0")
	}
	h.Record(math.MaxInt64)
	if got := h.Quantile(0.99); got != 1<<40-1 {
		t.Errorf("beyond the range: got %d", got)
	}
}
