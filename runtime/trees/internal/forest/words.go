package forest

import "math"

// words is the layout for forests whose categories are all below maxWordCats:
// that of double, in which the threshold of a categorical split is the set
// itself, a bit a category, and the top bit of a step says that it is one.
type words[T float] struct {
	thresholds []int64
	links      []uint32
}

const (
	maxWordSlots = 1 << 16
	maxWordStep  = 1<<15 - 1
	wordFlag     = 1 << 15

	// The bits of a set from maxWordCats on are not categories: one is never
	// set, the other always.
	maxWordCats  = 62
	wordUnlisted = 62
	wordListed   = 63
)

func newWords[T float](nodes []packed, sets []uint64, scale func(at int, v float64) float64) words[T] {
	w := words[T]{thresholds: make([]int64, len(nodes)), links: make([]uint32, len(nodes))}
	for i, n := range nodes {
		w.thresholds[i] = n.threshold
		w.links[i] = n.slot<<16 | n.step&maxWordStep
		switch {
		case n.step == 0:
			w.thresholds[i] = leafBits(scale(i, math.Float64frombits(uint64(n.threshold))))
		case n.step&catFlag != 0:
			w.thresholds[i] = int64(sets[n.threshold>>(setCountBits+setSkipBits)] | 1<<wordListed)
			w.links[i] |= wordFlag
		}
	}
	return w
}

func (s words[T]) bytes() int { return 8*cap(s.thresholds) + 4*cap(s.links) }

// wordRight is 1 if the walk goes right. Both tests are made and one is chosen:
// which kind of split comes next cannot be predicted.
func wordRight(threshold, key int64, link uint32) uint64 {
	number := bit(key >= threshold)
	set := uint64(threshold) >> (uint64(key) & 63) & 1
	return number ^ (number^set)&uint64(link>>15)&1
}

func wordStep(thresholds []int64, links []uint32, keys []int64, at uint64) uint64 {
	link := links[at]
	return at + uint64(link&maxWordStep) + wordRight(thresholds[at], keys[link>>16], link)
}

func (s words[T]) trees(keys []int64, roots *[8]uint32, depth int, out *[8]T) {
	thresholds, links := s.thresholds, s.links
	a, b, c, d := uint64(roots[0]), uint64(roots[1]), uint64(roots[2]), uint64(roots[3])
	e, f, g, h := uint64(roots[4]), uint64(roots[5]), uint64(roots[6]), uint64(roots[7])
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = wordStep(thresholds, links, keys, a)
			b = wordStep(thresholds, links, keys, b)
			c = wordStep(thresholds, links, keys, c)
			d = wordStep(thresholds, links, keys, d)
			e = wordStep(thresholds, links, keys, e)
			f = wordStep(thresholds, links, keys, f)
			g = wordStep(thresholds, links, keys, g)
			h = wordStep(thresholds, links, keys, h)
		}
		depth -= chunk
		if depth <= 0 || uint16(links[a]|links[b]|links[c]|links[d]|links[e]|links[f]|links[g]|links[h]) == 0 {
			break
		}
	}
	out[0] = T(wideLeaf(thresholds[a]))
	out[1] = T(wideLeaf(thresholds[b]))
	out[2] = T(wideLeaf(thresholds[c]))
	out[3] = T(wideLeaf(thresholds[d]))
	out[4] = T(wideLeaf(thresholds[e]))
	out[5] = T(wideLeaf(thresholds[f]))
	out[6] = T(wideLeaf(thresholds[g]))
	out[7] = T(wideLeaf(thresholds[h]))
}

func wordRowStep(thresholds []int64, links []uint32, keys []int64, at, row uint64) uint64 {
	link := links[at]
	return at + uint64(link&maxWordStep) + wordRight(thresholds[at], keys[uint64(link>>16)*8+row], link)
}

func (s words[T]) sum(keys []int64, roots []uint32, depth8 []uint16, sum T) T {
	var o [8]T
	for i, depth := range depth8 {
		s.trees(keys, (*[8]uint32)(roots[8*i:]), int(depth), &o)
		sum = sum + o[0] + o[1] + o[2] + o[3] + o[4] + o[5] + o[6] + o[7]
	}
	return sum
}

func (s words[T]) rows(keys []int64, stride int, root uint32, depth int, sums []T) {
	for len(sums) >= 8 {
		s.eight(keys, root, depth, (*[8]T)(sums))
		sums, keys = sums[8:], keys[stride:]
	}
}

func (s words[T]) eight(keys []int64, root uint32, depth int, sums *[8]T) {
	thresholds, links, a := s.thresholds, s.links, uint64(root)
	b, c, d, e, f, g, h := a, a, a, a, a, a, a
	for chunk := firstLevels; ; chunk = nextLevels {
		for i := min(depth, chunk); i > 0; i-- {
			a = wordRowStep(thresholds, links, keys, a, 0)
			b = wordRowStep(thresholds, links, keys, b, 1)
			c = wordRowStep(thresholds, links, keys, c, 2)
			d = wordRowStep(thresholds, links, keys, d, 3)
			e = wordRowStep(thresholds, links, keys, e, 4)
			f = wordRowStep(thresholds, links, keys, f, 5)
			g = wordRowStep(thresholds, links, keys, g, 6)
			h = wordRowStep(thresholds, links, keys, h, 7)
		}
		depth -= chunk
		if depth <= 0 || uint16(links[a]|links[b]|links[c]|links[d]|links[e]|links[f]|links[g]|links[h]) == 0 {
			break
		}
	}
	sums[0] += T(wideLeaf(thresholds[a]))
	sums[1] += T(wideLeaf(thresholds[b]))
	sums[2] += T(wideLeaf(thresholds[c]))
	sums[3] += T(wideLeaf(thresholds[d]))
	sums[4] += T(wideLeaf(thresholds[e]))
	sums[5] += T(wideLeaf(thresholds[f]))
	sums[6] += T(wideLeaf(thresholds[g]))
	sums[7] += T(wideLeaf(thresholds[h]))
}
