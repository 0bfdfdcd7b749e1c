package load

import (
	"math/bits"
	"time"
)

const (
	subBits = 7 // 128 steps in every power of two: a value is kept to 1 in 128
	subs    = 1 << subBits
	octaves = 40 - subBits // up to 2^40 ns, 18 minutes
)

// Histogram counts durations in log-linear cells (as HdrHistogram does): exact
// below 128 ns, within 0.8 % above. The zero value is empty; one writer at a
// time.
type Histogram struct {
	cells [(octaves + 1) * subs]uint32
	count uint64
	max   time.Duration
}

// Record counts d; a negative d counts as 0, one above 18 minutes as that.
func (h *Histogram) Record(d time.Duration) {
	h.cells[cell(d)]++
	h.count++
	h.max = max(h.max, d)
}

// Add counts everything that o has counted.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o.cells {
		h.cells[i] += n
	}
	h.count += o.count
	h.max = max(h.max, o.max)
}

// Count returns how many durations were recorded.
func (h *Histogram) Count() uint64 { return h.count }

// Max returns the longest duration recorded, exactly.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile returns the duration that the share q (0 to 1) of all does not
// exceed: the upper end of its cell, 0 when nothing was recorded.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.count))
	if float64(rank) < q*float64(h.count) || rank == 0 {
		rank++
	}
	seen := uint64(0)
	for i, n := range h.cells {
		if seen += uint64(n); n > 0 && seen >= rank {
			return min(top(i), h.max)
		}
	}
	return h.max
}

// cell is the index of the cell of d: the position of its leading bit chooses
// the octave, the next seven bits the step in it.
func cell(d time.Duration) int {
	v := uint64(max(d, 0))
	octave := max(bits.Len64(v)-subBits-1, -1) + 1
	if octave > octaves {
		return octaves*subs + subs - 1
	}
	if octave == 0 {
		return int(v)
	}
	return octave*subs + int(v>>(octave-1)) - subs
}

// top is the largest duration in cell i.
func top(i int) time.Duration {
	octave, step := i/subs, i%subs
	if octave == 0 {
		return time.Duration(step)
	}
	return time.Duration(subs+step+1)<<(octave-1) - 1
}
