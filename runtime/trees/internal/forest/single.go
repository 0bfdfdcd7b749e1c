package forest

import (
	"math"
	"unsafe"
)

// single is the layout of float32 forests. Its keys are narrow.
type single struct{ nodes []singleNode }

// A singleNode goes right if its key is above the limit. In a leaf the limit is
// the bits of the value; it compares with key 0, which is above nothing.
type singleNode struct {
	limit uint32
	slot  uint16
	step  uint16 // 0 at a leaf
}

const (
	maxSingleSlots = 1 << 16
	maxSingleStep  = 1<<16 - 1

	singleBytes = 8
)

// newSingle repacks nodes; scale gives what a leaf at a place adds.
func newSingle(nodes []packed, scale func(at int, v float64) float64) single {
	s := single{nodes: make([]singleNode, len(nodes))}
	for i, n := range nodes {
		if n.step == 0 {
			v := float32(scale(i, math.Float64frombits(uint64(n.threshold))))
			s.nodes[i].limit = math.Float32bits(v)
			continue
		}
		s.nodes[i] = singleNode{narrowKey(n.threshold) - 1, uint16(n.slot), uint16(n.step)}
	}
	return s
}

func (s single) bytes() int { return singleBytes * cap(s.nodes) }

func (n *singleNode) value() float32 { return math.Float32frombits(n.limit) }

// next is the number of nodes from n to the one that follows it for a key.
func (n *singleNode) next(key uint32) uint64 {
	return uint64(n.step) + (uint64(n.limit)-uint64(key))>>63
}

// singleStep is one step of the walk that is at p. The keys are those of a row,
// or of eight rows of which row is one: shift says how far apart.
//
// Neither access is checked, which a third of the time went into. They cannot
// leave their slices: a [Builder] lays out trees whose steps lead to nodes of
// theirs, and scratch has a key for each slot.
func singleStep(p, keys unsafe.Pointer, shift, row uintptr) unsafe.Pointer {
	n := (*singleNode)(p)
	key := *(*uint32)(unsafe.Add(keys, uintptr(n.slot)<<shift+4*row))
	return unsafe.Add(p, n.next(key)*singleBytes)
}

// The distance of the keys of two slots, as a shift: of one row, and of eight.
const (
	narrowOne   = 2
	narrowEight = 5
)

func (s single) trees(keys []int64, roots *[8]uint32, depth int, out *[8]float32) {
	nodes, k := unsafe.Pointer(unsafe.SliceData(s.nodes)), unsafe.Pointer(unsafe.SliceData(keys))
	a, b := unsafe.Add(nodes, uintptr(roots[0])*singleBytes), unsafe.Add(nodes, uintptr(roots[1])*singleBytes)
	c, d := unsafe.Add(nodes, uintptr(roots[2])*singleBytes), unsafe.Add(nodes, uintptr(roots[3])*singleBytes)
	e, f := unsafe.Add(nodes, uintptr(roots[4])*singleBytes), unsafe.Add(nodes, uintptr(roots[5])*singleBytes)
	g, h := unsafe.Add(nodes, uintptr(roots[6])*singleBytes), unsafe.Add(nodes, uintptr(roots[7])*singleBytes)
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = singleStep(a, k, narrowOne, 0)
			b = singleStep(b, k, narrowOne, 0)
			c = singleStep(c, k, narrowOne, 0)
			d = singleStep(d, k, narrowOne, 0)
			e = singleStep(e, k, narrowOne, 0)
			f = singleStep(f, k, narrowOne, 0)
			g = singleStep(g, k, narrowOne, 0)
			h = singleStep(h, k, narrowOne, 0)
		}
		depth -= chunk
		if depth <= 0 || singleEnded(a, b, c, d, e, f, g, h) {
			break
		}
	}
	out[0] = (*singleNode)(a).value()
	out[1] = (*singleNode)(b).value()
	out[2] = (*singleNode)(c).value()
	out[3] = (*singleNode)(d).value()
	out[4] = (*singleNode)(e).value()
	out[5] = (*singleNode)(f).value()
	out[6] = (*singleNode)(g).value()
	out[7] = (*singleNode)(h).value()
}

// sum has the walk of trees in it, and not a call of it, which takes 5 to 8 %
// more time.
func (s single) sum(keys []int64, roots []uint32, depth8 []uint16, sum float32) float32 {
	nodes, k := unsafe.Pointer(unsafe.SliceData(s.nodes)), unsafe.Pointer(unsafe.SliceData(keys))
	for i := range depth8 {
		depth, roots := int(depth8[i]), (*[8]uint32)(roots[8*i:])
		a, b := unsafe.Add(nodes, uintptr(roots[0])*singleBytes), unsafe.Add(nodes, uintptr(roots[1])*singleBytes)
		c, d := unsafe.Add(nodes, uintptr(roots[2])*singleBytes), unsafe.Add(nodes, uintptr(roots[3])*singleBytes)
		e, f := unsafe.Add(nodes, uintptr(roots[4])*singleBytes), unsafe.Add(nodes, uintptr(roots[5])*singleBytes)
		g, h := unsafe.Add(nodes, uintptr(roots[6])*singleBytes), unsafe.Add(nodes, uintptr(roots[7])*singleBytes)
		for chunk := firstLevels; ; chunk = nextLevels {
			for i := min(depth, chunk); i > 0; i-- {
				a = singleStep(a, k, narrowOne, 0)
				b = singleStep(b, k, narrowOne, 0)
				c = singleStep(c, k, narrowOne, 0)
				d = singleStep(d, k, narrowOne, 0)
				e = singleStep(e, k, narrowOne, 0)
				f = singleStep(f, k, narrowOne, 0)
				g = singleStep(g, k, narrowOne, 0)
				h = singleStep(h, k, narrowOne, 0)
			}
			depth -= chunk
			if depth <= 0 || singleEnded(a, b, c, d, e, f, g, h) {
				break
			}
		}
		sum += (*singleNode)(a).value()
		sum += (*singleNode)(b).value()
		sum += (*singleNode)(c).value()
		sum += (*singleNode)(d).value()
		sum += (*singleNode)(e).value()
		sum += (*singleNode)(f).value()
		sum += (*singleNode)(g).value()
		sum += (*singleNode)(h).value()
	}
	return sum
}

func (s single) rows(keys []int64, stride int, root uint32, depth int, sums []float32) {
	start := unsafe.Pointer(&s.nodes[root])
	for len(sums) >= 8 {
		k := unsafe.Pointer(unsafe.SliceData(keys))
		a, b, c, d, e, f, g, h := start, start, start, start, start, start, start, start
		left := depth
		for chunk := firstLevels; ; chunk = nextLevels {
			for i := min(left, chunk); i > 0; i-- {
				a = singleStep(a, k, narrowEight, 0)
				b = singleStep(b, k, narrowEight, 1)
				c = singleStep(c, k, narrowEight, 2)
				d = singleStep(d, k, narrowEight, 3)
				e = singleStep(e, k, narrowEight, 4)
				f = singleStep(f, k, narrowEight, 5)
				g = singleStep(g, k, narrowEight, 6)
				h = singleStep(h, k, narrowEight, 7)
			}
			left -= chunk
			if left <= 0 || singleEnded(a, b, c, d, e, f, g, h) {
				break
			}
		}
		sum := (*[8]float32)(sums)
		sum[0] += (*singleNode)(a).value()
		sum[1] += (*singleNode)(b).value()
		sum[2] += (*singleNode)(c).value()
		sum[3] += (*singleNode)(d).value()
		sum[4] += (*singleNode)(e).value()
		sum[5] += (*singleNode)(f).value()
		sum[6] += (*singleNode)(g).value()
		sum[7] += (*singleNode)(h).value()
		sums, keys = sums[8:], keys[stride:]
	}
}

func singleEnded(a, b, c, d, e, f, g, h unsafe.Pointer) bool {
	steps := (*singleNode)(a).step | (*singleNode)(b).step | (*singleNode)(c).step | (*singleNode)(d).step |
		(*singleNode)(e).step | (*singleNode)(f).step | (*singleNode)(g).step | (*singleNode)(h).step
	return steps == 0
}
