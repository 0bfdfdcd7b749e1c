package step

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A windowing divides time into periods, counted from 1970, and says which of
// them a window has in it.
//
// A window slides where a period is given: it has the periods that end with the
// event's own, so its start moves on by whole periods. Else it is fixed: it
// starts at a multiple of its own length, a full hour for "1h".
type windowing struct {
	windows []window // the shortest first
	period  int64    // in microseconds
	fixed   bool
	keep    int64 // periods that the longest window has
}

// A window is its length, in text and in periods.
type window struct {
	text    string
	periods int64
}

// maxPeriods is how many periods a window may have: each takes memory for every
// key.
const maxPeriods = 10_000

func newWindowing(windows []string, period string) (windowing, error) {
	if len(windows) == 0 {
		return windowing{}, configError("windows", "list can not be empty")
	}
	w := windowing{fixed: period == ""}
	lengths := map[string]int64{}
	for _, text := range windows {
		length, err := duration(text)
		if err != nil {
			return w, configError("windows", "%v", err)
		}
		if _, twice := lengths[text]; twice {
			return w, configError("windows", "has %s twice", text)
		}
		lengths[text] = length
		w.period = divisor(length, w.period)
	}
	if !w.fixed {
		var err error
		if w.period, err = duration(period); err != nil {
			return w, configError("period", "%v", err)
		}
	}
	for _, text := range windows {
		if lengths[text]%w.period != 0 {
			return w, configError("period", "must be a divisor of every window, but period %s does not divide %s", period, text)
		}
		n := lengths[text] / w.period
		w.windows, w.keep = append(w.windows, window{text, n}), max(w.keep, n)
	}
	if w.keep > maxPeriods {
		return w, configError("windows", "have up to %d periods, and %d is the most", w.keep, maxPeriods)
	}
	slices.SortFunc(w.windows, func(a, b window) int { return cmp.Compare(a.periods, b.periods) })
	return w, nil
}

// duration reads "30s", "5m", "1h" or "7d", in microseconds.
func duration(text string) (int64, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if text != "" {
		unit := units[text[len(text)-1]]
		n, err := strconv.ParseUint(strings.TrimSpace(text[:len(text)-1]), 10, 31)
		if unit > 0 && err == nil && n > 0 && n <= uint64(math.MaxInt64/unit) {
			return int64(n) * unit.Microseconds(), nil
		}
	}
	return 0, fmt.Errorf("have %q, which is not a whole number and s, m, h or d", text)
}

// divisor is the greatest number that divides both.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// at is the period that a time falls into.
func (w *windowing) at(t int64) int64 {
	n := t / w.period
	if t%w.period < 0 {
		n--
	}
	return n
}

// start is the first period of a window that holds period at.
func (w *windowing) start(at, periods int64) int64 {
	if !w.fixed {
		return at - periods + 1
	}
	past := at % periods
	if past < 0 {
		past += periods
	}
	return at - past
}

// A bucket is what is known of the values of one period, or of several.
type bucket struct {
	at              int64 // the period
	count           int64
	sum, sqr        float64
	min, max        float64
	mean, m2        float64 // and the sum of squared distances from it
	first, last     float64
	firstAt, lastAt int64 // their times
}

func bucketOf(at, t int64, v float64) bucket {
	return bucket{
		at: at, count: 1, sum: v, sqr: v * v, min: v, max: v, mean: v,
		first: v, last: v, firstAt: t, lastAt: t,
	}
}

// merge adds the values of another bucket, which came later than b's where their
// times are the same. The variance follows Chan, Golub and LeVeque (1979).
func (b *bucket) merge(o *bucket) {
	if b.count == 0 {
		at := b.at
		*b = *o
		b.at = at
		return
	}
	n := b.count + o.count
	delta := o.mean - b.mean
	b.m2 += o.m2 + delta*delta*float64(b.count)*float64(o.count)/float64(n)
	b.mean += delta * float64(o.count) / float64(n)
	b.count, b.sum, b.sqr = n, b.sum+o.sum, b.sqr+o.sqr
	b.min, b.max = min(b.min, o.min), max(b.max, o.max)
	if o.firstAt < b.firstAt {
		b.first, b.firstAt = o.first, o.firstAt
	}
	if o.lastAt >= b.lastAt {
		b.last, b.lastAt = o.last, o.lastAt
	}
}

// operations are what can be told of a bucket. NaN is told where values are
// missing: of none, and of one where its variance is asked.
var operations = map[string]func(b *bucket) float64{
	"count":  func(b *bucket) float64 { return float64(b.count) },
	"sum":    func(b *bucket) float64 { return b.sum },
	"sqr":    func(b *bucket) float64 { return b.sqr },
	"min":    func(b *bucket) float64 { return b.min },
	"max":    func(b *bucket) float64 { return b.max },
	"first":  func(b *bucket) float64 { return b.first },
	"last":   func(b *bucket) float64 { return b.last },
	"avg":    func(b *bucket) float64 { return b.sum / float64(b.count) },
	"stddev": func(b *bucket) float64 { return math.Sqrt(b.variance()) },
	"stdvar": (*bucket).variance,
}

// variance is that of a sample.
func (b *bucket) variance() float64 {
	if b.count < 2 {
		return math.NaN()
	}
	return b.m2 / float64(b.count-1)
}

// A series is the values of one column and key, by period, the oldest first,
// without the periods that had none. What is further behind the newest than the
// longest window is forgotten.
type series struct{ buckets []bucket }

// add takes a value in, unless it comes too late for every window.
func (s *series) add(w *windowing, t int64, v float64) {
	b := bucketOf(w.at(t), t, v)
	n := len(s.buckets)
	if n == 0 || b.at > s.buckets[n-1].at {
		s.forget(b.at - w.keep)
		s.buckets = append(s.buckets, b)
		return
	}
	if b.at <= s.buckets[n-1].at-w.keep {
		return
	}
	i, found := slices.BinarySearchFunc(s.buckets, b.at, func(b bucket, at int64) int { return cmp.Compare(b.at, at) })
	if !found {
		s.buckets = slices.Insert(s.buckets, i, b)
		return
	}
	s.buckets[i].merge(&b)
}

// forget drops the periods up to last.
func (s *series) forget(last int64) {
	n := 0
	for n < len(s.buckets) && s.buckets[n].at <= last {
		n++
	}
	s.buckets = slices.Delete(s.buckets, 0, n)
}

// over calls f for every window that ends with the period of t, with what is in
// it; the bucket is valid during the call.
func (s *series) over(w *windowing, t int64, f func(text string, b *bucket)) {
	at := w.at(t)
	newest := len(s.buckets) - 1
	for newest >= 0 && s.buckets[newest].at > at {
		newest--
	}
	var sum bucket
	i, before := newest, int64(math.MaxInt64)
	for _, win := range w.windows {
		start := w.start(at, win.periods)
		if start > before { // fixed windows of 60 and 90 minutes are not within each other
			sum, i = bucket{}, newest
		}
		for before = start; i >= 0 && s.buckets[i].at >= start; i-- {
			sum.merge(&s.buckets[i])
		}
		f(win.text, &sum)
	}
}
