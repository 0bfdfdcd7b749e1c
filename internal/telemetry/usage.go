package telemetry

import "time"

// A Usage is what has come to a model since its metrics are there.
type Usage struct {
	Requests, Errors uint64
	Latency          time.Duration // of all requests together
	// First and Last are when the requests began that were the first and the last to
	// end since the last Usage.
	First, Last time.Time
}

// Usage tells what has come to a model. It is false when no request has ended
// since it was last called, which one caller alone may do.
func (t *Telemetry) Usage(name, version string) (u Usage, ok bool) {
	t.mu.RLock()
	m := t.models[id{name, version}]
	t.mu.RUnlock()
	if m == nil {
		return Usage{}, false
	}
	at := m.marked.Swap(0) // first: who ends later marks again
	if at == 0 {
		return Usage{}, false
	}
	u.First, u.Latency = time.Unix(0, at), time.Duration(m.latency.sum.Load())
	for _, o := range *m.ops.Load() {
		for i := range o.byCode {
			n := o.byCode[i].Load()
			if u.Requests += n; i > 0 {
				u.Errors += n
			}
		}
	}
	u.Last = time.Unix(0, max(m.last.Load(), at)) // which may be of one that is counted next time
	return u, true
}
