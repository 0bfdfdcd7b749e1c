package server

import (
	"time"

	"github.com/leat-ml/leat/endpoint"
	"github.com/leat-ml/leat/internal/telemetry"
)

// A tracked is one model with its record, and what of it is not written yet.
type tracked struct {
	name, version string
	record        endpoint.Endpoint // as it should be
	written       bool              // and it is
	gone          bool              // the model is not served any more

	last    telemetry.Usage // when it was last looked at
	pending endpoint.Traffic
	rates   endpoint.Rates // as they were recorded
	window  window
}

// sample looks at what has come to models.
func (k *keeper) sample(now time.Time) {
	if k.usage == nil {
		return
	}
	for _, t := range k.tracked {
		if u, ok := k.usage(t.name, t.version); ok {
			t.used(u, now)
		}
	}
}

// used adds what has come since the last time. Counters that are lower than they
// were have begun anew.
func (t *tracked) used(u telemetry.Usage, now time.Time) {
	if u.Requests < t.last.Requests {
		t.last = telemetry.Usage{}
	}
	requests := u.Requests - t.last.Requests
	failed := int64(u.Errors - min(u.Errors, t.last.Errors))
	latency := u.Latency - t.last.Latency
	p := &t.pending
	p.Requests += int64(requests)
	p.Errors += failed
	if p.First.IsZero() {
		p.First = u.First
	}
	p.Last = u.Last
	pane := t.pane(now)
	pane.Requests += int64(requests)
	pane.Errors += failed
	pane.Latency += latency
	t.window.add(now, requests, latency)
	t.last = u
}

// maxPanes is how many panes wait while there is no database: those of a day. What
// comes after is counted, but in no pane.
const maxPanes = int(24 * time.Hour / endpoint.PaneTime)

// pane is the pane of now.
func (t *tracked) pane(now time.Time) *endpoint.Pane {
	at := now.UTC().Truncate(endpoint.PaneTime)
	panes := &t.pending.Panes
	n := len(*panes)
	if n > 0 && !(*panes)[n-1].At.Before(at) {
		return &(*panes)[n-1]
	}
	if n == maxPanes {
		return &endpoint.Pane{}
	}
	*panes = append(*panes, endpoint.Pane{At: at})
	return &(*panes)[n]
}

// traffic is what is to be recorded of the models that have a record.
func (k *keeper) traffic(now time.Time) []endpoint.Traffic {
	var all []endpoint.Traffic
	for uid, t := range k.tracked {
		rates := t.window.rates(now)
		if !t.written || t.pending.Requests == 0 && rates == t.rates {
			continue
		}
		next := t.pending
		next.UID, next.Rates = uid, rates
		all = append(all, next)
	}
	return all
}

func (t *tracked) recorded(rates endpoint.Rates) {
	t.pending, t.rates = endpoint.Traffic{}, rates
}

// A window has what came in the last hour, in panes of a minute, and in the last
// five minutes, in panes of ten seconds. It slides; MLRun's begins anew every five
// minutes.
type window struct{ minutes, tens panes }

// The panes of a window.
const (
	minutePane, minutePanes = time.Minute, 60
	tenPane, tenPanes       = 10 * time.Second, 30
)

type panes struct {
	at    int64 // the newest pane's number
	panes []pane
}

type pane struct {
	requests uint64
	latency  time.Duration
}

func (w *window) add(now time.Time, requests uint64, latency time.Duration) {
	w.minutes.add(now.UnixNano()/int64(minutePane), minutePanes, requests, latency)
	w.tens.add(now.UnixNano()/int64(tenPane), tenPanes, requests, latency)
}

// rates are those of MLRun, of what has come while this server ran.
func (w *window) rates(now time.Time) endpoint.Rates {
	var r endpoint.Rates
	hour := w.minutes.sum(now.UnixNano() / int64(minutePane))
	if hour.requests > 0 {
		r.LatencyAvg1h = float64(hour.latency) / 1e3 / float64(hour.requests)
	}
	five := w.tens.sum(now.UnixNano() / int64(tenPane))
	r.PredictionsPerSecond = float64(five.requests) / (tenPane * tenPanes).Seconds()
	return r
}

func (p *panes) add(at int64, n int, requests uint64, latency time.Duration) {
	if p.panes == nil {
		p.panes = make([]pane, n)
	}
	p.slide(at)
	here := &p.panes[p.at%int64(len(p.panes))]
	here.requests += requests
	here.latency += latency
}

// slide forgets the panes that are over. A clock that goes back adds to the newest.
func (p *panes) slide(at int64) {
	n := int64(len(p.panes))
	if at-p.at >= n {
		clear(p.panes)
		p.at = at
	}
	for p.at < at {
		p.at++
		p.panes[p.at%n] = pane{}
	}
}

func (p *panes) sum(at int64) (all pane) {
	if p.panes == nil {
		return all
	}
	p.slide(at)
	for _, x := range p.panes {
		all.requests += x.requests
		all.latency += x.latency
	}
	return all
}
