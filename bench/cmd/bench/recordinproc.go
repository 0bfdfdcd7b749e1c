package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/file"
	"github.com/leat-ml/leat/stream/nats"
)

// The goals of what recording takes of a request: microseconds of the processors, all
// that is done beside it included; allocations; and a share of a request over HTTP.
const (
	recordMicros = 0.5
	recordAllocs = 1.0
	recordShare  = 0.03
)

// serveGC is the collector's setting in leat serve.
const serveGC = 400

// A taking is what so many requests took.
type taking struct{ micros, allocs float64 }

// recordInproc asks servers in process, by turns one that records and one that does
// not, and says what the difference is. overHTTP is what a request takes of a server's
// processors over HTTP.
func (b *bench) recordInproc(ctx context.Context, overHTTP float64) error {
	defer debug.SetGCPercent(debug.SetGCPercent(serveGC))
	count, turns := 100_000, 2*b.rounds+1
	if b.rounds == 1 {
		count = 2000
	}
	fmt.Fprintf(b.out, "\nrecording in process, %d turns of %d requests; a request over HTTP takes %.1f us of the server's processors\n", turns, count, overHTTP)
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "stream\twith request\tCPU us/req without\tmore with\tallocations more\tof a request over HTTP\tgoal\t")
	for _, w := range recordRequests() {
		for _, s := range []struct {
			name, url string
			compact   bool
		}{{"embedded", "nats:///records", true}, {"embedded, JSON", "nats:///records", false}, {"file", "file:records.jsonl", false}} {
			dir := filepath.Join(b.dir, "inproc", w.name+s.name)
			more, without, err := b.recordTurns(ctx, w, dir, s.url, s.compact, count, turns)
			if err != nil {
				return err
			}
			share, verdict := more.micros/overHTTP, ""
			if s.compact {
				verdict = fmt.Sprintf("<= %.1f us, <= %.0f, <= %.0f %% %s", recordMicros, recordAllocs, 100*recordShare,
					b.verdict(more.micros <= recordMicros && more.allocs <= recordAllocs && share <= recordShare))
			}
			fmt.Fprintf(tw, "%s\t%s\t%.2f\t%.2f\t%.2f\t%.1f %%\t%s\t\n", s.name, w.name, without.micros, more.micros, more.allocs, 100*share, verdict)
		}
	}
	return tw.Flush()
}

// recordTurns takes turns with a server that records and one that does not.
func (b *bench) recordTurns(ctx context.Context, w workload, dir, url string, compact bool, count, turns int) (more, without taking, err error) {
	x := &stream.Mux{}
	x.Register("nats", (&nats.NATS{Folder: place(dir)}).Open)
	x.Register("file", (&file.Files{Folder: place(dir)}).Open)
	p := record.New(record.Options{Compact: compact, Open: func(ctx context.Context) (record.Topic, error) {
		return x.Open(ctx, url, &stream.Options{Format: stream.Bare})
	}})
	if compact {
		p.Open = func(ctx context.Context) (record.Topic, error) { return x.Open(ctx, url, nil) }
	}
	if err := p.Start(ctx); err != nil {
		return more, without, err
	}
	defer func() { err = errors.Join(err, p.Close(context.WithoutCancel(ctx))) }()
	var with, plain []taking
	off, err := b.inprocServer(ctx, nil)
	if err != nil {
		return more, without, err
	}
	on, err := b.inprocServer(ctx, p.Log(record.LogOptions{Function: "bench/records"}))
	if err != nil {
		return more, without, errors.Join(err, off.Close(ctx))
	}
	defer func() { err = errors.Join(err, on.Close(ctx), off.Close(ctx)) }()
	settle := func() {
		for p.Ledger().Pending() > 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
	for range turns {
		for _, turn := range []struct {
			srv  *leat.Server
			into *[]taking
		}{{off, &plain}, {on, &with}} {
			t, err := take(ctx, turn.srv, w, count, settle)
			if err != nil {
				return more, without, err
			}
			*turn.into = append(*turn.into, t)
		}
	}
	if l := p.Ledger(); l.Dropped > 0 || l.Delivered != int64(count*turns) {
		return more, without, fmt.Errorf("not all records were delivered: %+v", l)
	}
	without = quartile(plain)
	more = quartile(with)
	return taking{more.micros - without.micros, more.allocs - without.allocs}, without, nil
}

// quartile is what a quarter of the turns is below: others use this machine too.
func quartile(ts []taking) taking {
	var micros, allocs []float64
	for _, t := range ts {
		micros, allocs = append(micros, t.micros), append(allocs, t.allocs)
	}
	slices.Sort(micros)
	slices.Sort(allocs)
	return taking{micros[len(micros)/4], allocs[len(allocs)/4]}
}

func (b *bench) inprocServer(ctx context.Context, r serve.Recorder) (*leat.Server, error) {
	models, err := b.treeRepository()
	if err != nil {
		return nil, err
	}
	set := &catalog.Set{}
	trees.Register(set)
	srv, err := leat.New(&graph.Spec{Models: models}, &leat.Options{Catalog: set, Recorder: r})
	if err != nil {
		return nil, err
	}
	err = srv.Start(ctx)
	return srv, err
}

// take asks a server so many times, until what it does beside is done, too.
func take(ctx context.Context, srv *leat.Server, w workload, count int, settle func()) (taking, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	busy := ownCPU()
	var answer []byte
	for range count {
		out, err := srv.Serve(ctx, serve.NewEvent(serve.Target{Method: "POST", Path: w.path}, w.body))
		if err == nil {
			answer, err = oip.AppendBody(answer[:0], out.Body)
		}
		if err != nil {
			return taking{}, err
		}
	}
	settle()
	busy = ownCPU() - busy
	runtime.ReadMemStats(&after)
	return taking{micros(busy) / float64(count), float64(after.Mallocs-before.Mallocs) / float64(count)}, w.verify(answer, nil)
}
