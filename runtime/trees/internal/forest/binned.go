package forest

import (
	"math"
	"slices"
)

// binned is how batches of an oblivious forest are scored. Instead of a value, a
// row has for each slot how many of the slot's borders are below it. Such a number
// is a byte, eight rows are a word, and one addition makes a test of all eight:
// the top bit of each byte is set if the number and what the test adds reach 128.
// A number so must be below 128; a slot with more borders has several, which lie
// in lanes of their own.
type binned struct {
	borders []int32 // as keys, slot by slot, ascending
	slots   []binnedSlot
	tests   []binnedTest // as oblivious.tests
	lanes   int
}

type binnedSlot struct{ from, to, lane uint32 }

type binnedTest struct {
	lane uint32
	add  uint32
}

const (
	laneBorders = 127
	maxBinTests = 8 // the number of a leaf must be a byte
	ones        = 0x0101010101010101
	tops        = ones << 7

	// binnedAfter is how many tests for each slot it takes until counting
	// borders pays.
	binnedAfter = 20
)

// newBinned returns nil if it does not pay, or some tree is too deep.
func newBinned(o *oblivious) *binned {
	if len(o.tests) < binnedAfter*len(o.slots) || len(o.tests) == 0 || len(o.tests) > math.MaxInt32 {
		return nil
	}
	for _, t := range o.trees {
		if t.end-t.tests > maxBinTests {
			return nil
		}
	}
	b := &binned{tests: make([]binnedTest, len(o.tests))}
	of := make([][]int32, len(o.slots))
	for _, t := range o.tests {
		of[t.slot] = append(of[t.slot], t.border)
	}
	for _, borders := range of {
		slices.Sort(borders)
		borders = slices.Compact(borders)
		from := uint32(len(b.borders))
		b.borders = append(b.borders, borders...)
		b.slots = append(b.slots, binnedSlot{from, from + uint32(len(borders)), uint32(b.lanes)})
		b.lanes += (len(borders) + laneBorders - 1) / laneBorders
	}
	for i, t := range o.tests {
		s := b.slots[t.slot]
		at, _ := slices.BinarySearch(b.borders[s.from:s.to], t.border)
		b.tests[i] = binnedTest{s.lane + uint32(at/laneBorders), uint32(laneBorders - at%laneBorders)}
	}
	return b
}

// below32 counts the borders below a key, at least one of which there is. It makes
// no choices: they could not be predicted.
func below32(borders []int32, key int32) uint32 {
	base, n := 0, len(borders)
	for n > 1 {
		half := n / 2
		base += half & -int(bit(borders[base+half-1] < key))
		n -= half
	}
	return uint32(base) + bit32(borders[base] < key)
}

// fill counts the borders below the keys of eight rows, which lie side by side
// slot by slot, into every stride-th word: a lane each.
func (b *binned) fill(bins []uint64, stride int, keys []int32) {
	for i, s := range b.slots {
		borders := b.borders[s.from:s.to]
		var counts [8]uint32
		for k, key := range (*[8]int32)(keys[8*i:]) {
			counts[k] = below32(borders, key)
		}
		for lane := int(s.lane); len(borders) > 0; lane++ {
			word := uint64(0)
			for k, c := range counts {
				here := min(c, laneBorders)
				counts[k] = c - here
				word |= uint64(here) << (8 * k)
			}
			bins[lane*stride] = word
			borders = borders[min(laneBorders, len(borders)):]
		}
	}
}

// A lane and what a test adds to all its bytes, of each test of one tree.
type binnedTree struct {
	lane [maxBinTests]uint32
	add  [maxBinTests]uint64
}

func (b *binned) tree(t *obliviousTree, stride int) (out binnedTree) {
	for j, test := range b.tests[t.tests:t.end] {
		out.lane[j], out.add[j] = test.lane*uint32(stride), uint64(test.add)*ones
	}
	return out
}

// manyBinned adds the trees to the sums of n rows, row by row.
func (o *oblivious) manyBinned(w *obliviousScratch, n int) {
	words := n / 8
	for i := range o.trees {
		t := &o.trees[i]
		tree := o.binned.tree(t, words)
		depth := int(t.end - t.tests)
		values := o.values[t.values : t.values+o.width<<depth]
		at := 0
		for ; at+4 <= words; at += 4 {
			var leaves [4]uint64
			tree.fourLeaves(w.bins[at:], depth, &leaves)
			for k, l := range leaves {
				o.addWord(w.sums, at+k, values, l)
			}
		}
		for ; at < words; at++ {
			o.addWord(w.sums, at, values, tree.leaves(w.bins[at:], depth))
		}
	}
}

// leaves finds the leaves of eight rows: a byte each.
func (t *binnedTree) leaves(bins []uint64, depth int) (leaves uint64) {
	for j := range depth {
		leaves = leaves<<1 | (bins[t.lane[j]]+t.add[j])&tops>>7
	}
	return leaves
}

// fourLeaves does four words at once.
func (t *binnedTree) fourLeaves(bins []uint64, depth int, leaves *[4]uint64) {
	var a, b, c, d uint64
	for j := range depth {
		lane, add := (*[4]uint64)(bins[t.lane[j]:]), t.add[j]
		a = a<<1 | (lane[0]+add)&tops>>7
		b = b<<1 | (lane[1]+add)&tops>>7
		c = c<<1 | (lane[2]+add)&tops>>7
		d = d<<1 | (lane[3]+add)&tops>>7
	}
	*leaves = [4]uint64{a, b, c, d}
}

// addWord adds the leaves of eight rows to their sums.
func (o *oblivious) addWord(sums []float64, at int, values []float64, leaves uint64) {
	if o.width == 1 {
		addBytes((*[8]float64)(sums[8*at:]), values, leaves)
	} else {
		addByteRows(sums[8*at*o.width:], values, o.width, leaves)
	}
}

func addBytes(sums *[8]float64, values []float64, leaves uint64) {
	sums[0] += values[leaves&0xff]
	sums[1] += values[leaves>>8&0xff]
	sums[2] += values[leaves>>16&0xff]
	sums[3] += values[leaves>>24&0xff]
	sums[4] += values[leaves>>32&0xff]
	sums[5] += values[leaves>>40&0xff]
	sums[6] += values[leaves>>48&0xff]
	sums[7] += values[leaves>>56]
}

func addByteRows(sums, values []float64, width int, leaves uint64) {
	for range 8 {
		at := int(leaves&0xff) * width
		leaves >>= 8
		to := sums[:width]
		for g, v := range values[at : at+width] {
			to[g] += v
		}
		sums = sums[width:]
	}
}

func (b *binned) bytes() int {
	if b == nil {
		return 0
	}
	return 4*cap(b.borders) + 12*cap(b.slots) + 8*cap(b.tests)
}
