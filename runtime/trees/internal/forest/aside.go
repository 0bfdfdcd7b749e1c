package forest

import (
	"fmt"
	"math"
)

// aside is what predictions do without: only leaf indexes and contributions
// need it.
type aside struct {
	// numbers are what the file calls the leaves, in the order in which they
	// are packed; nil if that is each one's place in its tree.
	numbers []uint32
	covers  []float32 // of the packed nodes
	lack    error     // why the covers say nothing
	moved   bool      // some leaf's number is not its place
	ranks   []uint32  // scratch of one tree
}

// add notes the tree whose nodes are packed in the given order.
func (a *aside) add(r Rules, nodes []Node, order []int32, tree int) {
	if r.LeavesApart {
		a.rank(nodes)
	}
	for place, id := range order {
		n := &nodes[id]
		a.covers = append(a.covers, n.Cover)
		if a.lack == nil && (n.Cover < 0 || n.Cover > math.MaxFloat32 || n.Cover != n.Cover) {
			a.lack = fmt.Errorf("tree %d: node %d: the number of rows that came there in training is %v", tree, id, n.Cover)
		}
		if n.Split != Leaf {
			continue
		}
		number := uint32(id)
		if r.LeavesApart {
			number = a.ranks[id]
		}
		a.numbers = append(a.numbers, number)
		a.moved = a.moved || number != uint32(place)
	}
	if root := &nodes[0]; a.lack == nil && root.Split != Leaf && root.Cover == 0 {
		a.lack = fmt.Errorf("tree %d: the file does not say how many rows came to each node in training", tree)
	}
}

// rank counts, for each node, the leaves before it.
func (a *aside) rank(nodes []Node) {
	a.ranks = a.ranks[:0]
	leaves := uint32(0)
	for i := range nodes {
		a.ranks = append(a.ranks, leaves)
		if nodes[i].Split == Leaf {
			leaves++
		}
	}
}

// finish drops what is not needed any more.
func (a *aside) finish() *aside {
	out := &aside{lack: a.lack, moved: a.moved}
	if a.moved {
		out.numbers = a.numbers
	}
	if a.lack == nil {
		out.covers = a.covers
	}
	return out
}

func (a *aside) bytes() int { return 4*cap(a.numbers) + 4*cap(a.covers) }
