package forest

import (
	"math"
	"math/rand/v2"
	"slices"
)

// reference walks a tree as the documentation of a split says.
func reference(r Rules, nodes []Node, row []float64) float64 {
	n := &nodes[0]
	for n.Split != Leaf {
		id := n.Right
		if left(r, n, row[n.Feature]) {
			id = n.Left
		}
		n = &nodes[id]
	}
	if n.Linear == nil {
		return n.Value
	}
	sum := n.Linear.Constant
	for i, f := range n.Linear.Features {
		x := row[f]
		if math.IsNaN(x) {
			return n.Value
		}
		if math.Abs(x) <= r.Tiny {
			x = 0
		}
		sum += float64(n.Linear.Coefficients[i] * x)
	}
	return sum
}

func left(r Rules, n *Node, x float64) bool {
	if n.categorical() {
		return leftCategory(r, n, x)
	}
	t := n.Value
	if r.Float32 {
		x, t = float64(float32(x)), float64(float32(t))
	}
	zero := math.Abs(x) <= r.Tiny
	if zero {
		x = 0
	}
	switch {
	case n.Missing == ZeroLeft && (zero || math.IsNaN(x)):
		return true
	case n.Missing == ZeroRight && (zero || math.IsNaN(x)):
		return false
	case math.IsNaN(x) && n.Missing == NaNLeft:
		return true
	case math.IsNaN(x) && n.Missing == NaNRight:
		return false
	case math.IsNaN(x):
		x = 0
	}
	if n.Split == Less {
		return x < t
	}
	return x <= t
}

func leftCategory(r Rules, n *Node, x float64) bool {
	if math.IsNaN(x) {
		return n.Missing == NaNLeft
	}
	floor := 0.0
	if r.FractionalCategory {
		floor = math.Nextafter(-1, 0)
	}
	in := x >= floor && x < float64(r.Categories) && slices.Contains(n.Cats, uint32(x))
	return in == (n.Split == ListedLeft)
}

// margins adds up trees in the precision of the rules.
func margins(r Rules, trees [][]Node, groups int, base, row []float64) []float64 {
	sums := slices.Clone(base)
	for t, nodes := range trees {
		v := reference(r, nodes, row)
		if g := t % groups; r.Float32 {
			sums[g] = float64(float32(sums[g]) + float32(v))
		} else {
			sums[g] += v
		}
	}
	return sums
}

// A grower makes random trees.
type grower struct {
	*rand.Rand
	rules    Rules
	features int
	splits   []Split
	missing  []Missing
	values   []float64 // thresholds are chosen from these
	cats     int       // categories
}

// A shape says which leaf is split next: any, the last one made or the first.
type shape int

const (
	bushy shape = iota
	chain
	complete
)

// tree grows one with a number of leaves, its nodes in random order.
func (g *grower) tree(leaves int, s shape) []Node {
	nodes := []Node{{Value: g.leaf()}}
	open := []int{0} // leaves
	for range leaves - 1 {
		at := open[0]
		switch last := len(open) - 1; s {
		case complete:
			open = open[1:]
		case bushy:
			pick := g.IntN(len(open))
			at, open[pick] = open[pick], open[last]
			open = open[:last]
		case chain:
			at, open = open[last], open[:last]
		}
		open = append(open, len(nodes), len(nodes)+1)
		nodes[at] = g.split(len(nodes))
		nodes = append(nodes, Node{Value: g.leaf()}, Node{Value: g.leaf()})
	}
	return g.shuffle(nodes)
}

func (g *grower) leaf() float64 { return float64(float32(g.NormFloat64())) }

func (g *grower) split(child int) Node {
	n := Node{
		Split: g.splits[g.IntN(len(g.splits))], Left: int32(child), Right: int32(child + 1),
		Feature: uint32(g.IntN(g.features)), Value: g.values[g.IntN(len(g.values))],
	}
	n.Missing = g.missing[g.IntN(len(g.missing))]
	if n.categorical() {
		n.Missing %= 2 // NaNRight or NaNLeft
		for range g.IntN(6) {
			n.Cats = append(n.Cats, uint32(g.IntN(g.cats)))
		}
	}
	return n
}

// shuffle renames all nodes but the root.
func (g *grower) shuffle(nodes []Node) []Node {
	to := append([]int{0}, g.Perm(len(nodes)-1)...)
	for i := range to[1:] {
		to[i+1]++
	}
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		if n.Split != Leaf {
			n.Left, n.Right = int32(to[n.Left]), int32(to[n.Right])
		}
		out[to[i]] = n
	}
	return out
}

var special = []float64{
	math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1e-36, -1e-40, 5e-324, 1e300, 0.75, -0.5,
}

// row is one with missing values, infinities, zeros, thresholds and categories.
func (g *grower) row() []float64 {
	row := make([]float64, g.features)
	for i := range row {
		switch g.IntN(5) {
		case 0:
			row[i] = special[g.IntN(len(special))]
		case 1:
			row[i] = float64(g.IntN(220) - 10)
		case 2:
			row[i] = g.values[g.IntN(len(g.values))]
		default:
			row[i] = g.NormFloat64()
		}
	}
	return row
}
