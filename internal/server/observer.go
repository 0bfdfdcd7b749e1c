package server

import (
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/v2"
)

// An observer hears of inferences and models: it counts them and passes records
// on to the recorder that was configured, if one was.
type observer struct {
	tel  *telemetry.Telemetry
	next serve.Recorder
}

// Record implements serve.Recorder. The inference has been counted by its
// model's metrics.
func (o *observer) Record(r serve.Record) {
	if o.next != nil {
		o.next.Record(r)
	}
}

// Usage implements userOf.
func (o *observer) Usage(name, version string) (telemetry.Usage, bool) {
	return o.tel.Usage(name, version)
}

// Model implements v2.Observer.
func (o *observer) Model(name, version string) v2.Metrics { return o.tel.Model(name, version) }

// Step implements graph.Observer.
func (o *observer) Step(name string) graph.StepMetrics { return o.tel.Step(name) }

// StepGone implements graphWatcher.
func (o *observer) StepGone(name string) { o.tel.RemoveStep(name) }

// Queue implements queue.Observer.
func (o *observer) Queue(step string) stream.Observer { return o.tel.Queue(step) }

// Depth implements queue.Observer.
func (o *observer) Depth(step string, waiting func() (int64, bool)) (closed func()) {
	return o.tel.Queue(step).Depth(waiting)
}

// QueueGone implements queueWatcher.
func (o *observer) QueueGone(step string) { o.tel.RemoveQueue(step) }

// ModelState implements v2.Observer.
func (o *observer) ModelState(name, version string, s v2.Status) {
	if s.Phase == v2.Closed {
		o.tel.Remove(name, version)
		return
	}
	m := o.tel.Model(name, version)
	m.SetState(string(s.Phase))
	if s.LoadTime > 0 {
		m.SetLoadTime(s.LoadTime)
	}
}

var _ interface {
	serve.Recorder
	v2.Observer
	graphWatcher
	queueWatcher
} = (*observer)(nil)
