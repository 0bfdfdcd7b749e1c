package forest

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestVectorLeaves compares with the same trees for each margin by itself.
func TestVectorLeaves(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(8, 9)), features: 4,
		splits: []Split{Less, ListedRight}, missing: []Missing{NaNLeft, NaNRight}, values: []float64{0, 1, -1}, cats: 200,
	}
	const width, n = 3, 29
	for _, r := range []Rules{singleRules, doubleRules} {
		vectors, weights := NewBuilder(r, 1<<20), []float32{}
		var single [width]*Builder
		for k := range single {
			single[k] = NewBuilder(r, 1<<20)
		}
		for i := range 11 {
			nodes := g.tree(1+i*3, bushy)
			for k := range single {
				alone := append([]Node{}, nodes...)
				for j := range nodes {
					if nodes[j].Split == Leaf {
						alone[j].Value, alone[j].Vector = nodes[j].Value*float64(k+1), nil
						nodes[j].Vector = append(nodes[j].Vector, alone[j].Value)
					}
				}
				if err := single[k].Add(alone); err != nil {
					t.Fatal(err)
				}
			}
			if err := vectors.Add(nodes); err != nil {
				t.Fatal(err)
			}
			weights = append(weights, float32(i)/4)
		}
		meta := Meta{Features: 4, Base: []float64{0.5, -1, 2}, Weight: weights}
		e, err := vectors.Finish(meta)
		if err != nil {
			t.Fatal(err)
		}
		rows, got := make([]float64, 0, n*4), make([]float64, n*width)
		for range n {
			rows = append(rows, g.row()...)
		}
		if err := e.PredictFloat64(got, rows, n, Margin); err != nil {
			t.Fatal(err)
		}
		for k := range single {
			alone, err := single[k].Finish(Meta{Features: 4, Base: meta.Base[k : k+1], Weight: weights})
			if err != nil {
				t.Fatal(err)
			}
			for row := range n {
				var want [1]float64
				var one [width]float64
				if err := alone.PredictFloat64(want[:], rows[row*4:(row+1)*4], 1, Margin); err != nil {
					t.Fatal(err)
				}
				if err := e.PredictFloat64(one[:], rows[row*4:(row+1)*4], 1, Margin); err != nil {
					t.Fatal(err)
				}
				if got[row*width+k] != want[0] || one[k] != want[0] {
					t.Fatalf("row %d, margin %d: %v, by itself %v, want %v", row, k, got[row*width+k], one[k], want[0])
				}
			}
		}
	}
}

func TestVectorLeavesRefuse(t *testing.T) {
	for want, trees := range map[string][][]Node{
		"tree 1: node 0: a leaf of 3 values among others of 2":   {{{Vector: []float64{1, 2}}}, {{Vector: []float64{1, 2, 3}}}},
		"tree 1: node 0: a leaf of 0 values among others of 2":   {{{Vector: []float64{1, 2}}}, {{Value: 1}}},
		"tree 1: node 0: a leaf of 2 values among others of one": {{{Value: 1}}, {{Vector: []float64{1, 2}}}},
		"leaves of 2 values for 1 outputs":                       {{{Vector: []float64{1, 2}}}},
	} {
		b := NewBuilder(singleRules, 0)
		var err error
		for _, nodes := range trees {
			if err == nil {
				err = b.Add(nodes)
			}
		}
		if err == nil {
			_, err = b.Finish(Meta{Features: 1, Base: []float64{0}})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
