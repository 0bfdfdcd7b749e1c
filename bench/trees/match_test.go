//go:build cgo && linux

package main

import (
	"math"
	"testing"
)

func TestAgree(t *testing.T) {
	for _, c := range []struct {
		name         string
		ours, theirs []float64
		tolerance    float64
		want         bool
	}{
		{"to the bit", []float64{1, -2}, []float64{1, -2}, 0, true},
		{"not to the bit", []float64{1, -2}, []float64{1, math.Nextafter(-2, 0)}, 0, false},
		{"relative to the greatest", []float64{1e-9, -2}, []float64{2e-9, -2}, 1e-9, true},
		{"too far off", []float64{0, 100}, []float64{0.2, 100}, 1e-3, false},
		{"no number", []float64{0, 1}, []float64{math.NaN(), 1}, 1, false},
	} {
		if err := agree(c.ours, c.theirs, c.tolerance); (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestWhichRows(t *testing.T) {
	for _, c := range []struct {
		rows          which
		full, missing bool
	}{{all, true, true}, {full, true, false}, {missing, false, true}} {
		if c.rows.has(false) != c.full || c.rows.has(true) != c.missing {
			t.Errorf("%d has rows %v and %v", c.rows, c.rows.has(false), c.rows.has(true))
		}
	}
}

// A round that was disturbed counts once, for both contenders.
func TestRatioIsOfRounds(t *testing.T) {
	c := cell{times: [][]float64{{1, 9, 1}, {2, 18, 3}}}
	if got := c.ratio(1); got != 2 {
		t.Errorf("the ratio is %v, not 2", got)
	}
	if got := c.micros(1); got != 3 {
		t.Errorf("the median is %v, not 3", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("the median of four is %v, not 2.5", got)
	}
}

func TestMissed(t *testing.T) {
	m := &match{trainer: "XGBoost"}
	fast := &cell{batch: 1, names: []string{"leat", "a", "b"}, goals: []float64{0, 2, 4}, times: [][]float64{{1}, {3}, {3}}}
	slow := &cell{batch: 1, missing: true, names: []string{"leat"}, goals: []float64{0}, times: [][]float64{{2.5}}}
	m.cells = []*cell{fast, slow}
	if got := m.missed(fast); len(got) != 1 {
		t.Errorf("missed are %q, not one of two goals", got)
	}
	if got := m.missed(slow); len(got) != 1 {
		t.Errorf("missed are %q, not the goal of missing values", got)
	}
}
