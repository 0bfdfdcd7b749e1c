package step

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A point is a value at a time in microseconds.
type point struct {
	t int64
	v float64
}

// naive is what a window has in it by its definition: the points seen so far
// whose period is in the window, but for those that came, or are now, further
// behind the newest than the longest window.
func naive(w *windowing, seen []point, t int64, win window) []point {
	newest, kept := int64(math.MinInt64), []point{}
	for _, p := range seen {
		at := w.at(p.t)
		if newest != math.MinInt64 && at <= newest-w.keep {
			continue
		}
		newest = max(newest, at)
		kept = append(kept, p)
	}
	at := w.at(t)
	start := w.start(at, win.periods)
	var out []point
	for _, p := range kept {
		if n := w.at(p.t); n >= start && n <= at && n > newest-w.keep {
			out = append(out, p)
		}
	}
	return out
}

// naively computes an operation over points from its definition.
func naively(op string, points []point) float64 {
	if len(points) == 0 && op != "count" {
		return math.NaN()
	}
	n, sum, sqr := float64(len(points)), 0.0, 0.0
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		sum, sqr, lo, hi = sum+p.v, sqr+p.v*p.v, min(lo, p.v), max(hi, p.v)
	}
	squares := 0.0
	for _, p := range points {
		squares += (p.v - sum/n) * (p.v - sum/n)
	}
	switch op {
	case "count":
		return n
	case "sum":
		return sum
	case "sqr":
		return sqr
	case "min":
		return lo
	case "max":
		return hi
	case "avg":
		return sum / n
	case "stdvar", "stddev":
		if n < 2 {
			return math.NaN()
		}
		if op == "stddev" {
			return math.Sqrt(squares / (n - 1))
		}
		return squares / (n - 1)
	}
	first, last := points[0], points[0]
	for _, p := range points[1:] {
		if p.t < first.t {
			first = p
		}
		if p.t >= last.t {
			last = p
		}
	}
	if op == "first" {
		return first.v
	}
	return last.v
}

// TestWindows compares windows over random points, in order and late, with the
// definition.
func TestWindows(t *testing.T) {
	shapes := []struct {
		windows []string
		period  string
	}{
		{[]string{"10s"}, "10s"}, {[]string{"30s", "1m", "5m"}, "10s"}, {[]string{"1h", "2h"}, "1h"},
		{[]string{"10s"}, ""}, {[]string{"60m", "90m"}, ""}, {[]string{"1m", "1h"}, ""},
	}
	rapid.Check(t, func(rt *rapid.T) {
		shape := rapid.SampledFrom(shapes).Draw(rt, "shape")
		w, err := newWindowing(shape.windows, shape.period)
		if err != nil {
			rt.Fatal(err)
		}
		spec := aggregateSpec{windowing: w, Operations: sortedKeys(operations)}
		spec.fields = make([]string, len(w.windows)*len(spec.Operations))
		now := rapid.Int64Range(-1e15, 1e15).Draw(rt, "start")
		var s series
		var seen []point
		for range rapid.IntRange(1, 60).Draw(rt, "points") {
			now += rapid.Int64Range(-3*w.period, 4*w.period).Draw(rt, "step")
			p := point{now, float64(rapid.IntRange(-100, 100).Draw(rt, "value")) / 8}
			s.add(&w, p.t, p.v)
			seen = append(seen, p)
			fields := spec.tell(nil, &s, p.t)
			for i, win := range w.windows {
				points := naive(&w, seen, p.t, win)
				for j, op := range spec.Operations {
					got, want := fields[i*len(spec.Operations)+j].Value.(float64), naively(op, points)
					if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) || math.IsNaN(got) != math.IsNaN(want) {
						rt.Fatalf("%s of %s after %d points: %v, want %v", op, win.text, len(seen), got, want)
					}
				}
			}
			if int64(len(s.buckets)) > w.keep {
				rt.Fatalf("%d periods are kept, and the longest window has %d", len(s.buckets), w.keep)
			}
		}
	})
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-03-01":                       "2026-03-01T00:00:00Z",
		"2026-03-01T10:20":                 "2026-03-01T10:20:00Z",
		"2026-03-01 10:20:30.123456":       "2026-03-01T10:20:30.123456Z",
		"2026-03-01T10:20:30+02:00":        "2026-03-01T08:20:30Z",
		"2026-03-01T10:20:30.5Z":           "2026-03-01T10:20:30.5Z",
		"2026-03-01 10:20:30.000001-01:00": "2026-03-01T11:20:30.000001Z",
	} {
		got, err := parseTime(text, "")
		if err != nil || got.UTC().Format(time.RFC3339Nano) != want {
			t.Errorf("%s is %v (%v), want %s", text, got, err, want)
		}
	}
	if _, err := parseTime("yesterday", ""); err == nil {
		t.Error("yesterday was taken for a time")
	}
	layout, err := layoutOf("%d/%m/%Y %H:%M:%S.%f %z")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseTime("01/03/2026 10:20:30.25 +0100", layout); err != nil || got.UnixMilli() != 1772356830250 {
		t.Errorf("by its format: %v (%v)", got.UnixMilli(), err)
	}
	for v, want := range map[any]int64{int64(1500): 1_500_000, 1.5: 1500, "1970-01-01T00:00:01Z": 1_000_000} {
		if got, err := microseconds("t", v, ""); err != nil || got != want {
			t.Errorf("%v is %d microseconds (%v), want %d", v, got, err, want)
		}
	}
	for _, v := range []any{nil, true, 1e16, "x", []any{}} {
		if _, err := microseconds("t", v, ""); err == nil || !strings.Contains(err.Error(), "t") {
			t.Errorf("%v was taken for a time", v)
		}
	}
}

// FuzzParseTime wants no panic, of formats and of times.
func FuzzParseTime(f *testing.F) {
	f.Add("%Y-%m-%d", "2026-03-01")
	f.Add("%H.%f%", "10")
	f.Add("", "2026-03-01T10:20:30+02:00")
	f.Fuzz(func(t *testing.T, format, text string) {
		layout, err := layoutOf(format)
		if err != nil {
			return
		}
		if at, err := parseTime(text, layout); err == nil && at.Year() > 9999 {
			t.Errorf("%q is in the year %d", text, at.Year())
		}
	})
}

func TestTable(t *testing.T) {
	for fifo, want := range map[bool]string{false: "b", true: "a"} {
		tab := table[int]{max: 2, fifo: fifo}
		tab.at("a")
		tab.at("b")
		tab.at("a")
		if _, out := tab.at("c"); out == nil || out.key != want {
			t.Errorf("fifo %v: %v made room, want %s", fifo, out, want)
		}
		tab.remove("c")
		if tab.find("c") != nil || tab.order.Len() != 1 || len(tab.byKey) != 1 {
			t.Errorf("fifo %v: c is still there", fifo)
		}
	}
}
