package forest

import "math"

// double is the layout of float64 forests: thresholds apart from the slots (the
// upper 16 bits of a link) and steps (the lower 16).
type double struct {
	thresholds []int64
	links      []uint32
}

const (
	maxDoubleSlots = 1 << 16
	maxDoubleStep  = 1<<16 - 1
)

func newDouble(nodes []packed, scale func(at int, v float64) float64) double {
	d := double{thresholds: make([]int64, len(nodes)), links: make([]uint32, len(nodes))}
	for i, n := range nodes {
		d.thresholds[i] = n.threshold
		if n.step == 0 {
			d.thresholds[i] = leafBits(scale(i, math.Float64frombits(uint64(n.threshold))))
		}
		d.links[i] = n.slot<<16 | n.step
	}
	return d
}

func (s double) bytes() int { return 8*cap(s.thresholds) + 4*cap(s.links) }

func doubleStep(thresholds []int64, links []uint32, keys []int64, at uint64) uint64 {
	link := links[at]
	return at + uint64(uint16(link)) + bit(keys[link>>16] >= thresholds[at])
}

func (s double) trees(keys []int64, roots *[8]uint32, depth int, out *[8]float64) {
	thresholds, links := s.thresholds, s.links
	a, b, c, d := uint64(roots[0]), uint64(roots[1]), uint64(roots[2]), uint64(roots[3])
	e, f, g, h := uint64(roots[4]), uint64(roots[5]), uint64(roots[6]), uint64(roots[7])
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = doubleStep(thresholds, links, keys, a)
			b = doubleStep(thresholds, links, keys, b)
			c = doubleStep(thresholds, links, keys, c)
			d = doubleStep(thresholds, links, keys, d)
			e = doubleStep(thresholds, links, keys, e)
			f = doubleStep(thresholds, links, keys, f)
			g = doubleStep(thresholds, links, keys, g)
			h = doubleStep(thresholds, links, keys, h)
		}
		depth -= chunk
		if depth <= 0 || uint16(links[a]|links[b]|links[c]|links[d]|links[e]|links[f]|links[g]|links[h]) == 0 {
			break
		}
	}
	out[0] = doubleLeaf(thresholds[a])
	out[1] = doubleLeaf(thresholds[b])
	out[2] = doubleLeaf(thresholds[c])
	out[3] = doubleLeaf(thresholds[d])
	out[4] = doubleLeaf(thresholds[e])
	out[5] = doubleLeaf(thresholds[f])
	out[6] = doubleLeaf(thresholds[g])
	out[7] = doubleLeaf(thresholds[h])
}

func doubleRowStep(thresholds []int64, links []uint32, keys []int64, at, row uint64) uint64 {
	link := links[at]
	return at + uint64(uint16(link)) + bit(keys[uint64(link>>16)*8+row] >= thresholds[at])
}

func (s double) rows(keys []int64, root uint32, depth int, out *[8]float64) {
	thresholds, links, a := s.thresholds, s.links, uint64(root)
	b, c, d, e, f, g, h := a, a, a, a, a, a, a
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = doubleRowStep(thresholds, links, keys, a, 0)
			b = doubleRowStep(thresholds, links, keys, b, 1)
			c = doubleRowStep(thresholds, links, keys, c, 2)
			d = doubleRowStep(thresholds, links, keys, d, 3)
			e = doubleRowStep(thresholds, links, keys, e, 4)
			f = doubleRowStep(thresholds, links, keys, f, 5)
			g = doubleRowStep(thresholds, links, keys, g, 6)
			h = doubleRowStep(thresholds, links, keys, h, 7)
		}
		depth -= chunk
		if depth <= 0 || uint16(links[a]|links[b]|links[c]|links[d]|links[e]|links[f]|links[g]|links[h]) == 0 {
			break
		}
	}
	out[0] = doubleLeaf(thresholds[a])
	out[1] = doubleLeaf(thresholds[b])
	out[2] = doubleLeaf(thresholds[c])
	out[3] = doubleLeaf(thresholds[d])
	out[4] = doubleLeaf(thresholds[e])
	out[5] = doubleLeaf(thresholds[f])
	out[6] = doubleLeaf(thresholds[g])
	out[7] = doubleLeaf(thresholds[h])
}

func doubleLeaf(threshold int64) float64 { return math.Float64frombits(uint64(threshold)) }
