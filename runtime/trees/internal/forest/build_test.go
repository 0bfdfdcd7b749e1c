package forest

import (
	"math"
	"strings"
	"testing"
)

func TestAddRefuses(t *testing.T) {
	split := func(left, right int32) Node { return Node{Split: Less, Left: left, Right: right} }
	leaf := Node{}
	chain := []Node{}
	for i := range int32(MaxDepth + 1) {
		chain = append(chain, split(2*i+1, 2*i+2), leaf)
	}
	for want, nodes := range map[string][]Node{
		"tree 1: it has no nodes": {},
		"tree 1: node 0: left child 99 is out of range (the tree has 3 nodes)":  {split(99, 2), leaf, leaf},
		"tree 1: node 0: right child 3 is out of range (the tree has 3 nodes)":  {split(1, 3), leaf, leaf},
		"tree 1: node 0: right child -1 is out of range (the tree has 3 nodes)": {split(1, -1), leaf, leaf},
		"tree 1: node 0: left child 0 is reached twice: the nodes do not form":  {split(0, 1), leaf},
		"tree 1: node 0: right child 1 is reached twice: the nodes do not form": {split(1, 1), leaf},
		"tree 1: node 2: left child 0 is reached twice: the nodes do not form":  {split(1, 2), leaf, split(0, 1)},
		"tree 1: node 2: right child 2 is reached twice: the nodes do not form": {split(1, 2), leaf, split(3, 2), leaf},
		"tree 1: it is deeper than 4096 levels":                                 append(chain, leaf),
		"tree 1: node 0: the threshold is not a number":                         {{Split: Less, Left: 1, Right: 2, Value: math.NaN()}, leaf, leaf},
		"tree 1: node 0: a linear leaf in a float32 model":                      {{Linear: &Linear{}}},
		"tree 1: node 0: category 16777216 is out of range (at most 16777215)":  {{Split: ListedLeft, Left: 1, Right: 2, Cats: []uint32{1 << 24}}, leaf, leaf},
		"tree 1: node 0: the sets of categories take too much memory":           {{Split: ListedLeft, Left: 1, Right: 2, Cats: []uint32{0, 1<<24 - 1}}, leaf, leaf},
	} {
		b := NewBuilder(singleRules, 0)
		if err := b.Add([]Node{leaf}); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(nodes); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestDeepestTreeIsAccepted(t *testing.T) {
	nodes := []Node{}
	for i := range int32(MaxDepth) {
		nodes = append(nodes, Node{Split: Less, Left: 2*i + 1, Right: 2*i + 2, Value: float64(i)}, Node{Value: float64(i)})
	}
	nodes = append(nodes, Node{Value: -1})
	e := ensemble(t, singleRules, [][]Node{nodes}, 1, []float64{0})
	for x, want := range map[float64]float64{-5: 0, 0.5: 1, MaxDepth + 1: -1} {
		var got [1]float64
		if err := e.PredictFloat64(got[:], []float64{x}, 1, Margin); err != nil || got[0] != want {
			t.Errorf("%v: %v, %v, want %v", x, got, err, want)
		}
	}
}

func TestFinishRefuses(t *testing.T) {
	for want, m := range map[string]Meta{
		"tree 1: node 0: feature 4 is out of range (the model has 4 features)": {Features: 4, Base: []float64{0}},
		"2 feature names for 5 features":                                       {Features: 5, Base: []float64{0}, FeatureNames: []string{"a", "b"}},
		"2 trees, but the groups of 1":                                         {Features: 5, Base: []float64{0}, Group: []int32{0}},
		"2 trees, but the weights of 3":                                        {Features: 5, Base: []float64{0}, Weight: make([]float32, 3)},
		"tree 1: output 2 is out of range (the model has 2)":                   {Features: 5, Base: []float64{0, 0}, Group: []int32{0, 2}},
		"tree 0: output -1 is out of range (the model has 2)":                  {Features: 5, Base: []float64{0, 0}, Group: []int32{-1, 2}},
	} {
		b := NewBuilder(doubleRules, 0)
		for _, feature := range []uint32{3, 4} {
			if err := b.Add([]Node{{Split: AtMost, Left: 1, Right: 2, Feature: feature}, {}, {}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Finish(m); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestKeys: the order of keys is that of numbers, in both precisions.
func TestKeys(t *testing.T) {
	inf := math.Inf(1)
	ascending := []float64{-inf, -math.MaxFloat32, -1.5, -1, -1e-40, 0, 1e-40, 0.5, 1, math.MaxFloat32, inf}
	for _, r := range []Rules{singleRules, {}} {
		slots := []slot{{}, {missing: above, zero: r.zero()}}
		f := &filler{rules: r, slots: slots}
		var keys [2]int64
		for i, x := range ascending {
			fill(f, keys[:], []float64{x})
			for j, threshold := range ascending {
				if got := keys[1] >= r.threshold(Less, threshold); got != (i >= j) {
					t.Errorf("%v < %v: %v", x, threshold, !got)
				}
				if got := keys[1] >= r.threshold(AtMost, threshold); got != (i > j) {
					t.Errorf("%v <= %v: %v", x, threshold, !got)
				}
			}
			if keys[1] <= below {
				t.Errorf("the key of %v is not above the leaves'", x)
			}
		}
	}
}
