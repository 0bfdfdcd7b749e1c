package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
)

// StepMetrics are the metrics of one step of a graph. They are safe for
// concurrent use.
type StepMetrics struct {
	name    string
	created time.Time
	latency histogram
	byCode  [len(codes)]atomic.Uint64
}

// Step returns the metrics of a step, the same for the same name: a graph that
// is reloaded goes on where it was.
func (t *Telemetry) Step(name string) *StepMetrics {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.steps[name]
	if m == nil {
		m = &StepMetrics{name: name, created: time.Now()}
		t.steps[name] = m
	}
	return m
}

// RemoveStep forgets a step and its series. Who still has its metrics may go on
// calling them, unheard.
func (t *Telemetry) RemoveStep(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.steps, name)
}

// Done counts an event that the step was done with after d.
func (m *StepMetrics) Done(d time.Duration, err error) {
	i := 0
	if err != nil {
		if i = int(serve.CodeOf(err) - serve.OK); i >= len(codes) {
			i = int(serve.Internal - serve.OK)
		}
	}
	m.byCode[i].Add(1)
	m.latency.observe(d)
}

func (m *StepMetrics) collect(c collection) {
	for i := range codes {
		if n := m.byCode[i].Load(); n > 0 || i == 0 {
			c.counter(stepEventsDesc, n, m.name, codes[i])
		}
	}
	c.send(m.latency.metric(stepDurationDesc, m.created, m.name))
}
