package forest

import (
	"math"
	"unsafe"
)

// A filler turns rows into keys.
type filler struct {
	rules  Rules
	slots  []slot       // all; the first is the constant
	narrow []narrowSlot // the same, for a layout with narrow keys; else nil
	cats   []int        // which of them are categorical
	words  bool         // sets are words: keys are numbers of their bits
}

func newFiller(r Rules, t *slotTable, words, narrow bool) filler {
	f := filler{rules: r, slots: t.slots, words: words}
	for i, s := range t.slots {
		if s.cat {
			f.cats = append(f.cats, i)
		}
	}
	if narrow {
		f.narrow = make([]narrowSlot, len(t.slots))
		for i, s := range t.slots {
			f.narrow[i] = narrowSlot{s.feature, narrowKey(s.missing), narrowKey(s.zero)}
		}
	}
	return f
}

func (f *filler) bytes() int {
	return int(unsafe.Sizeof(slot{}))*cap(f.slots) + int(unsafe.Sizeof(narrowSlot{}))*cap(f.narrow) + 8*cap(f.cats)
}

// fill writes the keys of row at the beginning of keys, one a slot. Narrow ones
// take half of each place.
func fill[S float](f *filler, keys []int64, row []S) {
	switch {
	case f.narrow != nil:
		fillNarrow(f.narrow, narrowKeys(keys), row)
	case f.rules.Float32:
		fillSingle(f.slots, keys, row)
	default:
		fillDouble(f.slots, keys, row, f.rules.Tiny)
	}
	fillCategories(f, keys, 1, 0, row)
}

// fillEight is fill for the eight rows of a matrix of the given width. The keys
// of a slot stand side by side.
func fillEight[S float](f *filler, keys []int64, rows []S, width int) {
	switch {
	case f.narrow != nil:
		fillNarrowEight(f.narrow, narrowKeys(keys), rows, width)
	case f.rules.Float32:
		fillSingleEight(f.slots, keys, rows, width)
	default:
		fillDoubleEight(f.slots, keys, rows, width, f.rules.Tiny)
	}
	if len(f.cats) > 0 {
		for lane := range 8 {
			fillCategories(f, keys, 8, lane, rows[lane*width:(lane+1)*width])
		}
	}
}

func fillCategories[S float](f *filler, keys []int64, stride, lane int, row []S) {
	for _, i := range f.cats {
		s := &f.slots[i]
		key := category(&f.rules, s, float64(row[s.feature]))
		if f.words {
			key = wordKey(key)
		}
		keys[i*stride+lane] = key
	}
}

// narrowKeys is the memory of keys as that of narrow ones.
func narrowKeys(keys []int64) []uint32 {
	return unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(keys))), 2*len(keys))
}

const (
	infinity32 = 0x7f800000
	infinity64 = 0x7ff << 52
)

// The keys of numbers are chosen without branches: which values of a row are
// missing cannot be predicted. So what stands for a missing value or a zero is
// read before.

func (s *narrowSlot) key(v float32) uint32 {
	missing, zero := s.missing, s.zero
	bits := math.Float32bits(v)
	key, size := biased32(bits), bits<<1 // without the sign
	if size == 0 {
		key = zero
	}
	if size > infinity32<<1 {
		key = missing
	}
	return key
}

func (s *slot) key32(v float32) int64 {
	missing, zero := s.missing, s.zero
	bits := math.Float32bits(v)
	key, size := key32(bits), bits<<1
	if size == 0 {
		key = zero
	}
	if size > infinity32<<1 {
		key = missing
	}
	return key
}

func (s *slot) key64(v float64, nearest uint64) int64 {
	missing, zero := s.missing, s.zero
	bits := math.Float64bits(v)
	key, size := ordered64(bits), bits&math.MaxInt64
	if size <= nearest {
		key = zero
	}
	if size > infinity64 {
		key = missing
	}
	return key
}

func fillNarrow[S float](slots []narrowSlot, keys []uint32, row []S) {
	keys = keys[:len(slots)]
	for i := 1; i < len(slots); i++ {
		keys[i] = slots[i].key(float32(row[slots[i].feature]))
	}
	keys[0] = 0
}

func fillNarrowEight[S float](slots []narrowSlot, keys []uint32, rows []S, width int) {
	for i := 1; i < len(slots); i++ {
		s, to, at := &slots[i], (*[8]uint32)(keys[8*i:]), int(slots[i].feature)
		for lane := range to {
			to[lane] = s.key(float32(rows[at]))
			at += width
		}
	}
	clear(keys[:8])
}

func fillSingle[S float](slots []slot, keys []int64, row []S) {
	keys = keys[:len(slots)]
	for i := 1; i < len(slots); i++ {
		keys[i] = slots[i].key32(float32(row[slots[i].feature]))
	}
	keys[0] = below
}

func fillSingleEight[S float](slots []slot, keys []int64, rows []S, width int) {
	for i := 1; i < len(slots); i++ {
		s, to, at := &slots[i], (*[8]int64)(keys[8*i:]), int(slots[i].feature)
		for lane := range to {
			to[lane] = s.key32(float32(rows[at]))
			at += width
		}
	}
	fillBelow(keys)
}

func fillDouble[S float](slots []slot, keys []int64, row []S, tiny float64) {
	nearest := math.Float64bits(tiny)
	keys = keys[:len(slots)]
	for i := 1; i < len(slots); i++ {
		keys[i] = slots[i].key64(float64(row[slots[i].feature]), nearest)
	}
	keys[0] = below
}

func fillDoubleEight[S float](slots []slot, keys []int64, rows []S, width int, tiny float64) {
	nearest := math.Float64bits(tiny)
	for i := 1; i < len(slots); i++ {
		s, to, at := &slots[i], (*[8]int64)(keys[8*i:]), int(slots[i].feature)
		for lane := range to {
			to[lane] = s.key64(float64(rows[at]), nearest)
			at += width
		}
	}
	fillBelow(keys)
}

func fillBelow(keys []int64) {
	for lane := range keys[:8] {
		keys[lane] = below
	}
}

func category(r *Rules, s *slot, v float64) int64 {
	switch {
	case v != v:
		return s.missing
	case v >= float64(r.Categories), r.WholeCategory && v != math.Trunc(v):
		return unlisted
	case v >= 0, r.FractionalCategory && v > -1:
		return int64(v)
	}
	return unlisted
}

// wordKey is the number of a category's bit.
func wordKey(key int64) int64 {
	switch {
	case key < 0:
		return wordListed
	case key >= maxWordCats:
		return wordUnlisted
	}
	return key
}
