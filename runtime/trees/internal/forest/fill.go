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
func fill[S float](f *filler, keys []int64, row []S) { fillLane(f, keys, 1, 0, row) }

// fillEight is fill for row number lane of eight, whose keys are interleaved.
func fillEight[S float](f *filler, keys []int64, lane int, row []S) { fillLane(f, keys, 8, lane, row) }

func fillLane[S float](f *filler, keys []int64, stride, lane int, row []S) {
	switch {
	case f.narrow != nil:
		fillNarrow(f.narrow, narrowKeys(keys)[lane:], stride, row)
		return
	case f.rules.Float32:
		fillSingle(f.slots, keys[lane:], stride, row)
	default:
		fillDouble(f.slots, keys[lane:], stride, row, f.rules.Tiny)
	}
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

// fillNarrow and those below read what stands for a missing value or a zero
// before the choice, so that it is made without branches: which values of a row
// are missing cannot be predicted.
func fillNarrow[S float](slots []narrowSlot, keys []uint32, stride int, row []S) {
	keys[0] = 0
	at := 0
	slots = slots[1:]
	for i := range slots {
		s := &slots[i]
		missing, zero := s.missing, s.zero
		bits := math.Float32bits(float32(row[s.feature]) + 0) // -0 becomes 0
		key := biased32(bits)
		if bits == 0 {
			key = zero
		}
		if bits&math.MaxInt32 > infinity32 {
			key = missing
		}
		at += stride
		keys[at] = key
	}
}

func fillSingle[S float](slots []slot, keys []int64, stride int, row []S) {
	keys[0] = below
	at := 0
	slots = slots[1:]
	for i := range slots {
		missing, zero := slots[i].missing, slots[i].zero
		bits := math.Float32bits(float32(row[slots[i].feature]) + 0)
		key := key32(bits)
		if bits == 0 {
			key = zero
		}
		if bits&math.MaxInt32 > infinity32 {
			key = missing
		}
		at += stride
		keys[at] = key
	}
}

func fillDouble[S float](slots []slot, keys []int64, stride int, row []S, tiny float64) {
	keys[0] = below
	at, nearest := 0, math.Float64bits(tiny)
	slots = slots[1:]
	for i := range slots {
		missing, zero := slots[i].missing, slots[i].zero
		bits := math.Float64bits(float64(row[slots[i].feature]))
		key, size := ordered64(bits), bits&math.MaxInt64
		if size <= nearest {
			key = zero
		}
		if size > infinity64 {
			key = missing
		}
		at += stride
		keys[at] = key
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
