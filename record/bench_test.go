package record

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// nowhere is a stream that takes everything.
type nowhere struct{}

func (nowhere) PublishAll(context.Context, []*stream.Message) error { return nil }
func (nowhere) Local() bool                                         { return false }
func (nowhere) Close(context.Context) error                         { return nil }

const tenFeatures = `{"inputs": [[0.03, 1, 0.06, 0.02, -0.04, 11.5, -0.04, -0.002, 17.25, -0.01]]}`

func openNowhere(context.Context) (Topic, error) { return nowhere{}, nil }

// BenchmarkRecord is what recording costs a request of ten features, in MLRun's
// dialect and in OIP. What is done beside the request is in it, since that takes the
// same processors.
func BenchmarkRecord(b *testing.B) {
	oipBody := `{"inputs":[{"name":"x","shape":[1,10],"datatype":"FP64","data":[0.03, 1, 0.06, 0.02, -0.04, 11.5, -0.04, -0.002, 17.25, -0.01]}]}`
	for _, c := range []struct {
		name, body string
		compact    bool
		out        any
	}{
		{"mlrun/compact", tenFeatures, true, []float64{151.5}}, {"mlrun/json", tenFeatures, false, []float64{151.5}},
		{"oip/compact", oipBody, true, serve.NewTensor("y", []float64{151.5}, 1, 1)}, {"oip/json", oipBody, false, serve.NewTensor("y", []float64{151.5}, 1, 1)},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := New(Options{Open: openNowhere, Compact: c.compact})
			if err := p.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			log := p.Log(LogOptions{Function: "p/f"})
			r := inferBody(b, c.body, c.out)
			r.EventID = "f94cadd9-199a-4949-8825-17a5d2e71360"
			b.ReportAllocs()
			cpu := cpuTime(b)
			for b.Loop() {
				log.Record(r)
			}
			b.StopTimer()
			if err := p.Close(context.Background()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "cpu-ns/op")
			l := p.Ledger()
			b.ReportMetric(100*float64(l.Dropped)/float64(l.Accepted), "%dropped")
		})
	}
}

// BenchmarkPayload is the part of it that a request waits for, without the lock.
func BenchmarkPayload(b *testing.B) {
	r := inferBody(b, tenFeatures, []float64{151.5})
	var buf []byte
	b.ReportAllocs()
	cpu := cpuTime(b)
	for b.Loop() {
		buf = appendPayload(buf[:0], &r, 1)
	}
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "cpu-ns/op")
}

// BenchmarkJSON is what a record costs that leaves as JSON.
func BenchmarkJSON(b *testing.B) {
	r := inferBody(b, tenFeatures, []float64{151.5})
	c := chunkOf(b, r)
	var buf []byte
	b.ReportAllocs()
	cpu := cpuTime(b)
	defer func() { b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		d := Decode(c)
		got, err := d.Next()
		if err != nil {
			b.Fatal(err)
		}
		buf = got.AppendJSON(buf[:0])
	}
}

// cpuTime is what this process has had of the processors: other than by the clock, it
// can be compared on a machine that others use too.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// chunkOf is the chunk of records.
func chunkOf(t testing.TB, rs ...serve.Record) []byte {
	t.Helper()
	p := New(Options{Open: openNowhere})
	log := p.Log(LogOptions{Function: "p/f", Host: "h"})
	for _, r := range rs {
		log.Record(r)
	}
	return p.queue.tail.data
}

// BenchmarkDigits is what writing the text of a request costs.
func BenchmarkDigits(b *testing.B) {
	var buf []byte
	b.ReportAllocs()
	cpu := cpuTime(b)
	for b.Loop() {
		buf = appendDigits(buf[:0], []byte(tenFeatures))
	}
	b.ReportMetric(float64(cpuTime(b)-cpu)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(len(buf)), "bytes")
}
