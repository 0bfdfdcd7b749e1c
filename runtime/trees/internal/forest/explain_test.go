package forest

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// cover gives the nodes from one on their shares of its training rows.
func (g *grower) cover(nodes []Node, at int32, rows float32) {
	nodes[at].Cover = rows
	if nodes[at].Split == Leaf {
		return
	}
	part := float32(math.Round(float64(rows) * g.Float64()))
	g.cover(nodes, nodes[at].Left, part)
	g.cover(nodes, nodes[at].Right, rows-part)
}

// reached is the node in which the walk of a row ends.
func reached(r Rules, nodes []Node, row []float64) int32 {
	at := int32(0)
	for nodes[at].Split != Leaf {
		if n := &nodes[at]; left(r, n, row[n.Feature]) {
			at = n.Left
		} else {
			at = n.Right
		}
	}
	return at
}

// expect is what a tree is expected to be of a row of which some features are
// known.
func expect(r Rules, nodes []Node, row []float64, known uint, at int32) float64 {
	n := &nodes[at]
	switch {
	case n.Split == Leaf:
		return n.Value
	case known>>n.Feature&1 == 1 && left(r, n, row[n.Feature]):
		return expect(r, nodes, row, known, n.Left)
	case known>>n.Feature&1 == 1:
		return expect(r, nodes, row, known, n.Right)
	}
	a, b := float64(nodes[n.Left].Cover), float64(nodes[n.Right].Cover)
	if a+b == 0 {
		a, b = 1, 1
	}
	return (a*expect(r, nodes, row, known, n.Left) + b*expect(r, nodes, row, known, n.Right)) / (a + b)
}

// shapley is the definition of the contributions to each group, the expected
// margin last.
func shapley(r Rules, trees [][]Node, features int, base, row []float64) []float64 {
	var out []float64
	for g := range base {
		worth := make([]float64, 1<<features)
		for t := g; t < len(trees); t += len(base) {
			for s := range worth {
				worth[s] += expect(r, trees[t], row, uint(s), 0)
			}
		}
		values := make([]float64, features+1)
		for s, without := range worth {
			for f := range features {
				if s>>f&1 == 0 {
					values[f] += (worth[s|1<<f] - without) * orders(bits.OnesCount(uint(s)), features)
				}
			}
		}
		values[features] = base[g] + worth[0]
		out = append(out, values...)
	}
	return out
}

// orders is the part of the orders of n features that begin with some k and then
// have a certain one: k! (n-k-1)! / n!.
func orders(k, n int) float64 {
	part := 1 / float64(n)
	for i := range k {
		part *= float64(i+1) / float64(n-1-i)
	}
	return part
}

var explainCases = []struct {
	layout string
	rules  Rules
	splits []Split
	cats   int
}{
	{"forest.single", singleRules, []Split{Less, AtMost}, 1},
	{"forest.double", doubleRules, []Split{Less, AtMost}, 1},
	{"forest.words[float32]", singleRules, []Split{Less, ListedLeft, ListedRight}, maxWordCats},
	{"forest.words[float64]", doubleRules, []Split{AtMost, ListedLeft, ListedRight}, maxWordCats},
	{"forest.mixed[float32]", singleRules, []Split{Less, ListedLeft, ListedRight}, 400},
	{"forest.mixed[float64]", doubleRules, []Split{AtMost, ListedLeft, ListedRight}, 400},
}

// TestExplanations compares leaf indexes and contributions of every layout with
// their definitions.
func TestExplanations(t *testing.T) {
	for _, c := range explainCases {
		t.Run(c.layout, func(t *testing.T) {
			seen := false
			rapid.Check(t, func(t *rapid.T) {
				g := &grower{
					Rand:  rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)),
					rules: c.rules, splits: c.splits, cats: c.cats, features: rapid.IntRange(1, 6).Draw(t, "features"),
					missing: []Missing{NaNRight, NaNLeft, NaNZero, ZeroRight, ZeroLeft}, values: []float64{0, 1, -1, 0.5},
				}
				var trees [][]Node
				base := []float64{0.25, -0.5}[:rapid.IntRange(1, 2).Draw(t, "groups")]
				for range len(base) * rapid.IntRange(1, 5).Draw(t, "trees") {
					nodes := g.tree(rapid.IntRange(1, 20).Draw(t, "leaves"), bushy)
					g.cover(nodes, 0, 1000)
					trees = append(trees, nodes)
				}
				seen = checkExplanations(t, g, trees, base, c.layout) || seen
			})
			if !seen {
				t.Errorf("no forest had this layout")
			}
		})
	}
}

func checkExplanations(t *rapid.T, g *grower, trees [][]Node, base []float64, want string) (seen bool) {
	b := NewBuilder(g.rules, 1<<28)
	m := Meta{Features: g.features, Base: base}
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
	const n = 19 // more than are explained together
	var rows, contribs []float64
	var leaves []int32
	for range n {
		row := g.row()
		rows = append(rows, row...)
		contribs = append(contribs, shapley(g.rules, trees, g.features, base, row)...)
		for _, nodes := range trees {
			leaves = append(leaves, reached(g.rules, nodes, row))
		}
	}
	gotLeaves, got := make([]int32, len(leaves)), make([]float64, len(contribs))
	if err := Leaves(e, gotLeaves, rows, n); err != nil || !slices.Equal(gotLeaves, leaves) {
		t.Fatalf("leaves %v, %v, want %v", gotLeaves, err, leaves)
	}
	if err := Predict(e, got, rows, n, Contrib); err != nil {
		t.Fatal(err)
	}
	for i, v := range contribs {
		if !(math.Abs(got[i]-v) <= 1e-12) {
			t.Fatalf("contribution %d: %v, want %v", i, got[i], v)
		}
	}
	return layout(e) == want
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-14 }

// TestLeavesApart: leaves are numbered in the order in which they are listed.
func TestLeavesApart(t *testing.T) {
	nodes := []Node{{Split: AtMost, Left: 3, Right: 1}, {Value: 1}, {Value: 2}, {Split: AtMost, Value: -1, Left: 4, Right: 2}, {Value: 3}}
	rules := doubleRules
	rules.LeavesApart = true
	e := ensemble(t, rules, [][]Node{{{Value: 5}}, nodes}, 1, []float64{0})
	got := make([]float64, 6)
	if err := Predict(e, got, []float64{1, 0, -1}, 3, LeafIndex); err != nil {
		t.Fatal(err)
	}
	if want := []float64{0, 0, 0, 1, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestNoContributions: what a model must say of its nodes.
func TestNoContributions(t *testing.T) {
	split := func(covers ...float32) []Node {
		return []Node{{Split: Less, Left: 1, Right: 2, Cover: covers[0]}, {Value: 1, Cover: covers[1]}, {Value: 2, Cover: covers[2]}}
	}
	inf := float32(math.Inf(1))
	for want, trees := range map[string][][]Node{
		"tree 1: the file does not say":      {split(2, 1, 1), split(0, 0, 0)},
		"tree 0: node 2: the number of rows": {split(2, 3, -1)},
		"node 1: the number of rows":         {split(2, float32(math.NaN()), 1)},
		"node 0: the number of rows":         {split(inf, 1, 1)},
	} {
		e := ensemble(t, singleRules, trees, 1, []float64{0})
		err := e.PredictFloat32(make([]float32, 2), make([]float32, 1), 1, Contrib)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// TestExplainedVectors: a tree of vector leaves adds to every margin.
func TestExplainedVectors(t *testing.T) {
	vector := []Node{{Split: Less, Left: 1, Right: 2, Cover: 2}, {Vector: []float64{1, 2}, Cover: 1}, {Vector: []float64{3, 4}, Cover: 1}}
	b := NewBuilder(singleRules, 1000)
	if err := b.Add(vector); err != nil {
		t.Fatal(err)
	}
	e, err := b.Finish(Meta{Features: 1, Base: []float64{0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	contribs := make([]float64, 4)
	if err := Predict(e, contribs, []float32{1}, 1, Contrib); err != nil || !slices.EqualFunc(contribs, []float64{1, 2, 1, 3}, near) {
		t.Errorf("contributions %v, %v", contribs, err)
	}
	leaves := make([]int32, 2)
	if err := Leaves(e, leaves, []float32{-1, 1}, 2); err != nil || !slices.Equal(leaves, []int32{1, 2}) {
		t.Errorf("leaves %v, %v", leaves, err)
	}
}

// TestExplanationsAreConcurrent: what they need is made once, by whoever is the
// first.
func TestExplanationsAreConcurrent(t *testing.T) {
	g := &grower{
		Rand: rand.New(rand.NewPCG(5, 6)), features: 5, rules: singleRules,
		splits: []Split{Less}, missing: []Missing{NaNLeft}, values: []float64{0, 1, -1},
	}
	var trees [][]Node
	for range 20 {
		nodes := g.tree(10, bushy)
		g.cover(nodes, 0, 100)
		trees = append(trees, nodes)
	}
	e := ensemble(t, singleRules, trees, 5, []float64{0})
	row := g.row()
	want := shapley(singleRules, trees, 5, []float64{0}, row)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				got := make([]float64, 6)
				if err := Predict(e, got, row, 1, Contrib); err != nil {
					t.Error(err)
				}
				for i, v := range want {
					if math.Abs(got[i]-v) > 1e-12 {
						t.Errorf("%v, want %v", got, want)
						return
					}
				}
				leaves := make([]int32, len(trees))
				if err := Leaves(e, leaves, row, 1); err != nil || leaves[7] != reached(singleRules, trees[7], row) {
					t.Errorf("leaves %v, %v", leaves, err)
				}
			}
		})
	}
	all.Wait()
}
