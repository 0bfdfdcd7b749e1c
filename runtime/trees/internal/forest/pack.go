package forest

import (
	"errors"
	"fmt"
	"slices"
)

// A packed node is the 16-byte form, which every tree is first brought to.
// A numeric split goes right if its key >= threshold; a categorical one if the
// set that its threshold describes holds the key. A leaf's threshold is its
// value.
type packed struct {
	threshold int64
	slot      uint32
	step      uint32 // distance to the left child, 0 at a leaf; catFlag
}

const (
	catFlag = 1 << 31
	// maxStep is the longest distance that fits beside the flag.
	maxStep = catFlag - 1
)

// A categorical threshold: where the set's words begin, which word of the whole
// bit set is the first of them, and how many there are.
const (
	setCountBits = 19
	setSkipBits  = 19
	setCountMask = 1<<setCountBits - 1
	setSkipMask  = 1<<setSkipBits - 1
	maxSetWords  = 1 << (63 - setCountBits - setSkipBits)
	// maxCategories keeps the words of a set countable in setCountBits.
	maxCategories = 1 << (setCountBits - 1 + 6)
)

func setThreshold(at, skip, count int) int64 {
	return int64(at)<<(setCountBits+setSkipBits) | int64(skip)<<setCountBits | int64(count)
}

var errSetsTooBig = errors.New("the sets of categories take too much memory")

// A setPool holds the words of all sets, without the leading and trailing
// empty ones. Word 0 is empty: numeric nodes of a mixed forest look there.
type setPool struct {
	words   []uint64
	limit   int    // words
	highest uint32 // category
}

func newSetPool(limit int) setPool {
	return setPool{words: []uint64{0}, limit: min(limit, maxSetWords)}
}

// add stores a set and returns the threshold that describes it.
func (p *setPool) add(cats []uint32) (threshold int64, err error) {
	if len(cats) == 0 {
		return setThreshold(0, 0, 0), nil
	}
	top := slices.Max(cats)
	if top >= maxCategories {
		return 0, fmt.Errorf("category %d is out of range (at most %d)", top, maxCategories-1)
	}
	p.highest = max(p.highest, top)
	skip := int(slices.Min(cats) / 64)
	count := int(top/64) - skip + 1
	at := len(p.words)
	if at+count > p.limit {
		return 0, errSetsTooBig
	}
	p.words = append(p.words, make([]uint64, count)...)
	for _, c := range cats {
		p.words[at+int(c/64)-skip] |= 1 << (c % 64)
	}
	return setThreshold(at, skip, count), nil
}
