package shap

import "slices"

// A Node is one of a tree whose nodes are listed breadth-first.
type Node struct {
	First   uint32  // the first child's place, which the second follows; 0: a leaf
	Feature uint32  // of a split
	Cover   float32 // how many training rows came here, not negative
	Value   float64 // of a leaf
}

// A Tree is one that explains. It is immutable and safe for concurrent use.
type Tree struct {
	expected float64
	at       []uint32     // the places of the splits
	splits   []split      // parents before children; those between two leaves last
	inner    int          // how many have another split below
	values   [][2]float64 // of the leaves below the other splits
	leaves   []leaf       // beside a split
	shares   []float64
	rule     rule
	tables   [][]table // for each lane of the rule; nil: made when needed
}

// A split refers to slots: those of splits are their numbers, then come those
// of leaves beside a split.
type split struct {
	cold    [2]float64 // the share of the child that a row does not take, by the one it takes
	child   [2]uint32  // slots; of one between two leaves, 0 and 1
	feature uint32
	// above is the last split on the path by the same feature, and which way
	// the path goes there: the number of what is found in a walk's taken.
	above uint32
	table uint32
}

type leaf struct {
	slot  uint32
	value float64
}

// The first tables: of splits by a feature for which the row at hand has left
// the path, and of the first split on a path by a feature.
const (
	tableLeft = iota
	tableFirst
	tableNext
)

// notAbove stands for no split above.
const notAbove = 0

// maxTablePoints is up to where tables are kept: each has this many numbers,
// and as many more.
const maxTablePoints = 8

// NewTree returns the tree of nodes. It keeps nothing of them.
func NewTree(nodes []Node) *Tree {
	b := builder{nodes: nodes, tree: &Tree{}, edges: make(map[uint32]edge)}
	b.place()
	b.visit(0, 1, 0)
	t := b.tree
	t.rule = newRule(points(b.widest))
	if t.Points() <= maxTablePoints {
		for k := range t.rule.points {
			t.tables = append(t.tables, t.fill(nil, k))
		}
	}
	return t
}

// Expected is the mean of the tree over its training rows.
func (t *Tree) Expected() float64 { return t.expected }

// Splits are the places of the splits among the nodes, in the order in which
// [Tree.Explain] takes the tests.
func (t *Tree) Splits() []uint32 { return t.at }

// Points is how many points are walked.
func (t *Tree) Points() int { return len(t.rule.points) * lanes }

// Bytes is the memory held.
func (t *Tree) Bytes() int {
	const splitBytes, tableBytes = 48, 64
	n := splitBytes*cap(t.splits) + 4*cap(t.at) + 16*cap(t.values) + 16*cap(t.leaves) + 8*cap(t.shares) + 16*t.Points()
	for _, k := range t.tables {
		n += tableBytes * cap(k)
	}
	return n
}

// A builder makes a tree.
type builder struct {
	nodes  []Node
	tree   *Tree
	slots  []uint32        // of the nodes
	edges  map[uint32]edge // of the path to the node visited, by feature
	widest int             // the most features of a path
}

// An edge is the last one of a feature on a path.
type edge struct {
	above uint32
	share float64 // of all splits by the feature
}

// place gives the nodes their slots.
func (b *builder) place() {
	t, ends := b.tree, []uint32(nil)
	for at := range b.nodes {
		switch first := b.nodes[at].First; {
		case first == 0:
		case b.nodes[first].First == 0 && b.nodes[first+1].First == 0:
			ends = append(ends, uint32(at))
		default:
			t.at = append(t.at, uint32(at))
		}
	}
	t.inner = len(t.at)
	t.at = slices.Clip(append(t.at, ends...))
	t.splits, t.values = make([]split, len(t.at)), make([][2]float64, len(ends))
	b.slots = make([]uint32, len(b.nodes))
	for i, at := range t.at {
		b.slots[at] = uint32(i)
	}
	b.placeLeaves()
}

func (b *builder) placeLeaves() {
	t, next := b.tree, uint32(len(b.tree.splits))
	for i, at := range t.at {
		first := b.nodes[at].First
		if i >= t.inner {
			t.values[i-t.inner] = [2]float64{b.nodes[first].Value, b.nodes[first+1].Value}
			continue
		}
		for _, child := range []uint32{first, first + 1} {
			if n := &b.nodes[child]; n.First == 0 {
				b.slots[child] = next
				t.leaves = append(t.leaves, leaf{next, n.Value})
				next++
			}
		}
	}
	t.leaves = slices.Clip(t.leaves)
}

// visit completes the splits from the node at a place on, to which a share of
// the training rows comes; features is how many the path above it has.
func (b *builder) visit(at uint32, share float64, features int) {
	n, t := &b.nodes[at], b.tree
	if n.First == 0 {
		t.expected += share * n.Value
		b.widest = max(b.widest, features)
		return
	}
	number := b.slots[at]
	s := &t.splits[number]
	last, again := b.edges[n.Feature]
	s.feature, s.above, s.table = n.Feature, last.above, tableFirst
	if again {
		s.table = uint32(tableNext + len(t.shares))
		t.shares = append(t.shares, last.share)
	} else {
		last.share = 1
		features++
	}
	first := portion(b.nodes[n.First].Cover, b.nodes[n.First+1].Cover)
	s.cold = [2]float64{1 - first, first}
	for side := range uint32(2) {
		child := n.First + side
		s.child[side] = b.slots[child]
		if int(number) >= t.inner {
			s.child[side] = side
		}
		part := s.cold[1-side]
		b.edges[n.Feature] = edge{above: 1 + 2*number + side, share: last.share * part}
		b.visit(child, share*part, features)
	}
	if again {
		b.edges[n.Feature] = last
	} else {
		delete(b.edges, n.Feature)
	}
}

// portion is the part of the first; half, if there is nothing to go by.
func portion(first, second float32) float64 {
	if first == 0 && second == 0 {
		return 0.5
	}
	return float64(first) / (float64(first) + float64(second))
}
