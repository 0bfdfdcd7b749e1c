package forest

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSlotsAreInTheOrderOfFeatures(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(13, 14)), rules: doubleRules, features: 40,
		splits: []Split{AtMost, ListedLeft}, missing: []Missing{NaNLeft, ZeroRight}, values: []float64{0, 1}, cats: 9,
	}
	e := ensemble(t, doubleRules, [][]Node{g.tree(60, bushy), g.tree(60, bushy)}, 40, []float64{0})
	slots := e.double.slots
	if slots[0].missing != below || slots[0].zero != below {
		t.Error("the first slot is not the constant")
	}
	if !slices.IsSortedFunc(slots[1:], func(a, b slot) int { return int(a.feature) - int(b.feature) }) {
		t.Errorf("the slots are %v", slots)
	}
	if len(slots) < 40 {
		t.Errorf("%d slots are too few for this test", len(slots))
	}
}
