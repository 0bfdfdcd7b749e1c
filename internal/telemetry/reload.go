package telemetry

import (
	"sync/atomic"
	"time"
)

// reloads counts the reloads of a server.
type reloads struct {
	ok, failed atomic.Uint64
	last       atomic.Int64 // when what is served was put in place, in Unix nanoseconds
}

// Reloaded counts a reload that has just ended, with an error if it failed.
func (t *Telemetry) Reloaded(err error) {
	if err != nil {
		t.reloads.failed.Add(1)
		return
	}
	t.reloads.ok.Add(1)
	t.reloads.last.Store(time.Now().UnixNano())
}

func (r *reloads) collect(c collection) {
	c.counter(reloadsDesc, r.ok.Load(), "ok")
	c.counter(reloadsDesc, r.failed.Load(), "failed")
	c.gauge(lastReloadDesc, float64(r.last.Load())/float64(time.Second))
}
