package main

import (
	"context"
	"io"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/nats"
)

// BenchmarkRecording asks a server in process that records nothing, and one whose
// records go to the embedded stream, until all are there: two that can be taken by
// turns, or profiled.
func BenchmarkRecording(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(serveGC))
	for _, w := range recordRequests() {
		b.Run(w.name+"/off", func(b *testing.B) { benchRecording(b, w, nil) })
		b.Run(w.name+"/on", func(b *testing.B) {
			x := &stream.Mux{}
			x.Register("nats", (&nats.NATS{Folder: place(filepath.Join(b.TempDir(), "records"))}).Open)
			p := record.New(record.Options{Compact: true, Open: func(ctx context.Context) (record.Topic, error) {
				return x.Open(ctx, "nats:///records", nil)
			}})
			if err := p.Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			benchRecording(b, w, p)
			if err := p.Close(context.WithoutCancel(b.Context())); err != nil {
				b.Fatal(err)
			}
			if l := p.Ledger(); l.Dropped > 0 {
				b.Fatalf("not all records were delivered: %+v", l)
			}
		})
	}
}

// turn is how many records gather at most: there is room for them in memory.
const turn = 100_000

func benchRecording(b *testing.B, w workload, p *record.Pusher) {
	own := &bench{out: io.Discard, config: config{rounds: 1}, dir: b.TempDir()}
	var to serve.Recorder
	settle := func() {}
	if p != nil {
		to = p.Log(record.LogOptions{Function: "bench/records"})
		settle = func() {
			for p.Ledger().Pending() > 0 && b.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
		}
	}
	b.Chdir("../../..")
	srv, err := own.inprocServer(b.Context(), to)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	busy := ownCPU()
	for left := b.N; left > 0; left -= turn {
		if _, err := take(b.Context(), srv, w, min(left, turn), settle); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(ownCPU()-busy)/float64(b.N), "cpu-ns/op")
	if err := srv.Close(context.WithoutCancel(b.Context())); err != nil {
		b.Fatal(err)
	}
}
