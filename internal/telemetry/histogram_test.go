package telemetry

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/leat-ml/leat/serve"
)

// latency is the one histogram of tel.
func latency(t *testing.T, tel *Telemetry) *dto.Histogram {
	t.Helper()
	families, err := tel.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "leat_request_duration_seconds" {
			return f.GetMetric()[0].GetHistogram()
		}
	}
	t.Fatal("there is no histogram")
	return nil
}

// checkConsistent checks what Prometheus checks: the native buckets hold as
// many as there are, and the fixed ones grow and hold no more.
func checkConsistent(t *testing.T, tel *Telemetry) {
	t.Helper()
	if len(tel.all()) == 0 {
		return
	}
	h := latency(t, tel)
	held, last := int64(h.GetZeroCount()), int64(0)
	for _, d := range h.GetPositiveDelta() {
		last += d
		held += last
	}
	if held != int64(h.GetSampleCount()) {
		t.Errorf("native buckets hold %d of %d", held, h.GetSampleCount())
	}
	before := uint64(0)
	for _, b := range h.GetBucket() {
		if b.GetCumulativeCount() < before || b.GetCumulativeCount() > h.GetSampleCount() {
			t.Errorf("up to %g: %d, before %d, in all %d", b.GetUpperBound(), b.GetCumulativeCount(), before, h.GetSampleCount())
		}
		before = b.GetCumulativeCount()
	}
}

// TestHistogramIsTheLibrarys compares with the library's native histogram.
func TestHistogramIsTheLibrarys(t *testing.T) {
	limits := make([]float64, len(bounds))
	for i, b := range bounds {
		limits[i] = b.Seconds()
	}
	theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "leat_request_duration_seconds", NativeHistogramBucketFactor: 1.1, Buckets: limits,
	})
	tel := New(Build{})
	m := tel.Model("m", "")
	observe := func(d time.Duration) {
		m.End("infer", serve.OK, d)
		theirs.Observe(float64(max(d, 0)) / 1e9)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100_000 { // 10 us to 1 s: no more buckets than are written
		observe(time.Duration(1e4 * math.Exp(rng.Float64()*math.Log(1e5))))
	}
	for _, b := range bounds {
		if b < 2*time.Second {
			observe(b)
			observe(b + 1)
			observe(b - 1)
		}
	}
	observe(0)
	observe(-time.Second)
	var want dto.Metric
	if err := theirs.Write(&want); err != nil {
		t.Fatal(err)
	}
	got := latency(t, tel)
	if math.Abs(got.GetSampleSum()/want.Histogram.GetSampleSum()-1) > 1e-9 {
		t.Errorf("sum %g, want %g", got.GetSampleSum(), want.Histogram.GetSampleSum())
	}
	got.SampleSum, want.Histogram.SampleSum = nil, nil
	got.CreatedTimestamp, want.Histogram.CreatedTimestamp = nil, nil
	if d := cmp.Diff(want.Histogram, got, protocmp.Transform()); d != "" {
		t.Error(d)
	}
}

func TestBucketsOfOctaves(t *testing.T) {
	for i, b := range octave {
		if want := math.Exp2(float64(i)/perOctave - 1); math.Abs(b-want) > 1e-15 {
			t.Errorf("bound %d is %v, not %v", i, b, want)
		}
	}
	for _, d := range []time.Duration{1, 2, 3, 1000, time.Millisecond, time.Second - 1, time.Second, time.Second + 1, time.Hour, math.MaxInt64} {
		i := nativeBucket(d)
		if i < lowest || i > highest {
			t.Fatalf("%v: bucket %d has no place", d, i)
		}
		upper, lower := math.Exp2(float64(i)/perOctave), math.Exp2(float64(i-1)/perOctave)
		if s := d.Seconds(); s > upper*(1+1e-15) || s <= lower*(1-1e-15) {
			t.Errorf("%v is not in bucket %d, (%g, %g]", d, i, lower, upper)
		}
	}
}

func TestManyBucketsAreMerged(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("m", "")
	n := uint64(0)
	for d := 1.0; d < math.MaxInt64/2; d *= 1.05 {
		m.End("infer", serve.OK, time.Duration(d))
		n++
	}
	checkConsistent(t, tel)
	h := latency(t, tel)
	if h.GetSchema() >= schema || len(h.GetPositiveDelta()) > maxBuckets+10 || h.GetSampleCount() != n {
		t.Errorf("schema %d, %d buckets, %d observations of %d", h.GetSchema(), len(h.GetPositiveDelta()), h.GetSampleCount(), n)
	}
	// One second is the upper bound of bucket 0 in every schema.
	below := int64(0)
	index, count := int32(0), int64(0)
	deltas := h.GetPositiveDelta()
	for _, s := range h.GetPositiveSpan() {
		index += s.GetOffset()
		for range s.GetLength() {
			count += deltas[0]
			deltas = deltas[1:]
			if index <= 0 {
				below += count
			}
			index++
		}
	}
	want := int64(0)
	for d := 1.0; time.Duration(d) <= time.Second; d *= 1.05 {
		want++
	}
	if below != want {
		t.Errorf("%d observations up to one second, want %d", below, want)
	}
}

func TestTextFormat(t *testing.T) {
	tel := New(Build{})
	m := tel.Model("m", "")
	m.End("infer", serve.OK, 300*time.Microsecond)
	m.End("infer", serve.OK, time.Minute)
	got := strings.Join(series(t, tel, "leat_request_duration_seconds"), "\n")
	for _, want := range []string{
		`_bucket{model="m",version="",le="0.00025"} 0`,
		`_bucket{model="m",version="",le="0.0005"} 1`,
		`_bucket{model="m",version="",le="10"} 1`,
		`_bucket{model="m",version="",le="+Inf"} 2`,
		`_count{model="m",version=""} 2`,
		`_sum{model="m",version=""} 60.0003`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	m := New(Build{}).Model("m", "1")
	if n := testing.AllocsPerRun(100, func() {
		m.Begin()
		m.End("infer", serve.OK, 123*time.Microsecond)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkModel is the cost of metrics for one request; "library" is the same
// with the library's counters and native histogram, looked up beforehand.
func BenchmarkModel(b *testing.B) {
	b.Run("own", func(b *testing.B) {
		m := New(Build{}).Model("m", "1")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m.Begin()
			m.End("infer", serve.OK, time.Duration(20_000+i%1000))
		}
	})
	b.Run("own-parallel", func(b *testing.B) {
		m := New(Build{}).Model("m", "1")
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				m.Begin()
				m.End("infer", serve.OK, time.Duration(20_000+i%1000))
			}
		})
	})
	b.Run("library", func(b *testing.B) {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: "c"})
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"})
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", NativeHistogramBucketFactor: 1.1, Buckets: prometheus.DefBuckets})
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			g.Inc()
			g.Dec()
			c.Inc()
			h.Observe(time.Duration(20_000 + i%1000).Seconds())
		}
	})
}
