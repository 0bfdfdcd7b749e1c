package forest

import "math"

// A filler turns rows into keys.
type filler struct {
	rules Rules
	slots []slot // all; the first is the constant
	cats  []int  // which of them are categorical
	words bool   // sets are words: keys are numbers of their bits
}

func newFiller(r Rules, t *slotTable, words bool) filler {
	f := filler{rules: r, slots: t.slots, words: words}
	for i, s := range t.slots {
		if s.cat {
			f.cats = append(f.cats, i)
		}
	}
	return f
}

// fill writes the keys of row at keys[0], keys[stride] and so on, one a slot.
func fill[S float](f *filler, keys []int64, stride int, row []S) {
	keys[0] = below
	if f.rules.Float32 {
		fillSingle(f.slots, keys, stride, row)
	} else {
		fillDouble(f.slots, keys, stride, row, f.rules.Tiny)
	}
	for _, i := range f.cats {
		s := &f.slots[i]
		key := category(&f.rules, s, float64(row[s.feature]))
		if f.words {
			key = wordKey(key)
		}
		keys[i*stride] = key
	}
}

const (
	infinity32 = 0x7f800000
	infinity64 = 0x7ff << 52
)

func fillSingle[S float](slots []slot, keys []int64, stride int, row []S) {
	at := 0
	slots = slots[1:]
	for i := range slots {
		// Read before the choice, so that it is made without branches: which
		// values of a row are missing cannot be predicted.
		missing, zero := slots[i].missing, slots[i].zero
		bits := math.Float32bits(float32(row[slots[i].feature]) + 0) // -0 becomes 0
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
