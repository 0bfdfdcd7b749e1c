package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/leat-ml/leat/bench/load"
	"github.com/leat-ml/leat/bench/proc"
	server "github.com/leat-ml/leat/bench/target"
)

// outageGrowthMB is how much a server may grow while its stream is away: what records
// may hold in memory, and as much as is written out and published at a time.
const outageGrowthMB = 32 + 16

// A recordSink is a stream of records over HTTP that can be away.
type recordSink struct {
	addr string
	http *http.Server
	gone atomic.Bool

	mu       sync.Mutex
	records  int
	early    int // that ended before the one in front of them, by more than requests overlap
	last     float64
	unlike   error
	finished map[string]bool // ids
	twice    int
}

func newRecordSink() (*recordSink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &recordSink{addr: l.Addr().String(), finished: map[string]bool{}}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(l) }() // ends with close
	return s, nil
}

func (s *recordSink) close() { _ = s.http.Close() }

// ServeHTTP takes a batch of records, a line each.
func (s *recordSink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.gone.Load() {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	lines := bufio.NewScanner(r.Body)
	lines.Buffer(nil, 1<<20)
	s.mu.Lock()
	defer s.mu.Unlock()
	for lines.Scan() {
		s.take(lines.Bytes())
	}
}

// overlap is by how much requests at the same time may end in another order than they
// are recorded in.
const overlap = 2 * time.Second

func (s *recordSink) take(line []byte) {
	var r struct {
		When     string
		Microsec float64
		Resp     struct{ ID string }
	}
	err := json.Unmarshal(line, &r)
	when, bad := time.Parse("2006-01-02 15:04:05.000000-07:00", r.When)
	if err = errors.Join(err, bad); err != nil {
		s.unlike = fmt.Errorf("%w: %.200s", err, line)
		return
	}
	end := float64(when.UnixMicro()) + r.Microsec
	if end < s.last-float64(overlap.Microseconds()) {
		s.early++
	}
	s.last = max(s.last, end)
	if s.records++; s.finished[r.Resp.ID] {
		s.twice++
	}
	s.finished[r.Resp.ID] = true
}

// An outageRun is a server whose stream is there, away and there again.
type outageRun struct {
	*bench
	sink                *recordSink
	srv                 *server.Server
	admin               string
	phases              [3]cell
	before, peak, after int64 // resident bytes
	ledger              map[string]int
	pending             int // at the end of the outage
	drained             time.Duration
}

// outage is how long the stream is away.
func (b *bench) outage() time.Duration {
	if b.rounds == 1 { // a smoke
		return time.Second
	}
	return time.Minute
}

// recordOutage drives a server whose stream is away for a minute. The requests notice
// nothing, memory stays within its bound, and every record arrives, in its order.
func (b *bench) recordOutage(ctx context.Context) (err error) {
	o := &outageRun{bench: b}
	if o.sink, err = newRecordSink(); err != nil {
		return err
	}
	defer o.sink.close()
	if o.admin, err = freeAddr(); err != nil {
		return err
	}
	t, err := b.recordingServer("leat-outage", o.admin, fmt.Sprintf("parameters: {log_stream: %q}", "http://"+o.sink.addr+"/#batch=lines"))
	if err != nil {
		return err
	}
	if o.srv, err = server.Start(ctx, t.name, t.command, b.env()...); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.srv.Stop()) }()
	w := recordRequests()[0]
	for i, length := range []time.Duration{b.outage() / 6, b.outage(), b.outage() / 6} {
		o.sink.gone.Store(i == 1)
		if err := o.phase(ctx, i, w.options(t, o.srv.Addr), length); err != nil {
			return err
		}
	}
	if err := o.drain(ctx); err != nil {
		return err
	}
	return o.print()
}

// phase drives the server for a time, with a look at its memory now and then.
func (o *outageRun) phase(ctx context.Context, i int, opts load.Options, length time.Duration) (err error) {
	own := *o.bench
	own.length, own.warmup = length, 0
	watched, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() { o.watch(watched) })
	o.phases[i], err = own.cell(ctx, opts, recordConns, o.srv.PID)
	stop()
	watching.Wait()
	if err != nil {
		return err
	}
	u, err := proc.Read(o.proc, o.srv.PID)
	switch i {
	case 0:
		o.before, o.peak = u.Resident, u.Resident
	case 1:
		var ledger map[string]int
		ledger, err = o.readLedger(ctx)
		o.pending = ledger["pending"]
	}
	o.after = u.Resident
	return err
}

func (o *outageRun) watch(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if u, err := proc.Read(o.proc, o.srv.PID); err == nil {
				o.peak = max(o.peak, u.Resident)
			}
		}
	}
}

var ledgerLine = regexp.MustCompile(`(?m)^leat_records_(accepted|delivered|dropped|pending)(?:_total)?\{[^}]*\} (\S+)$`)

func (o *outageRun) readLedger(ctx context.Context) (map[string]int, error) {
	var text bytes.Buffer
	if err := get(ctx, "http://"+o.admin+"/metrics", &text); err != nil {
		return nil, err
	}
	ledger := map[string]int{}
	for _, m := range ledgerLine.FindAllStringSubmatch(text.String(), -1) {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, err
		}
		ledger[m[1]] += int(n)
	}
	if len(ledger) != 4 {
		return nil, fmt.Errorf("the metrics have no ledger: %v", ledger)
	}
	return ledger, nil
}

// drain waits until nothing is pending.
func (o *outageRun) drain(ctx context.Context) (err error) {
	start := time.Now()
	for deadline := start.Add(2*time.Minute + 2*o.outage()); ; time.Sleep(50 * time.Millisecond) {
		if o.ledger, err = o.readLedger(ctx); err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if o.ledger["pending"] == 0 {
			o.drained = time.Since(start)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("records are still pending: %v", o.ledger)
		}
	}
}

func (o *outageRun) print() error {
	fmt.Fprintf(o.out, "\nrecords, an outage of %v at full load, %d connections\n", o.outage(), recordConns)
	tw := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "stream\treq/s\tp50 us\tp99 us\tserver CPU us/req\tfailures\t")
	for i, name := range []string{"there", "away", "there again"} {
		c := &o.phases[i]
		fmt.Fprintf(tw, "%s\t%.0f\t%.0f\t%.0f\t%.1f\t%d\t\n", name, c.PerSecond(), micros(c.Latency.Quantile(0.5)), micros(c.Latency.Quantile(0.99)),
			micros(c.serverCPU)/float64(max(c.OK(), 1)), c.Failed()+c.Reconnects)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	o.sink.mu.Lock()
	defer o.sink.mu.Unlock()
	o.printGoals()
	return o.sink.unlike
}

func (o *outageRun) printGoals() {
	l, s := o.ledger, o.sink
	failed := 0
	for i := range o.phases {
		failed += o.phases[i].Failed() + o.phases[i].Reconnects
	}
	grown := megabytes(o.peak - o.before)
	goals := []struct {
		what string
		ok   bool
	}{
		{fmt.Sprintf("answers: %d failures", failed), failed == 0},
		{fmt.Sprintf("ledger: accepted %d = delivered %d + dropped %d + pending %d", l["accepted"], l["delivered"], l["dropped"], l["pending"]),
			l["accepted"] == l["delivered"]+l["dropped"]+l["pending"]},
		{fmt.Sprintf("dropped: %d", l["dropped"]), l["dropped"] == 0},
		{fmt.Sprintf("arrived: %d of %d, %d of them twice, %d out of order; %d were pending at the end of the outage, and were there %v after the load",
			s.records, l["delivered"], s.twice, s.early, o.pending, o.drained.Round(time.Millisecond)), s.records == l["delivered"] && s.twice == 0 && s.early == 0},
		{fmt.Sprintf("resident memory: %.1f MB before, at most %.1f MB more (goal %d)", megabytes(o.before), grown, outageGrowthMB), grown <= outageGrowthMB},
	}
	for _, g := range goals {
		fmt.Fprintf(o.out, "%s %s\n", g.what, o.verdict(g.ok))
	}
}
