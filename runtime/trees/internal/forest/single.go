package forest

import "math"

// single is the layout of float32 forests: 32 bits of threshold, 16 of slot, 16
// of step. The bits below the threshold do not disturb the comparison, because
// those of a key are all ones.
type single struct{ nodes []int64 }

const (
	maxSingleSlots = 1 << 16
	maxSingleStep  = 1<<16 - 1
)

// newSingle repacks nodes; scale gives what a leaf at a place adds.
func newSingle(nodes []packed, scale func(at int, v float64) float64) single {
	s := single{nodes: make([]int64, len(nodes))}
	for i, n := range nodes {
		if n.step == 0 {
			v := float32(scale(i, math.Float64frombits(uint64(n.threshold))))
			s.nodes[i] = int64(math.Float32bits(v+0)) << 32
			continue
		}
		s.nodes[i] = n.threshold | int64(n.slot)<<16 | int64(n.step)
	}
	return s
}

func (s single) bytes() int { return 8 * cap(s.nodes) }

func singleStep(nodes, keys []int64, at uint64) uint64 {
	n := nodes[at]
	return at + uint64(uint16(n)) + bit(keys[uint16(n>>16)] >= n)
}

func (s single) trees(keys []int64, roots *[8]uint32, depth int, out *[8]float32) {
	nodes := s.nodes
	a, b, c, d := uint64(roots[0]), uint64(roots[1]), uint64(roots[2]), uint64(roots[3])
	e, f, g, h := uint64(roots[4]), uint64(roots[5]), uint64(roots[6]), uint64(roots[7])
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = singleStep(nodes, keys, a)
			b = singleStep(nodes, keys, b)
			c = singleStep(nodes, keys, c)
			d = singleStep(nodes, keys, d)
			e = singleStep(nodes, keys, e)
			f = singleStep(nodes, keys, f)
			g = singleStep(nodes, keys, g)
			h = singleStep(nodes, keys, h)
		}
		depth -= chunk
		if depth <= 0 || uint16(nodes[a]|nodes[b]|nodes[c]|nodes[d]|nodes[e]|nodes[f]|nodes[g]|nodes[h]) == 0 {
			break
		}
	}
	out[0] = singleLeaf(nodes[a])
	out[1] = singleLeaf(nodes[b])
	out[2] = singleLeaf(nodes[c])
	out[3] = singleLeaf(nodes[d])
	out[4] = singleLeaf(nodes[e])
	out[5] = singleLeaf(nodes[f])
	out[6] = singleLeaf(nodes[g])
	out[7] = singleLeaf(nodes[h])
}

func singleRowStep(nodes, keys []int64, at, row uint64) uint64 {
	n := nodes[at]
	return at + uint64(uint16(n)) + bit(keys[(uint64(n)>>13)&(0xffff<<3)+row] >= n)
}

func (s single) rows(keys []int64, root uint32, depth int, out *[8]float32) {
	nodes, a := s.nodes, uint64(root)
	b, c, d, e, f, g, h := a, a, a, a, a, a, a
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = singleRowStep(nodes, keys, a, 0)
			b = singleRowStep(nodes, keys, b, 1)
			c = singleRowStep(nodes, keys, c, 2)
			d = singleRowStep(nodes, keys, d, 3)
			e = singleRowStep(nodes, keys, e, 4)
			f = singleRowStep(nodes, keys, f, 5)
			g = singleRowStep(nodes, keys, g, 6)
			h = singleRowStep(nodes, keys, h, 7)
		}
		depth -= chunk
		if depth <= 0 || uint16(nodes[a]|nodes[b]|nodes[c]|nodes[d]|nodes[e]|nodes[f]|nodes[g]|nodes[h]) == 0 {
			break
		}
	}
	out[0] = singleLeaf(nodes[a])
	out[1] = singleLeaf(nodes[b])
	out[2] = singleLeaf(nodes[c])
	out[3] = singleLeaf(nodes[d])
	out[4] = singleLeaf(nodes[e])
	out[5] = singleLeaf(nodes[f])
	out[6] = singleLeaf(nodes[g])
	out[7] = singleLeaf(nodes[h])
}

func singleLeaf(n int64) float32 { return math.Float32frombits(uint32(n >> 32)) }
