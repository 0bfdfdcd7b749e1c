//go:build !race

package forest

import (
	"math/rand/v2"
	"testing"
)

// The race detector makes pools forget what they hold.
func TestPredictAllocatesNothing(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(5, 6)), features: 5,
		splits: []Split{Less, ListedRight}, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1}, cats: 200,
	}
	for _, r := range []Rules{singleRules, doubleRules} {
		e := ensemble(t, r, [][]Node{g.tree(10, bushy), g.tree(10, bushy)}, 5, []float64{0, 0})
		rows, dst := make([]float32, 40*5), make([]float32, 40*2)
		for _, n := range []int{1, 40} {
			got := testing.AllocsPerRun(200, func() {
				if err := e.PredictFloat32(dst[:2*n], rows[:5*n], n, Response); err != nil {
					t.Fatal(err)
				}
			})
			if got >= 1 {
				t.Errorf("%d rows: %v allocations", n, got)
			}
		}
	}
}
