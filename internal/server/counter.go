package server

import (
	"time"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/internal/telemetry"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/v2"
)

// A counter counts what comes to the models of a program, whose own recorder goes
// on to hear what it heard without it.
type counter struct {
	observer
	models v2.Observer // nil if the recorder is none; likewise the next two
	steps  graphWatcher
	queues queueWatcher
}

// count has what comes to models counted where they have records, if the recorder
// does not do so.
func (c *Config) count() {
	if _, counts := c.Recorder.(userOf); !counts && c.keepsEndpoints() {
		c.Recorder = counting(c.Recorder)
	}
}

// counting returns a counter beside a recorder, which may be nil.
func counting(r serve.Recorder) *counter {
	c := &counter{observer: observer{tel: telemetry.New(telemetry.Build{}), next: r}}
	c.models, _ = r.(v2.Observer)
	c.steps, _ = r.(graphWatcher)
	c.queues, _ = r.(queueWatcher)
	return c
}

// Model implements v2.Observer.
func (c *counter) Model(name, version string) v2.Metrics {
	own := c.observer.Model(name, version)
	if c.models != nil {
		if theirs := c.models.Model(name, version); theirs != nil {
			return both{own, theirs}
		}
	}
	return own
}

// ModelState implements v2.Observer.
func (c *counter) ModelState(name, version string, s v2.Status) {
	c.observer.ModelState(name, version, s)
	if c.models != nil {
		c.models.ModelState(name, version, s)
	}
}

// Step implements graph.Observer.
func (c *counter) Step(name string) graph.StepMetrics {
	if c.steps != nil {
		return c.steps.Step(name)
	}
	return c.observer.Step(name)
}

// StepGone implements graphWatcher.
func (c *counter) StepGone(name string) {
	if c.steps != nil {
		c.steps.StepGone(name)
		return
	}
	c.observer.StepGone(name)
}

// Queue implements queueWatcher.
func (c *counter) Queue(step string) stream.Observer {
	if c.queues != nil {
		return c.queues.Queue(step)
	}
	return c.observer.Queue(step)
}

// Depth implements queueWatcher.
func (c *counter) Depth(step string, waiting func() (int64, bool)) (closed func()) {
	if c.queues != nil {
		return c.queues.Depth(step, waiting)
	}
	return c.observer.Depth(step, waiting)
}

// QueueGone implements queueWatcher.
func (c *counter) QueueGone(step string) {
	if c.queues != nil {
		c.queues.QueueGone(step)
		return
	}
	c.observer.QueueGone(step)
}

// both are two metrics of one model.
type both struct{ own, theirs v2.Metrics }

// Begin implements v2.Metrics.
func (b both) Begin() {
	b.own.Begin()
	b.theirs.Begin()
}

// End implements v2.Metrics.
func (b both) End(op string, code serve.Code, d time.Duration) {
	b.own.End(op, code, d)
	b.theirs.End(op, code, d)
}
