package telemetry

import "time"

// Statistics are what has come to a model by outcome, and how long that took in
// all.
type Statistics struct {
	Success, Fail         uint64
	SuccessTime, FailTime time.Duration
}

// Statistics tells what has come to a model; nothing for one that has no metrics.
func (t *Telemetry) Statistics(name, version string) (s Statistics) {
	t.mu.RLock()
	m := t.models[id{name, version}]
	t.mu.RUnlock()
	if m == nil {
		return s
	}
	s.FailTime = time.Duration(m.failed.Load())
	s.SuccessTime = max(0, time.Duration(m.latency.sum.Load())-s.FailTime)
	for _, o := range *m.ops.Load() {
		for i := range o.byCode {
			n := o.byCode[i].Load()
			if i == 0 {
				s.Success += n
			} else {
				s.Fail += n
			}
		}
	}
	return s
}
