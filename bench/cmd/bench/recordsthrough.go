package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/record"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/nats"
)

// throughPerSecond is the goal of records through the embedded stream, on two
// processors: 10 us of them each.
const throughPerSecond = 200_000

// place is a folder for streams.
type place string

func (p place) Path() string { return string(p) }

// Claim implements nats.Folder: nobody else has it.
func (place) Claim() error { return nil }

// A through is what so many records took.
type through struct {
	took, cpu time.Duration
	records   int
}

// recordsThrough takes records through the embedded stream: from the request's side,
// many in a message, to a reader who gets each as MLRun's JSON.
func (b *bench) recordsThrough(ctx context.Context) error {
	count := 2_000_000
	if b.rounds == 1 {
		count = 20_000
	}
	var runs []through
	for i := range b.rounds {
		t, err := through1(ctx, filepath.Join(b.dir, fmt.Sprintf("through-%d", i)), count)
		if err != nil {
			return err
		}
		runs = append(runs, t)
	}
	rate := over(runs, func(i int) float64 { return float64(runs[i].records) / runs[i].took.Seconds() })
	cpu := over(runs, func(i int) float64 { return micros(runs[i].cpu) / float64(runs[i].records) })
	fmt.Fprintf(b.out, "\nrecords through the embedded stream, to a reader of JSON, %d rounds of %d\n", b.rounds, count)
	tw := tabwriter.NewWriter(b.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "records/s [min-max]\tCPU us/record [min-max]\trecords/s by the CPU time of two processors\tgoal\t")
	byCPU := 2e6 / cpu.median
	fmt.Fprintf(tw, "%.0f [%.0f-%.0f]\t%.2f [%.2f-%.2f]\t%.0f\t>= %d %s\t\n", rate.median, rate.least, rate.most, cpu.median, cpu.least, cpu.most, byCPU,
		throughPerSecond, b.verdict(byCPU >= throughPerSecond))
	return tw.Flush()
}

func through1(ctx context.Context, dir string, count int) (t through, err error) {
	x := &stream.Mux{}
	x.Register("nats", (&nats.NATS{Folder: place(dir)}).Open)
	x.Unpack(record.ContentType, record.Unpack)
	open := func(ctx context.Context) (*stream.Topic, error) { return x.Open(ctx, "nats:///records", nil) }
	p := record.New(record.Options{Open: func(ctx context.Context) (record.Topic, error) { return open(ctx) }, Compact: true})
	if err := p.Start(ctx); err != nil {
		return t, err
	}
	topic, err := open(ctx)
	if err != nil {
		return t, err
	}
	var read, wrong atomic.Int64
	sub, err := topic.Subscribe(ctx, "reader", func(_ context.Context, d *stream.Delivery) error {
		if !bytes.HasPrefix(d.Body, []byte(`{"class":`)) {
			wrong.Add(1)
		}
		read.Add(1)
		return nil
	}, nil)
	if err != nil {
		return t, err
	}
	begin, busy := time.Now(), ownCPU()
	err = fill(ctx, p, count)
	for read.Load() < int64(count) && err == nil && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	t = through{time.Since(begin), ownCPU() - busy, count}
	if wrong.Load() > 0 || p.Ledger().Delivered != int64(count) {
		err = errors.Join(err, fmt.Errorf("%d records are none, ledger %+v", wrong.Load(), p.Ledger()))
	}
	return t, errors.Join(err, ctx.Err(), p.Close(ctx), sub.Close(ctx), topic.Close(ctx))
}

// fill records as fast as there is room.
func fill(ctx context.Context, p *record.Pusher, count int) error {
	r, err := aRecord()
	if err != nil {
		return err
	}
	log := p.Log(record.LogOptions{Function: "bench/records"})
	for i := range count {
		for i%1000 == 0 && p.Ledger().Bytes > record.DefaultMemory/2 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		log.Record(r)
	}
	return nil
}

// aRecord is the record of a request of ten numbers.
func aRecord() (serve.Record, error) {
	w := recordRequests()[0]
	body := serve.RawBody(w.body)
	req, err := new(oip.Buffer).Request(body)
	if err != nil {
		return serve.Record{}, err
	}
	by := &serve.Served{Model: "diabetes", Version: "1", Class: "xgboost"}
	req.Body, req.ID = body, "f963b041-c90a-4ced-ade7-360f8b12988e"
	r := serve.Record{Served: by, Op: "infer", EventID: req.ID, Start: time.Now(), Duration: 120 * time.Microsecond, Request: req}
	resp := new(serve.Response)
	resp.Answer(req, by, []float32{151.5})
	r.Answered(resp)
	return r, nil
}
