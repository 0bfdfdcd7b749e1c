package telemetry

import "time"

// Statistics are what has come to a model by outcome, and how long that took in
// all.
type Statistics struct {
	Success, Fail         uint64
	SuccessTime, FailTime time.Duration
	// Rows are those of the successes, and Batches what they came in, by size.
	Rows    uint64
	Batches []BatchCount
	Last    time.Time // when the last request that has ended began; zero for none
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
	s.Rows, s.Batches = m.batches.rows.Load(), m.batches.counts()
	if at := m.last.Load(); at != 0 {
		s.Last = time.Unix(0, at)
	}
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
