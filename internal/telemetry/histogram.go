package telemetry

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// A histogram counts durations into the buckets of a Prometheus native
// histogram (of schema 3: each bucket is 2^(1/8), or 9 %, wider than the one
// before) and into a few fixed ones, which is what the text format shows and
// older servers read. It is the library's histogram without its maps: every
// bucket that a duration can fall into has its place, two of them where a fixed
// bound divides it, so that observing is two additions.
//
// Source: Prometheus native histogram specification,
// https://prometheus.io/docs/specs/native_histograms/
type histogram struct {
	sum   atomic.Int64 // ns
	zero  atomic.Uint64
	cells [2 * places]atomic.Uint64 // for each native bucket: up to the fixed bound in it, and above
}

const (
	schema     = 3
	perOctave  = 1 << schema
	lowest     = -30 * perOctave // 1 ns is in bucket -239
	highest    = 34 * perOctave  // math.MaxInt64 ns is in bucket 265
	places     = highest - lowest + 1
	maxBuckets = 160      // written out; more are merged in pairs
	zeroWidth  = 0x1p-128 // as the library has it
)

// bounds are the upper bounds of the fixed buckets.
var bounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// octave are the bounds of the buckets within [0.5, 1): 2^(i/8)/2.
var octave = [perOctave]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// divides has, for each native bucket, the fixed bound in it; else what no
// duration exceeds.
var divides = func() (at [places]time.Duration) {
	for i := range at {
		at[i] = math.MaxInt64
	}
	for _, b := range bounds {
		at[nativeBucket(b)-lowest] = b
	}
	return at
}()

// observe counts d; less than 0 counts as 0.
func (h *histogram) observe(d time.Duration) {
	if d <= 0 {
		h.zero.Add(1)
		return
	}
	place := nativeBucket(d) - lowest
	cell := 2 * place
	if d > divides[place] {
		cell++
	}
	h.cells[cell].Add(1)
	h.sum.Add(int64(d))
}

// nativeBucket is the index of the bucket that d, more than 0, falls into:
// bucket i holds seconds in (2^((i-1)/8), 2^(i/8)].
func nativeBucket(d time.Duration) int {
	frac, exp := math.Frexp(float64(d) / 1e9)
	i := 0
	if frac > octave[4] {
		i = 4
	}
	for i < perOctave && frac > octave[i] {
		i++
	}
	return i + (exp-1)*perOctave
}

// metric is the histogram as it is now.
func (h *histogram) metric(desc *prometheus.Desc, created time.Time, labels ...string) (prometheus.Metric, error) {
	zero := h.zero.Load()
	count, native, fixed := zero, map[int]int64{}, make([]*dto.Bucket, 0, len(bounds))
	for place := range places {
		lower, upper := h.cells[2*place].Load(), h.cells[2*place+1].Load()
		if n := lower + upper; n > 0 {
			native[place+lowest] = int64(n)
		}
		count += lower
		if b := divides[place]; b != math.MaxInt64 {
			fixed = append(fixed, &dto.Bucket{CumulativeCount: new(count), UpperBound: new(b.Seconds())})
		}
		count += upper
	}
	native, scale := coarsen(native)
	m, err := prometheus.NewConstNativeHistogram(desc, count, float64(h.sum.Load())/1e9,
		native, nil, zero, scale, zeroWidth, created, labels...)
	return both{m, fixed}, err
}

// coarsen merges buckets until there are not too many, and returns their schema.
func coarsen(buckets map[int]int64) (map[int]int64, int32) {
	scale := int32(schema)
	for len(buckets) > maxBuckets {
		merged := make(map[int]int64, len(buckets)/2)
		for i, n := range buckets {
			merged[(i+1)>>1] += n // (i+1)>>1 is i/2 rounded up, for negative i too
		}
		buckets = merged
		scale--
	}
	return buckets, scale
}

// both is a native histogram with fixed buckets beside.
type both struct {
	prometheus.Metric
	buckets []*dto.Bucket
}

// Write implements prometheus.Metric.
func (b both) Write(out *dto.Metric) error {
	if err := b.Metric.Write(out); err != nil {
		return err
	}
	out.Histogram.Bucket = b.buckets
	return nil
}
