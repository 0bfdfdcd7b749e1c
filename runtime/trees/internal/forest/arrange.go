package forest

// An arranger is what bringing the nodes of one tree into order takes.
type arranger struct {
	level []int32  // nodes of one level
	place []uint32 // where each node is laid out
}

// maxArranged is the largest tree that is not laid out level by level: in it
// any step fits the smaller layouts.
const maxArranged = maxSingleStep

// arrange brings the nodes of a tree, which b.order lists level by level, into
// the order in which they are laid out: the van Emde Boas order, in which the
// upper half of the levels of a tree comes first and then each of the subtrees
// below it, all of them in this order again. Whatever the size of a cache line
// or a page is, a walk touches few of them. Siblings stay together, and parents
// before children.
//
// M. A. Bender, E. D. Demaine, M. Farach-Colton: Cache-oblivious B-trees, SIAM
// Journal on Computing 35(2), 2005, section 2.1.
func (b *Builder) arrange(nodes []Node, depth int) {
	if len(b.order) <= maxArranged {
		b.order = b.order[:1]
		b.below(nodes, b.order[0], depth)
	}
	if len(b.place) < len(nodes) {
		b.place = make([]uint32, len(nodes))
	}
	for at, id := range b.order {
		b.place[id] = uint32(at)
	}
}

// below appends to b.order the nodes of the given number of levels below a node.
func (b *Builder) below(nodes []Node, id int32, levels int) {
	n := &nodes[id]
	if levels == 0 || n.Split == Leaf {
		return
	}
	if levels == 1 {
		first, second := n.children()
		b.order = append(b.order, first, second)
		return
	}
	upper := levels / 2
	b.below(nodes, id, upper)
	bottom := len(b.level)
	from := b.descend(nodes, id, upper)
	for i := from; i < len(b.level); i++ {
		b.below(nodes, b.level[i], levels-upper)
	}
	b.level = b.level[:bottom]
}

// descend appends to b.level the levels from a node to the given number below
// it, and returns where the last one begins.
func (b *Builder) descend(nodes []Node, id int32, levels int) (from int) {
	from = len(b.level)
	b.level = append(b.level, id)
	for range levels {
		to := len(b.level)
		for _, id := range b.level[from:to] {
			if n := &nodes[id]; n.Split != Leaf {
				first, second := n.children()
				b.level = append(b.level, first, second)
			}
		}
		from = to
	}
	return from
}

// step is the distance from the node laid out at a place to its first child; 0
// from a leaf.
func (b *Builder) step(nodes []Node, at int) uint32 {
	n := &nodes[b.order[at]]
	if n.Split == Leaf {
		return 0
	}
	first, _ := n.children()
	return b.place[first] - uint32(at)
}
