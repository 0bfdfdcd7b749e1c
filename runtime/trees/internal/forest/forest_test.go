package forest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

var (
	singleRules = Rules{Float32: true, Categories: 1 << 24}
	doubleRules = Rules{Tiny: float64(float32(1e-35)), FractionalCategory: true, Categories: 1 << 24}
)

// ensemble packs trees; tree i adds to group i % groups.
func ensemble(t testing.TB, r Rules, trees [][]Node, features int, base []float64) *Ensemble {
	t.Helper()
	b := NewBuilder(r, 1<<28)
	m := Meta{Features: features, Base: base}
	for i, nodes := range trees {
		if err := b.Add(nodes); err != nil {
			t.Fatal(err)
		}
		m.Group = append(m.Group, int32(i%len(base)))
	}
	e, err := b.Finish(m)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func layout(e *Ensemble) string {
	if e.single != nil {
		return fmt.Sprintf("%T", e.single.walk)
	}
	return fmt.Sprintf("%T", e.double.walk)
}

// TestWalks compares every layout with the reference, over trees of every
// shape, numbers of trees and outputs, and numbers of rows.
func TestWalks(t *testing.T) {
	categorical := []Split{Less, AtMost, ListedLeft, ListedRight}
	few := []Split{Less, ListedLeft, ListedRight, Less, Less, AtMost} // of fewer categories
	numeric := []Split{Less, AtMost}
	every := []Missing{NaNRight, NaNLeft, NaNZero, ZeroRight, ZeroLeft}
	for _, c := range []struct {
		name, layout string
		rules        Rules
		splits       []Split
		features     int
		leaves       int
		shape        shape
		trees        int
		groups       int
	}{
		{"single", "forest.single", singleRules, numeric, 10, 30, bushy, 19, 1},
		{"single, groups", "forest.single", singleRules, numeric, 10, 30, bushy, 21, 3},
		{"single, chains", "forest.single", singleRules, numeric, 10, 80, chain, 9, 1},
		{"single, leaves", "forest.single", singleRules, numeric, 10, 1, bushy, 8, 1},
		{"double", "forest.double", doubleRules, numeric, 10, 30, bushy, 19, 1},
		{"double, groups", "forest.double", doubleRules, numeric, 10, 30, bushy, 21, 3},
		{"double, chains", "forest.double", doubleRules, numeric, 10, 80, chain, 9, 1},
		{"single, few categories", "forest.words[float32]", singleRules, few, 10, 30, bushy, 19, 1},
		{"double, few categories", "forest.words[float64]", doubleRules, few, 10, 30, bushy, 19, 2},
		{"few categories, chains", "forest.words[float64]", doubleRules, few, 10, 80, chain, 9, 1},
		{"few categories, many features", "forest.mixed[float64]", doubleRules, few, 90000, 40000, bushy, 3, 1},
		{"single, categories", "forest.mixed[float32]", singleRules, categorical, 10, 30, bushy, 19, 1},
		{"double, categories", "forest.mixed[float64]", doubleRules, categorical, 10, 30, bushy, 19, 2},
		{"categories, chains", "forest.mixed[float64]", doubleRules, categorical, 10, 80, chain, 9, 1},
		{"single, many features", "forest.mixed[float32]", singleRules, numeric, 90000, 40000, bushy, 3, 1},
		{"double, many features", "forest.mixed[float64]", doubleRules, numeric, 90000, 40000, bushy, 3, 1},
		{"single, wide trees", "forest.mixed[float32]", singleRules, numeric, 10, 140000, complete, 1, 1},
		{"double, wide trees", "forest.mixed[float64]", doubleRules, numeric, 10, 140000, complete, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &grower{Rand: rand.New(rand.NewPCG(1, 2)), rules: c.rules, features: c.features, splits: c.splits, missing: every, cats: 200}
			if len(c.splits) == len(few) {
				g.cats = maxWordCats
			}
			for range 50 {
				g.values = append(g.values, g.NormFloat64())
			}
			g.values = append(g.values, 0, math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324, 3)
			var trees [][]Node
			for range c.trees {
				trees = append(trees, g.tree(c.leaves, c.shape))
			}
			base := []float64{0.25, -0.5, 0.125}[:c.groups]
			e := ensemble(t, c.rules, trees, c.features, base)
			if got := layout(e); got != c.layout {
				t.Fatalf("layout %s, want %s", got, c.layout)
			}
			checkWalks(t, g, e, trees, base)
		})
	}
}

func checkWalks(t *testing.T, g *grower, e *Ensemble, trees [][]Node, base []float64) {
	t.Helper()
	counts := []int{1, 7, 8, 9, 83}
	if g.features > 1000 {
		counts = []int{1, 9}
	}
	for _, n := range counts {
		rows, want := []float64{}, []float64{}
		for range n {
			row := g.row()
			rows = append(rows, row...)
			want = append(want, margins(g.rules, trees, len(base), base, row)...)
		}
		got := make([]float64, len(want))
		if err := e.PredictFloat64(got, rows, n, Margin); err != nil {
			t.Fatal(err)
		}
		same := func(a, b float64) bool { return a == b || (a != a && b != b) }
		if !slices.EqualFunc(got, want, same) {
			t.Fatalf("%d rows:\n%v, want\n%v", n, got, want)
		}
	}
}

// TestLinearLeaves: some leaves of the later trees are linear functions.
func TestLinearLeaves(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(7, 8)), rules: doubleRules, features: 6,
		splits: []Split{AtMost}, missing: []Missing{NaNRight, NaNLeft}, values: []float64{0, 1, -1},
	}
	for _, groups := range []int{1, 3} {
		var trees [][]Node
		for i := range 12 {
			nodes := g.tree(10, bushy)
			for at := range nodes {
				if n := &nodes[at]; i > 2 && n.Split == Leaf && g.IntN(3) > 0 {
					n.Linear = &Linear{g.NormFloat64(), []uint32{uint32(g.IntN(6)), uint32(g.IntN(6))}, []float64{g.NormFloat64(), 2}}
				}
			}
			trees = append(trees, nodes)
		}
		base := []float64{0, 1, 2}[:groups]
		e := ensemble(t, doubleRules, trees, 6, base)
		if !e.Info().Linear {
			t.Error("the description does not say that it is linear")
		}
		checkWalks(t, g, e, trees, base)
	}
}

// TestFloat32Rows: rows of float32 give what the same numbers as float64 give.
func TestFloat32Rows(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(3, 4)), rules: doubleRules, features: 6,
		splits: []Split{AtMost}, missing: []Missing{NaNRight, ZeroLeft}, values: []float64{0.1, 0.25, float64(float32(0.1)), -3},
	}
	e := ensemble(t, doubleRules, [][]Node{g.tree(20, bushy), g.tree(20, bushy)}, 6, []float64{0})
	for range 200 {
		row := g.row()
		narrow, wide := make([]float32, 6), make([]float64, 6)
		for i, v := range row {
			narrow[i] = float32(v)
			wide[i] = float64(narrow[i])
		}
		var a, b [1]float64
		if err := Predict(e, a[:], narrow, 1, Margin); err != nil {
			t.Fatal(err)
		}
		if err := Predict(e, b[:], wide, 1, Margin); err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Fatalf("%v: %v, but as float64 %v", row, a, b)
		}
	}
}

func TestWeights(t *testing.T) {
	leaf := func(v float64) []Node { return []Node{{Value: v}} }
	for _, r := range []Rules{singleRules, doubleRules} {
		b := NewBuilder(r, 0)
		for _, v := range []float64{1, 2, 4} {
			if err := b.Add(leaf(v)); err != nil {
				t.Fatal(err)
			}
		}
		e, err := b.Finish(Meta{Base: []float64{100}, Weight: []float32{1, 0.5, -2}})
		if err != nil {
			t.Fatal(err)
		}
		var got [1]float64
		if err := e.PredictFloat64(got[:], nil, 1, Margin); err != nil || got[0] != 94 {
			t.Errorf("%v, %v, want 94", got, err)
		}
	}
}

func TestPredictRefusesWrongSizes(t *testing.T) {
	e := ensemble(t, singleRules, [][]Node{{{Value: 1}}}, 3, []float64{0, 0})
	for _, c := range []struct{ dst, rows, n int }{{2, 2, 1}, {1, 3, 1}, {3, 3, 1}, {4, 3, 2}, {0, 0, -1}, {2, 3, math.MaxInt}} {
		if err := e.PredictFloat32(make([]float32, c.dst), make([]float32, c.rows), c.n, Margin); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	if err := e.PredictFloat32(nil, nil, 0, Margin); err != nil {
		t.Errorf("no rows: %v", err)
	}
}

func TestPredictIsConcurrent(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(5, 6)), features: 5, rules: singleRules,
		splits: []Split{Less}, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1},
	}
	var trees [][]Node
	for range 20 {
		trees = append(trees, g.tree(10, bushy))
	}
	e := ensemble(t, singleRules, trees, 5, []float64{0})
	rows := [][]float64{}
	for range 32 {
		rows = append(rows, g.row())
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 500 {
				row := rows[i%len(rows)]
				var got [1]float64
				if err := e.PredictFloat64(got[:], row, 1, Margin); err != nil || got[0] != margins(singleRules, trees, 1, []float64{0}, row)[0] {
					t.Errorf("row %d: %v, %v", i, got, err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestInfo(t *testing.T) {
	b := NewBuilder(singleRules, 0)
	if err := b.Add([]Node{{Split: Less, Left: 1, Right: 2, Feature: 1}, {Value: 1}, {Value: 2}, {Value: 3}}); err != nil {
		t.Fatal(err)
	}
	e, err := b.Finish(Meta{Format: "f", Booster: "b", Objective: "o", Features: 2, FeatureNames: []string{"x", "y"}, Base: []float64{0}})
	if err != nil {
		t.Fatal(err)
	}
	got := e.Info()
	if got.Nodes != 3 || got.Leaves != 2 || got.Depth != 1 || got.Trees != 1 || got.Groups != 1 || got.Features != 2 {
		t.Errorf("%+v", got)
	}
	if got.Bytes < 3*8 || got.Bytes > 1000 {
		t.Errorf("%d bytes", got.Bytes)
	}
}
