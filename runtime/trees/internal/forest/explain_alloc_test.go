//go:build !race

package forest

import (
	"math/rand/v2"
	"testing"
)

// The race detector makes pools forget what they hold.
func TestExplainAllocatesNothing(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(5, 6)), features: 5,
		splits: []Split{Less, ListedRight}, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1}, cats: 200,
	}
	for _, r := range []Rules{singleRules, doubleRules} {
		trees := [][]Node{g.tree(10, bushy), g.tree(10, bushy)}
		for _, nodes := range trees {
			g.cover(nodes, 0, 100)
		}
		e := ensemble(t, r, trees, 5, []float64{0, 0})
		rows := make([]float32, 40*5)
		for _, out := range []Output{LeafIndex, Contrib} {
			dst := make([]float32, 40*e.Width(out))
			for _, n := range []int{1, 40} {
				got := testing.AllocsPerRun(200, func() {
					if err := e.PredictFloat32(dst[:n*e.Width(out)], rows[:5*n], n, out); err != nil {
						t.Fatal(err)
					}
				})
				if got >= 1 {
					t.Errorf("output %d of %d rows: %v allocations", out, n, got)
				}
			}
		}
	}
}
