package forest

import "math"

// A filler turns rows into keys.
type filler struct {
	rules Rules
	slots []slot // all; the first is the constant
	cats  []int  // which of them are categorical
}

func newFiller(r Rules, t *slotTable) filler {
	f := filler{rules: r, slots: t.slots}
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
		keys[i*stride] = category(&f.rules, s, float64(row[s.feature]))
	}
}

const (
	infinity32 = 0x7f800000
	infinity64 = 0x7ff << 52
)

func fillSingle[S float](slots []slot, keys []int64, stride int, row []S) {
	at := 0
	for i := range slots[1:] {
		s := &slots[i+1]
		bits := math.Float32bits(float32(row[s.feature]) + 0) // -0 becomes 0
		key := key32(bits)
		if bits == 0 {
			key = s.zero
		}
		if bits&math.MaxInt32 > infinity32 {
			key = s.missing
		}
		at += stride
		keys[at] = key
	}
}

func fillDouble[S float](slots []slot, keys []int64, stride int, row []S, tiny float64) {
	at, zero := 0, math.Float64bits(tiny)
	for i := range slots[1:] {
		s := &slots[i+1]
		bits := math.Float64bits(float64(row[s.feature]))
		key, size := ordered64(bits), bits&math.MaxInt64
		if size <= zero {
			key = s.zero
		}
		if size > infinity64 {
			key = s.missing
		}
		at += stride
		keys[at] = key
	}
}

func category(r *Rules, s *slot, v float64) int64 {
	switch {
	case v != v:
		return s.missing
	case v >= float64(r.Categories):
		return unlisted
	case v >= 0, r.FractionalCategory && v > -1:
		return int64(v)
	}
	return unlisted
}
