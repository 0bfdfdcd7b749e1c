package load

import (
	"runtime"
	"sync"
	"time"
)

// spin is the end of a wait that is spent looking at the clock, since a sleep
// wakes up some tens of microseconds late.
const spin = 60 * time.Microsecond

// pacer hands out the instants at which requests are due. One caller waits at a
// time, so at most one core spins.
type pacer struct {
	mu    sync.Mutex
	start time.Time
	every time.Duration
	sent  int // instants handed out
}

// newPacer returns a pacer of rate instants a second from start on.
func newPacer(start time.Time, rate float64) *pacer {
	return &pacer{start: start, every: time.Duration(float64(time.Second) / rate)}
}

// next waits for the next instant that is due and returns it. When all callers
// were busy at that instant it returns at once, with the instant in the past.
// It returns false when the instant, or now, is not before end.
func (p *pacer) next(end time.Time) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.start.Add(time.Duration(p.sent) * p.every)
	if !due.Before(end) || !time.Now().Before(end) {
		return due, false
	}
	p.sent++
	waitUntil(due)
	return due, true
}

// unsent returns how many instants before end were not handed out.
func (p *pacer) unsent(end time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := int((end.Sub(p.start) + p.every - 1) / p.every)
	return max(all-p.sent, 0)
}

func waitUntil(due time.Time) {
	if d := time.Until(due) - spin; d > 0 {
		nap(d)
	}
	for time.Until(due) > 0 {
		runtime.Gosched()
	}
}
