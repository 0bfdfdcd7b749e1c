package forest

import (
	"fmt"
	"math"
)

// MaxDepth is the deepest tree that is accepted.
const MaxDepth = 4096

// minSetWords is what the sets of categories of the smallest file may take.
const minSetWords = 1 << 13

// A Builder collects trees. It is used by one goroutine, and no more after
// Finish.
type Builder struct {
	rules Rules
	nodes []packed // all trees, each as arrange has it
	roots []uint32
	depth []uint16
	slots slotTable
	sets  setPool
	// linear is nil until a leaf is a linear function: then it has the leaves
	// of all trees, also of those added before.
	linear  *linear
	vectors *vectorLeaves // nil until a leaf is a vector: then all must be
	aside   aside
	stats   stats
	order   []int32 // scratch of one tree: node numbers, level by level, then as arrange has it
	seen    []bool  // scratch of one tree
	arranger
}

// stats is what is learned while trees are added.
type stats struct {
	leaves          int
	least, greatest float64 // value of a leaf
	longest         uint32  // step
	deepest         int
	cats            bool
	highest         struct{ feature, tree, node int } // the highest feature, and where
}

// NewBuilder returns a builder for a model that follows r, read from a file of
// the given size: memory that a file could ask for out of proportion to its
// size is limited by it.
func NewBuilder(r Rules, size int) *Builder {
	b := &Builder{rules: r, slots: newSlotTable(r), sets: newSetPool(minSetWords + size/2)}
	b.stats.highest.feature = -1
	return b
}

// Trees is how many have been added.
func (b *Builder) Trees() int { return len(b.roots) }

// Add appends a tree. It keeps nothing of nodes. Nodes that cannot be reached
// from the root are left out.
//
// # Errors
//
// A child that does not exist or is reached twice (which a loop implies), a
// tree deeper than MaxDepth, a threshold that is no number: the error names the
// tree and the node.
func (b *Builder) Add(nodes []Node) error {
	if err := b.add(nodes); err != nil {
		return fmt.Errorf("tree %d: %w", len(b.roots), err)
	}
	return nil
}

func (b *Builder) add(nodes []Node) error {
	if len(nodes) == 0 {
		return fmt.Errorf("it has no nodes")
	}
	depth, err := b.layOut(nodes)
	if err != nil {
		return err
	}
	if uint64(len(b.nodes)+len(b.order)) > math.MaxUint32 {
		return fmt.Errorf("the model has more than %d nodes", uint32(math.MaxUint32))
	}
	b.arrange(nodes, depth)
	root := uint32(len(b.nodes))
	for at, id := range b.order {
		p, err := b.pack(&nodes[id], b.step(nodes, at))
		if err != nil {
			return fmt.Errorf("node %d: %w", id, err)
		}
		b.note(&nodes[id], int(id), p.step)
		b.nodes = append(b.nodes, p)
	}
	b.aside.add(b.rules, nodes, b.order, len(b.roots))
	b.roots = append(b.roots, root)
	b.depth = append(b.depth, uint16(depth))
	b.stats.deepest = max(b.stats.deepest, depth)
	return nil
}

// layOut checks that the nodes form a tree, fills b.order and returns the
// depth: the number of splits on the longest way down.
func (b *Builder) layOut(nodes []Node) (depth int, err error) {
	b.seen = append(b.seen[:0], make([]bool, len(nodes))...)
	b.seen[0] = true
	b.order = append(b.order[:0], 0)
	level := 1 // where the next level begins
	for i := 0; i < len(b.order); i++ {
		if i == level {
			depth++
			level = len(b.order)
		}
		if depth > MaxDepth {
			return 0, fmt.Errorf("it is deeper than %d levels", MaxDepth)
		}
		if err := b.visit(nodes, b.order[i]); err != nil {
			return 0, fmt.Errorf("node %d: %w", b.order[i], err)
		}
	}
	return depth, nil
}

func (b *Builder) visit(nodes []Node, id int32) error {
	n := &nodes[id]
	if n.Split == Leaf {
		return nil
	}
	if err := b.reach("left", n.Left); err != nil {
		return err
	}
	if err := b.reach("right", n.Right); err != nil {
		return err
	}
	first, second := n.children()
	b.order = append(b.order, first, second)
	return nil
}

func (b *Builder) reach(side string, child int32) error {
	if child < 0 || int(child) >= len(b.seen) {
		return fmt.Errorf("%s child %d is out of range (the tree has %d nodes)", side, child, len(b.seen))
	}
	if b.seen[child] {
		return fmt.Errorf("%s child %d is reached twice: the nodes do not form a tree", side, child)
	}
	b.seen[child] = true
	return nil
}

// pack returns the packed form of a node whose left child, if it has one, is
// step places further on.
func (b *Builder) pack(n *Node, step uint32) (packed, error) {
	if n.Split == Leaf {
		return b.packLeaf(n)
	}
	if step > maxStep {
		return packed{}, fmt.Errorf("the tree is too wide")
	}
	if n.categorical() {
		return b.packSet(n, step)
	}
	if math.IsNaN(n.Value) {
		return packed{}, fmt.Errorf("the threshold is not a number")
	}
	return packed{threshold: b.rules.threshold(n.Split, n.Value), slot: b.slots.number(n), step: step}, nil
}

func (b *Builder) packLeaf(n *Node) (packed, error) {
	if len(n.Vector) > 0 || b.vectors != nil {
		number, err := b.addVector(n)
		return packed{threshold: leafBits(number)}, err
	}
	if n.Linear != nil && b.linear == nil {
		if b.rules.Float32 {
			return packed{}, fmt.Errorf("a linear leaf in a float32 model")
		}
		b.startLinear()
	}
	if b.linear == nil {
		return packed{threshold: leafBits(n.Value)}, nil
	}
	return packed{threshold: leafBits(b.linear.add(n))}, nil
}

// startLinear makes linear leaves of those added so far.
func (b *Builder) startLinear() {
	b.linear = &linear{}
	for i := range b.nodes {
		if n := &b.nodes[i]; n.step == 0 {
			n.threshold = leafBits(b.linear.add(&Node{Value: math.Float64frombits(uint64(n.threshold))}))
		}
	}
}

func (b *Builder) packSet(n *Node, step uint32) (packed, error) {
	threshold, err := b.sets.add(n.Cats)
	if err != nil {
		return packed{}, err
	}
	b.stats.cats = true
	return packed{threshold: threshold, slot: b.slots.number(n), step: step | catFlag}, nil
}

func (b *Builder) note(n *Node, id int, step uint32) {
	if n.Split == Leaf {
		b.noteLeaf(n, id)
		return
	}
	b.stats.longest = max(b.stats.longest, step&maxStep)
	b.noteFeature(n.Feature, id)
}

func (b *Builder) noteFeature(feature uint32, id int) {
	if h := &b.stats.highest; int(feature) > h.feature {
		h.feature, h.tree, h.node = int(feature), len(b.roots), id
	}
}

func (b *Builder) noteLeaf(n *Node, id int) {
	if n.Linear != nil {
		for _, f := range n.Linear.Features {
			b.noteFeature(f, id)
		}
	}
	s, v := &b.stats, n.Value
	if s.leaves == 0 {
		s.least, s.greatest = v, v
	}
	s.leaves++
	s.least, s.greatest = min(s.least, v), max(s.greatest, v)
}
