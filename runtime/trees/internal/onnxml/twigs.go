package onnxml

import (
	"math"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// twigs are a few trees that are walked as they are. To prepare a row for a
// forest takes as long as some walks, so that it does not pay for these; each
// ensemble of a bagged model, for example, is one tree.
type twigs[T float] struct {
	nodes   []twig[T]
	roots   []int32
	from    []int // of each node's weights, and where the last ends
	weights []weight
}

// A twig goes right if the value of its feature is greater than its own. A leaf
// goes to itself.
type twig[T float] struct {
	value    T
	feature  uint32
	children [2]int32
	nan      uint32 // which of them NaN goes to
	leaf     bool
}

// columnsPerTree is how many columns of a row are prepared for a forest in the
// time that one tree takes to walk.
const columnsPerTree = 5

// newTwigs returns nil where a forest is faster, or the trees are not simple.
func newTwigs[T float](e *ensemble) *twigs[T] {
	columns := map[uint32]bool{}
	for i := range e.nodes {
		switch n := &e.nodes[i]; n.Split {
		case forest.Leaf:
		case forest.Less, forest.AtMost:
			if math.IsInf(n.Value, -1) {
				return nil // before it there is none
			}
			columns[n.Feature] = true
		default:
			return nil
		}
	}
	if e.trees()*columnsPerTree > len(columns) || e.aggregate == least || e.aggregate == greatest || len(e.nodes) > math.MaxInt32 {
		return nil
	}
	t := &twigs[T]{nodes: make([]twig[T], len(e.nodes)), from: e.from, weights: e.weights}
	for i := range e.trees() {
		start := e.starts[i]
		t.roots = append(t.roots, int32(start))
		for at := start; at < e.starts[i+1]; at++ {
			t.nodes[at] = newTwig[T](&e.nodes[at], int32(start), int32(at))
		}
	}
	return t
}

func newTwig[T float](n *forest.Node, start, at int32) twig[T] {
	if n.Split == forest.Leaf {
		return twig[T]{children: [2]int32{at, at}, leaf: true}
	}
	w := twig[T]{value: T(n.Value), feature: n.Feature, children: [2]int32{start + n.Left, start + n.Right}}
	if n.Missing != forest.NaNLeft {
		w.nan = 1
	}
	if n.Split == forest.Less { // than v: at most the number before v
		w.value = before(w.value)
	}
	return w
}

// before is the number below v.
func before[T float](v T) T {
	if single, ok := any(v).(float32); ok {
		return T(math.Nextafter32(single, float32(math.Inf(-1))))
	}
	return T(math.Nextafter(float64(v), math.Inf(-1)))
}

// next is where a value takes the walk. It has no branches, since which way
// comes next cannot be predicted.
func (w *twig[T]) next(v T) int32 {
	return w.children[(bit(v > w.value)|bit(math.IsNaN(float64(v)))&w.nan)&1]
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// score adds up what the leaves of four rows have: rows are the four, and
// scores has a row of targets for each.
func (t *twigs[T]) score(scores []T, rows *[4][]T, targets int) {
	clear(scores)
	nodes := t.nodes
	for _, root := range t.roots {
		a, b, c, d := root, root, root, root
		for !(nodes[a].leaf && nodes[b].leaf && nodes[c].leaf && nodes[d].leaf) {
			a = nodes[a].next(rows[0][nodes[a].feature])
			b = nodes[b].next(rows[1][nodes[b].feature])
			c = nodes[c].next(rows[2][nodes[c].feature])
			d = nodes[d].next(rows[3][nodes[d].feature])
		}
		for r, leaf := range [4]int32{a, b, c, d} {
			t.add(scores[r*targets:(r+1)*targets], leaf)
		}
	}
}

func (t *twigs[T]) add(scores []T, leaf int32) {
	list := t.weights[t.from[leaf]:t.from[leaf+1]]
	if len(scores) == 1 {
		list = list[:1] // with one target, the first weight of a leaf counts
	}
	for _, w := range list {
		scores[w.target] += T(w.value)
	}
}
