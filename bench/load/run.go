package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options describe one cell of a benchmark.
type Options struct {
	Addr    string  // host:port
	Request []byte  // head and body, sent as it is
	Conns   int     // keep-alive connections, each with one request at a time
	Rate    float64 // requests a second in all; 0 is the closed loop
	Limit   int     // stop when this many requests were sent; 0 is no limit

	Warmup, Duration time.Duration // the warm-up is driven but not counted
	Timeout          time.Duration // of one answer; 0 is 5 s

	// Verify decodes a whole body and compares it; nil checks none. It is called
	// for the first answer of each connection, for each whose length differs from
	// that one's, and for one in VerifyEvery (0 is 1 in 1000). It must be safe for
	// concurrent use.
	Verify      func(body []byte) error
	VerifyEvery int

	// Begin and End are called at the start and the end of the counted part,
	// between which Result.Elapsed lies: the place to read CPU times. May be nil.
	Begin, End func()
}

// Result is what one cell has counted.
type Result struct {
	Elapsed time.Duration
	Latency Histogram // right answers; in the open loop from the due instant on

	Refused    int   // answers with another status than 200
	Wrong      int   // answers that Verify refused
	Timeouts   int   // no answer in time
	Broken     int   // connections that failed in a request, or could not be made
	Reconnects int   // connections made anew
	Unsent     int   // open loop: due while every connection was busy to the end
	First      error // the first of the failures, for the report
}

// OK returns how many requests were answered rightly.
func (r *Result) OK() int { return int(r.Latency.Count()) }

// Failed returns how many requests were not.
func (r *Result) Failed() int {
	return r.Refused + r.Wrong + r.Timeouts + r.Broken + r.Unsent
}

// PerSecond returns the right answers a second.
func (r *Result) PerSecond() float64 { return float64(r.OK()) / r.Elapsed.Seconds() }

// phases of a run
const (
	warming int32 = iota
	counting
	over
)

type run struct {
	Options
	phase atomic.Int32
	sent  atomic.Int64
	pace  *pacer // nil in the closed loop
	end   time.Time
}

// Run drives a server as o says and returns what came back. The error is about
// the options or the first connections, never about answers: those are counted.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Conns < 1 || o.Rate < 0 || o.Warmup < 0 || o.Duration <= 0 || len(o.Request) == 0 {
		return nil, errors.New("load: connections, duration and request must be given, rate and warm-up not below 0")
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.VerifyEvery == 0 {
		o.VerifyEvery = 1000
	}
	r := &run{Options: o}
	workers, err := r.dial()
	if err != nil {
		return nil, err
	}
	return r.drive(ctx, workers), nil
}

func (r *run) dial() ([]*worker, error) {
	workers := make([]*worker, r.Conns)
	for i := range workers {
		workers[i] = &worker{run: r}
		if err := workers[i].connect(); err != nil {
			for _, w := range workers[:i] {
				w.conn.Close()
			}
			return nil, fmt.Errorf("load: %w", err)
		}
	}
	return workers, nil
}

func (r *run) drive(ctx context.Context, workers []*worker) *Result {
	start := time.Now()
	r.end = start.Add(r.Warmup + r.Duration)
	if r.Rate > 0 {
		r.pace = newPacer(start, r.Rate)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var began time.Time
	count := func() {
		call(r.Begin)
		began = time.Now()
		r.phase.Store(counting)
	}
	if r.Warmup == 0 {
		count()
	}
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(w.loop)
	}
	go func() { wg.Wait(); cancel() }() // the limit is reached before the time is
	if r.Warmup > 0 {
		sleep(ctx, time.Until(start.Add(r.Warmup)))
		count()
	}
	sleep(ctx, time.Until(r.end))
	total := &Result{}
	r.phase.Store(over)
	total.Elapsed = time.Since(began)
	call(r.End)
	wg.Wait()
	for _, w := range workers {
		w.conn.Close()
		total.add(&w.result)
	}
	if r.pace != nil && r.Limit == 0 {
		total.Unsent = r.pace.unsent(r.end)
	}
	return total
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func call(f func()) {
	if f != nil {
		f()
	}
}

// next waits until a request is to be sent and returns the instant from which
// its latency counts, and false when the run is over.
func (r *run) next() (time.Time, bool) {
	if r.phase.Load() == over || (r.Limit > 0 && r.sent.Add(1) > int64(r.Limit)) {
		return time.Time{}, false
	}
	if r.pace != nil {
		return r.pace.next(r.end)
	}
	return time.Now(), true
}

func (r *Result) add(o *Result) {
	r.Latency.Add(&o.Latency)
	r.Refused += o.Refused
	r.Wrong += o.Wrong
	r.Timeouts += o.Timeouts
	r.Broken += o.Broken
	r.Reconnects += o.Reconnects
	if r.First == nil {
		r.First = o.First
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
