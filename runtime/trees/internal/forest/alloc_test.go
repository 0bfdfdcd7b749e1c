//go:build !race

package forest

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
)

// The race detector makes pools forget what they hold.
func TestPredictAllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		rules  Rules
		splits []Split
		cats   int
		groups int
	}{
		{singleRules, []Split{Less}, 0, 1},
		{singleRules, []Split{Less}, 0, 2},
		{doubleRules, []Split{AtMost}, 0, 1},
		{doubleRules, []Split{AtMost}, 0, 2},
		{singleRules, []Split{Less, ListedRight}, 20, 1},
		{singleRules, []Split{Less, ListedRight}, 200, 1},
		{doubleRules, []Split{Less, ListedRight}, 20, 1},
		{doubleRules, []Split{Less, ListedRight}, 200, 2},
	} {
		g := &grower{
			Rand: rand.New(rand.NewPCG(5, 6)), features: 5,
			splits: c.splits, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1}, cats: c.cats,
		}
		e := ensemble(t, c.rules, [][]Node{g.tree(10, bushy), g.tree(10, bushy)}, 5, make([]float64, c.groups))
		rows, dst := make([]float32, 40*5), make([]float32, 40*c.groups)
		for _, n := range []int{1, 40} {
			got := testing.AllocsPerRun(200, func() {
				if err := e.PredictFloat32(dst[:c.groups*n], rows[:5*n], n, Response); err != nil {
					t.Fatal(err)
				}
			})
			if got >= 1 {
				t.Errorf("%+v, %d rows: %v allocations", c, n, got)
			}
		}
	}
}

// testing.AllocsPerRun would leave one processor, so that nothing were split.
func TestSplitPredictAllocatesNothing(t *testing.T) {
	onProcessors(t, 4)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	e, rows, n := splitForest(t, singleRules, 1)
	dst := make([]float32, n)
	predict := func(times int) (mallocs uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range times {
			if err := e.PredictFloat32(dst, rows, n, Margin); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	predict(200)
	if got := predict(200); got >= 200 {
		t.Errorf("200 predictions make %d allocations", got)
	}
}

func TestObliviousAllocatesNothing(t *testing.T) {
	g := rand.New(rand.NewPCG(5, 6))
	for _, trees := range []int{3, 60} { // by value, and by counting borders
		_, e := obliviousForest(t, g, trees, 6, 5, 2)
		rows, dst := make([]float32, 40*5), make([]float32, 40*2)
		for _, n := range []int{1, 40} {
			got := testing.AllocsPerRun(200, func() {
				if err := e.PredictFloat32(dst[:2*n], rows[:5*n], n, Response); err != nil {
					t.Fatal(err)
				}
			})
			if got >= 1 {
				t.Errorf("%d trees, %d rows: %v allocations", trees, n, got)
			}
		}
	}
}

func TestVectorLeavesAllocateNothing(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(5, 6)), features: 5,
		splits: []Split{Less}, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1},
	}
	b := NewBuilder(singleRules, 1<<20)
	for range 9 {
		nodes := g.tree(10, bushy)
		for i := range nodes {
			if nodes[i].Split == Leaf {
				nodes[i].Vector = []float64{1, 2, 3}
			}
		}
		if err := b.Add(nodes); err != nil {
			t.Fatal(err)
		}
	}
	e, err := b.Finish(Meta{Features: 5, Base: make([]float64, 3)})
	if err != nil {
		t.Fatal(err)
	}
	rows, dst := make([]float32, 40*5), make([]float32, 40*3)
	for _, n := range []int{1, 40} {
		got := testing.AllocsPerRun(200, func() {
			if err := e.PredictFloat32(dst[:3*n], rows[:5*n], n, Response); err != nil {
				t.Fatal(err)
			}
		})
		if got >= 1 {
			t.Errorf("%d rows: %v allocations", n, got)
		}
	}
}
