package forest

import "math"

// mixed is the layout for forests with categorical splits, and for those whose
// slots or steps do not fit the smaller layouts.
type mixed[T float] struct {
	nodes []packed
	sets  []uint64
}

func newMixed[T float](nodes []packed, sets []uint64, scale func(at int, v float64) float64) mixed[T] {
	for i := range nodes {
		if n := &nodes[i]; n.step == 0 {
			n.threshold = leafBits(scale(i, math.Float64frombits(uint64(n.threshold))))
		}
	}
	return mixed[T]{nodes: nodes, sets: sets}
}

func (s mixed[T]) bytes() int { return 16*cap(s.nodes) + 8*cap(s.sets) }

// next is the place that follows at for a key. Both kinds of test are made and
// one is chosen by masks, since which kind comes next cannot be predicted. For
// a numeric node the set is empty, so that its word is never looked at.
func (n *packed) next(sets []uint64, key int64, at uint64) uint64 {
	cat := uint64(int64(int32(n.step)) >> 63) // all ones, or zero
	t := uint64(n.threshold) & cat
	word := uint64(key)>>6 - t>>setCountBits&setSkipMask
	in := uint64(int64(bit(word < t&setCountMask)) * -1)
	set := sets[(t>>(setCountBits+setSkipBits)+word)&in]>>(uint64(key)&63)&in&1 | uint64(key)>>63
	right := bit(key >= n.threshold)&^cat | set&cat
	return at + uint64(n.step&maxStep) + right
}

func (s mixed[T]) trees(keys []int64, roots *[8]uint32, depth int, out *[8]T) {
	nodes, sets := s.nodes, s.sets
	var at [8]uint64
	for i, r := range roots {
		at[i] = uint64(r)
	}
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			for k := range at {
				n := &nodes[at[k]]
				at[k] = n.next(sets, keys[n.slot], at[k])
			}
		}
		if depth -= chunk; depth <= 0 || s.ended(&at) {
			break
		}
	}
	for i, k := range at {
		out[i] = T(wideLeaf(s.nodes[k].threshold))
	}
}

func (s mixed[T]) sum(keys []int64, roots []uint32, depth8 []uint16, sum T) T {
	var o [8]T
	for i, depth := range depth8 {
		s.trees(keys, (*[8]uint32)(roots[8*i:]), int(depth), &o)
		sum = sum + o[0] + o[1] + o[2] + o[3] + o[4] + o[5] + o[6] + o[7]
	}
	return sum
}

func (s mixed[T]) rows(keys []int64, stride int, root uint32, depth int, sums []T) {
	for len(sums) >= 8 {
		s.eight(keys, root, depth, (*[8]T)(sums))
		sums, keys = sums[8:], keys[stride:]
	}
}

func (s mixed[T]) eight(keys []int64, root uint32, depth int, sums *[8]T) {
	nodes, sets := s.nodes, s.sets
	var at [8]uint64
	for i := range at {
		at[i] = uint64(root)
	}
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			for k := range at {
				n := &nodes[at[k]]
				at[k] = n.next(sets, keys[uint64(n.slot)*8+uint64(k)], at[k])
			}
		}
		if depth -= chunk; depth <= 0 || s.ended(&at) {
			break
		}
	}
	for i, k := range at {
		sums[i] += T(wideLeaf(s.nodes[k].threshold))
	}
}

func (s mixed[T]) ended(at *[8]uint64) bool {
	var steps uint32
	for _, k := range at {
		steps |= s.nodes[k].step
	}
	return steps == 0
}
