package forest

import (
	"math"
	"unsafe"
)

// double is the layout of float64 forests.
type double struct{ nodes []doubleNode }

// A doubleNode goes right if its key is at least the threshold. In a leaf the
// threshold is the bits of the value; it compares with key 0, which is below
// everything. Halves of a threshold keep the node at 12 bytes.
type doubleNode struct {
	low, high uint32 // of the threshold
	slot      uint16
	step      uint16 // 0 at a leaf
}

const (
	maxDoubleSlots = 1 << 16
	maxDoubleStep  = 1<<16 - 1

	doubleBytes = 12
)

func newDouble(nodes []packed, scale func(at int, v float64) float64) double {
	d := double{nodes: make([]doubleNode, len(nodes))}
	for i, n := range nodes {
		if n.step == 0 {
			n.threshold = leafBits(scale(i, math.Float64frombits(uint64(n.threshold))))
		}
		d.nodes[i] = doubleNode{uint32(n.threshold), uint32(n.threshold >> 32), uint16(n.slot), uint16(n.step)}
	}
	return d
}

func (s double) bytes() int { return doubleBytes * cap(s.nodes) }

func (n *doubleNode) threshold() int64 { return int64(n.high)<<32 | int64(n.low) }

func (n *doubleNode) value() float64 { return math.Float64frombits(uint64(n.threshold())) }

// next is the number of nodes from n to the one that follows it for a key.
func (n *doubleNode) next(key int64) uint64 { return uint64(n.step) + bit(key >= n.threshold()) }

// doubleStep is one step of the walk that is at p; see singleStep.
func doubleStep(p, keys unsafe.Pointer, shift, row uintptr) unsafe.Pointer {
	n := (*doubleNode)(p)
	key := *(*int64)(unsafe.Add(keys, uintptr(n.slot)<<shift+8*row))
	return unsafe.Add(p, n.next(key)*doubleBytes)
}

// The distance of the keys of two slots, as a shift: of one row, and of eight.
const (
	wideOne   = 3
	wideEight = 6
)

func (s double) trees(keys []int64, roots *[8]uint32, depth int, out *[8]float64) {
	nodes, k := unsafe.Pointer(unsafe.SliceData(s.nodes)), unsafe.Pointer(unsafe.SliceData(keys))
	a, b := unsafe.Add(nodes, uintptr(roots[0])*doubleBytes), unsafe.Add(nodes, uintptr(roots[1])*doubleBytes)
	c, d := unsafe.Add(nodes, uintptr(roots[2])*doubleBytes), unsafe.Add(nodes, uintptr(roots[3])*doubleBytes)
	e, f := unsafe.Add(nodes, uintptr(roots[4])*doubleBytes), unsafe.Add(nodes, uintptr(roots[5])*doubleBytes)
	g, h := unsafe.Add(nodes, uintptr(roots[6])*doubleBytes), unsafe.Add(nodes, uintptr(roots[7])*doubleBytes)
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = doubleStep(a, k, wideOne, 0)
			b = doubleStep(b, k, wideOne, 0)
			c = doubleStep(c, k, wideOne, 0)
			d = doubleStep(d, k, wideOne, 0)
			e = doubleStep(e, k, wideOne, 0)
			f = doubleStep(f, k, wideOne, 0)
			g = doubleStep(g, k, wideOne, 0)
			h = doubleStep(h, k, wideOne, 0)
		}
		depth -= chunk
		if depth <= 0 || doubleEnded(a, b, c, d, e, f, g, h) {
			break
		}
	}
	out[0] = (*doubleNode)(a).value()
	out[1] = (*doubleNode)(b).value()
	out[2] = (*doubleNode)(c).value()
	out[3] = (*doubleNode)(d).value()
	out[4] = (*doubleNode)(e).value()
	out[5] = (*doubleNode)(f).value()
	out[6] = (*doubleNode)(g).value()
	out[7] = (*doubleNode)(h).value()
}

func (s double) sum(keys []int64, roots []uint32, depth8 []uint16, sum float64) float64 {
	nodes, k := unsafe.Pointer(unsafe.SliceData(s.nodes)), unsafe.Pointer(unsafe.SliceData(keys))
	for i := range depth8 {
		depth, roots := int(depth8[i]), (*[8]uint32)(roots[8*i:])
		a, b := unsafe.Add(nodes, uintptr(roots[0])*doubleBytes), unsafe.Add(nodes, uintptr(roots[1])*doubleBytes)
		c, d := unsafe.Add(nodes, uintptr(roots[2])*doubleBytes), unsafe.Add(nodes, uintptr(roots[3])*doubleBytes)
		e, f := unsafe.Add(nodes, uintptr(roots[4])*doubleBytes), unsafe.Add(nodes, uintptr(roots[5])*doubleBytes)
		g, h := unsafe.Add(nodes, uintptr(roots[6])*doubleBytes), unsafe.Add(nodes, uintptr(roots[7])*doubleBytes)
		for chunk := firstLevels; ; chunk = nextLevels {
			for i := min(depth, chunk); i > 0; i-- {
				a = doubleStep(a, k, wideOne, 0)
				b = doubleStep(b, k, wideOne, 0)
				c = doubleStep(c, k, wideOne, 0)
				d = doubleStep(d, k, wideOne, 0)
				e = doubleStep(e, k, wideOne, 0)
				f = doubleStep(f, k, wideOne, 0)
				g = doubleStep(g, k, wideOne, 0)
				h = doubleStep(h, k, wideOne, 0)
			}
			depth -= chunk
			if depth <= 0 || doubleEnded(a, b, c, d, e, f, g, h) {
				break
			}
		}
		sum += (*doubleNode)(a).value()
		sum += (*doubleNode)(b).value()
		sum += (*doubleNode)(c).value()
		sum += (*doubleNode)(d).value()
		sum += (*doubleNode)(e).value()
		sum += (*doubleNode)(f).value()
		sum += (*doubleNode)(g).value()
		sum += (*doubleNode)(h).value()
	}
	return sum
}

func (s double) rows(keys []int64, stride int, root uint32, depth int, sums []float64) {
	start := unsafe.Pointer(&s.nodes[root])
	for len(sums) >= 8 {
		k := unsafe.Pointer(unsafe.SliceData(keys))
		a, b, c, d, e, f, g, h := start, start, start, start, start, start, start, start
		left := depth
		for chunk := firstLevels; ; chunk = nextLevels {
			for i := min(left, chunk); i > 0; i-- {
				a = doubleStep(a, k, wideEight, 0)
				b = doubleStep(b, k, wideEight, 1)
				c = doubleStep(c, k, wideEight, 2)
				d = doubleStep(d, k, wideEight, 3)
				e = doubleStep(e, k, wideEight, 4)
				f = doubleStep(f, k, wideEight, 5)
				g = doubleStep(g, k, wideEight, 6)
				h = doubleStep(h, k, wideEight, 7)
			}
			left -= chunk
			if left <= 0 || doubleEnded(a, b, c, d, e, f, g, h) {
				break
			}
		}
		sum := (*[8]float64)(sums)
		sum[0] += (*doubleNode)(a).value()
		sum[1] += (*doubleNode)(b).value()
		sum[2] += (*doubleNode)(c).value()
		sum[3] += (*doubleNode)(d).value()
		sum[4] += (*doubleNode)(e).value()
		sum[5] += (*doubleNode)(f).value()
		sum[6] += (*doubleNode)(g).value()
		sum[7] += (*doubleNode)(h).value()
		sums, keys = sums[8:], keys[stride:]
	}
}

func doubleEnded(a, b, c, d, e, f, g, h unsafe.Pointer) bool {
	steps := (*doubleNode)(a).step | (*doubleNode)(b).step | (*doubleNode)(c).step | (*doubleNode)(d).step |
		(*doubleNode)(e).step | (*doubleNode)(f).step | (*doubleNode)(g).step | (*doubleNode)(h).step
	return steps == 0
}
