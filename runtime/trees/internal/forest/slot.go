package forest

import (
	"cmp"
	"slices"
)

// A slot is the place of one key: what it is made from and what stands in it
// for the values that are not compared. Slot 0 is the constant key below, which
// leaves compare with.
type slot struct {
	feature uint32
	cat     bool
	missing int64 // the key of NaN
	zero    int64 // the key of zero
}

// A narrowSlot is a slot of narrow keys.
type narrowSlot struct{ feature, missing, zero uint32 }

const (
	// denseFeatures is how many features find their slots without a map.
	denseFeatures = 4096
	// slotKinds is how many slots a feature may have.
	slotKinds = missingKinds + 2
)

// A slotTable numbers the slots in the order of their first use.
type slotTable struct {
	rules Rules
	slots []slot
	dense []uint32
	rest  map[uint64]uint32
	cats  int // how many slots are categorical
}

func newSlotTable(r Rules) slotTable {
	return slotTable{
		rules: r,
		slots: []slot{{missing: below, zero: below}},
		rest:  make(map[uint64]uint32),
	}
}

// number returns the slot that a node compares with.
func (t *slotTable) number(n *Node) uint32 {
	kind := slotKind(n)
	at := t.entry(n.Feature, kind)
	if at != 0 {
		return at
	}
	at = uint32(len(t.slots))
	s := t.slot(n)
	t.slots = append(t.slots, s)
	if s.cat {
		t.cats++
	}
	if n.Feature < denseFeatures {
		t.dense[n.Feature*slotKinds+kind] = at
	} else {
		t.rest[uint64(n.Feature)*slotKinds+uint64(kind)] = at
	}
	return at
}

func (t *slotTable) entry(feature, kind uint32) uint32 {
	if feature >= denseFeatures {
		return t.rest[uint64(feature)*slotKinds+uint64(kind)]
	}
	if need := int(feature+1) * slotKinds; len(t.dense) < need {
		t.dense = append(t.dense, make([]uint32, need-len(t.dense))...)
	}
	return t.dense[feature*slotKinds+kind]
}

func slotKind(n *Node) uint32 {
	switch {
	case !n.categorical():
		return uint32(n.Missing)
	case missingListed(n):
		return missingKinds + 1
	}
	return missingKinds
}

// missingListed says whether NaN goes where the listed categories go.
func missingListed(n *Node) bool {
	return (n.Split == ListedLeft) == (n.Missing == NaNLeft)
}

func (t *slotTable) slot(n *Node) slot {
	s := slot{feature: n.Feature, missing: above, zero: t.rules.zero()}
	if n.categorical() {
		s.cat, s.missing = true, unlisted
		if missingListed(n) {
			s.missing = listed
		}
		return s
	}
	switch n.Missing {
	case NaNLeft:
		s.missing = below
	case NaNZero:
		s.missing = s.zero
	case ZeroRight:
		s.zero = above
	case ZeroLeft:
		s.missing, s.zero = below, below
	}
	return s
}

// sortSlots numbers the slots anew, in the order of the features, so that making
// the keys of a row reads it from its beginning to its end: rows of many
// thousand values are not read at random.
func (b *Builder) sortSlots() {
	old := b.slots.slots
	order := make([]uint32, len(old)) // the old numbers
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortStableFunc(order[1:], func(x, y uint32) int { return cmp.Compare(old[x].feature, old[y].feature) })
	sorted, numbers := make([]slot, len(old)), make([]uint32, len(old))
	for i, was := range order {
		sorted[i], numbers[was] = old[was], uint32(i)
	}
	for i := range b.nodes {
		b.nodes[i].slot = numbers[b.nodes[i].slot]
	}
	b.slots.slots = sorted
}
