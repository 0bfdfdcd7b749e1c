package telemetry

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/stream"
)

// QueueMetrics are the metrics of one queue of a graph. They are a
// [stream.Observer], safe for concurrent use.
type QueueMetrics struct {
	name                    string
	appended, bytes, failed atomic.Uint64
	outcomes                [len(queueOutcomes)]atomic.Uint64

	mu     sync.Mutex
	depths []*depth // of the queues of this name that are open, the newest last
}

// queueOutcomes are the values of the label outcome.
var queueOutcomes = [...]string{
	stream.Delivered: "delivered", stream.Retried: "retried", stream.Dead: "dead", stream.Returned: "returned",
}

type depth struct{ waiting func() (int64, bool) }

// Queue returns the metrics of a queue, the same for the same name: a graph that
// is reloaded goes on where it was.
func (t *Telemetry) Queue(name string) *QueueMetrics {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.queues[name]
	if m == nil {
		m = &QueueMetrics{name: name}
		t.queues[name] = m
	}
	return m
}

// RemoveQueue forgets a queue and its series. Who still has its metrics may go
// on calling them, unheard.
func (t *Telemetry) RemoveQueue(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.queues, name)
}

func (t *Telemetry) allQueues() []*QueueMetrics {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Collect(maps.Values(t.queues))
}

// Depth has waiting asked for the depth of the queue whenever the metrics are
// read, until closed is called. Of several the newest is asked.
func (m *QueueMetrics) Depth(waiting func() (int64, bool)) (closed func()) {
	d := &depth{waiting}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.depths = append(m.depths, d)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.depths = slices.DeleteFunc(m.depths, func(other *depth) bool { return other == d })
	}
}

// Published implements [stream.Observer].
func (m *QueueMetrics) Published(messages, bytes int, _ time.Duration, err error) {
	m.appended.Add(uint64(max(0, messages)))
	m.bytes.Add(uint64(max(0, bytes)))
	if err != nil {
		m.failed.Add(1)
	}
}

// Handled implements [stream.Observer].
func (m *QueueMetrics) Handled(_ time.Duration, o stream.Outcome) {
	if int(o) < len(m.outcomes) {
		m.outcomes[o].Add(1)
	}
}

func (m *QueueMetrics) collect(c collection) {
	c.counter(queueInDesc, m.appended.Load(), m.name)
	c.counter(queueBytesDesc, m.bytes.Load(), m.name)
	c.counter(queueFailedDesc, m.failed.Load(), m.name)
	waiting := m.newest()
	for i, outcome := range queueOutcomes {
		if n := m.outcomes[i].Load(); n > 0 || waiting != nil { // a queue that nobody reads has none
			c.counter(queueOutDesc, n, m.name, outcome)
		}
	}
	if waiting == nil {
		return
	}
	if n, ok := waiting(); ok {
		c.gauge(queueDepthDesc, float64(n), m.name)
	}
}

// newest is what is asked for the depth; nil if nothing is.
func (m *QueueMetrics) newest() func() (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.depths) == 0 {
		return nil
	}
	return m.depths[len(m.depths)-1].waiting
}
