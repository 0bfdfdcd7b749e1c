package forest

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// obliviousForest makes random trees, and the ensemble of them.
func obliviousForest(tb testing.TB, g *rand.Rand, trees, depth, features, width int) ([]ObliviousTree, *Ensemble) {
	tb.Helper()
	var b ObliviousBuilder
	list := make([]ObliviousTree, trees)
	missing := make([]bool, features)
	for f := range missing {
		missing[f] = g.IntN(2) == 0
	}
	for i := range list {
		t := &list[i]
		for range depth {
			f := uint32(g.IntN(features))
			t.Tests = append(t.Tests, ObliviousTest{f, float32(g.NormFloat64()), missing[f]})
		}
		for range 1 << depth {
			t.Covers = append(t.Covers, float32(1+g.IntN(9)))
			for range width {
				t.Values = append(t.Values, g.NormFloat64())
			}
		}
		if err := b.Add(t); err != nil {
			tb.Fatal(err)
		}
	}
	bias := make([]float64, width)
	for i := range bias {
		bias[i] = float64(i) + 0.5
	}
	e, err := b.Finish(Meta{Features: features, Base: bias})
	if err != nil {
		tb.Fatal(err)
	}
	return list, e
}

// obliviousMargins adds up trees as the documentation of them says.
func obliviousMargins(list []ObliviousTree, width int, row []float64) []float64 {
	sums := make([]float64, width)
	for i := range list {
		leaf := 0
		for bit, test := range list[i].Tests {
			x := float32(row[test.Feature])
			if x > test.Border || (x != x && test.NaN) {
				leaf |= 1 << bit
			}
		}
		for g := range sums {
			sums[g] += list[i].Values[leaf*width+g]
		}
	}
	for g := range sums {
		sums[g] += float64(g) + 0.5
	}
	return sums
}

// TestOblivious compares both ways of scoring, and the same trees as nodes, with
// the definition, on borders and between them and the next float32 too.
func TestOblivious(t *testing.T) {
	g := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct{ trees, depth, features, width int }{
		{7, 3, 4, 1}, {20, 6, 9, 1}, {3, 0, 1, 1}, {5, 4, 3, 3}, {2, 9, 40, 2}, {0, 0, 2, 1}, {150, 6, 2, 1}, {90, 8, 1, 3}, {200, 5, 7, 1},
	} {
		list, e := obliviousForest(t, g, c.trees, c.depth, c.features, c.width)
		nodes, err := e.oblivious.nodes(c.features)
		if err != nil {
			t.Fatal(err)
		}
		const n = 83
		rows := make([]float64, n*c.features)
		for i := range rows {
			rows[i] = g.NormFloat64()
			if g.IntN(2) == 0 && c.depth > 0 {
				border := list[g.IntN(len(list))].Tests[g.IntN(c.depth)].Border
				next := math.Nextafter32(border, 9)
				rows[i] = []float64{float64(border), float64(next), (float64(border) + float64(next)) / 2}[g.IntN(3)]
			} else if g.IntN(3) == 0 {
				rows[i] = special[g.IntN(len(special))]
			}
		}
		got, expanded, alone := make([]float64, n*c.width), make([]float64, n*c.width), make([]float64, c.width)
		if err := e.PredictFloat64(got, rows, n, Margin); err != nil {
			t.Fatal(err)
		}
		if err := nodes.PredictFloat64(expanded, rows, n, Margin); err != nil {
			t.Fatal(err)
		}
		for r := range n {
			row := rows[r*c.features : (r+1)*c.features]
			if err := e.PredictFloat64(alone, row, 1, Margin); err != nil {
				t.Fatal(err)
			}
			for k, want := range obliviousMargins(list, c.width, row) {
				at := r*c.width + k
				if got[at] != want || alone[k] != want || math.Abs(expanded[at]-want) > 1e-12 {
					t.Fatalf("%+v: row %v: %v, by itself %v, as nodes %v, want %v", c, row, got[at], alone[k], expanded[at], want)
				}
			}
		}
	}
}

func TestObliviousRefuses(t *testing.T) {
	inf := float32(math.Inf(1))
	one := []ObliviousTest{{0, 1, false}}
	for want, trees := range map[string][]ObliviousTree{
		"tree 0: 3 values for 2 leaves":                        {{Tests: one, Values: []float64{1, 2, 3}}},
		"tree 0: 0 values for 2 leaves":                        {{Tests: one}},
		"tree 0: 1 weights for 2 leaves":                       {{Tests: one, Values: []float64{1, 2}, Covers: []float32{1}}},
		"tree 1: leaves of 2 values among others of 1":         {{Values: []float64{1}}, {Values: []float64{1, 2}}},
		"tree 0: a border is +Inf":                             {{Tests: []ObliviousTest{{0, inf, false}}, Values: []float64{1, 2}}},
		"tree 0: it is deeper than 24 levels":                  {{Tests: make([]ObliviousTest, 25)}},
		"feature 3 is out of range (the model has 2 features)": {{Tests: []ObliviousTest{{3, 1, false}}, Values: []float64{1, 2}}},
		"leaves of 2 values for 1 outputs":                     {{Values: []float64{1, 2}}},
	} {
		var b ObliviousBuilder
		var err error
		for i := range trees {
			if err == nil {
				err = b.Add(&trees[i])
			}
		}
		if err == nil {
			_, err = b.Finish(Meta{Features: 2, Base: []float64{0}})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	var b ObliviousBuilder
	if err := b.Add(&ObliviousTree{Values: []float64{1}}); err != nil {
		t.Fatal(err)
	}
	e, err := b.Finish(Meta{Features: 1, Base: []float64{0}})
	if err != nil {
		t.Fatal(err)
	}
	if err := Predict(e, make([]float64, 2), []float64{1}, 1, Contrib); err == nil || !strings.Contains(err.Error(), "how much came to each leaf") {
		t.Errorf("contributions without covers: %v", err)
	}
}

// BenchmarkOblivious is the time of one call, for oblivious trees and for the
// same as nodes.
func BenchmarkOblivious(b *testing.B) {
	g := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		name                          string
		trees, depth, features, width int
	}{{"200x6", 200, 6, 30, 1}, {"1000x6", 1000, 6, 50, 1}, {"200x6x5", 200, 6, 30, 5}} {
		_, e := obliviousForest(b, g, c.trees, c.depth, c.features, c.width)
		nodes, err := e.oblivious.nodes(c.features)
		if err != nil {
			b.Fatal(err)
		}
		for name, e := range map[string]*Ensemble{"oblivious": e, "nodes": nodes} {
			b.Run(c.name+"/"+name+"/rows=1", func(b *testing.B) { benchmark(b, e, 1, false) })
			b.Run(c.name+"/"+name+"/rows=32", func(b *testing.B) { benchmark(b, e, 32, false) })
		}
	}
}
