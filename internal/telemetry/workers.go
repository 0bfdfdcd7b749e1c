package telemetry

import "github.com/leat-ml/leat/serve"

// A Crew is the workers of a model, or of what Workers.Of says.
type Crew struct {
	Model, Version string
	serve.Workers
}

// Workers has list asked for all workers whenever the metrics are read. It is called
// before they are read.
func (t *Telemetry) Workers(list func() []Crew) { t.crews.Store(&list) }

func (w *Crew) collect(c collection) {
	of := w.Model
	if w.Of != "" {
		of = w.Of
	}
	c.gauge(workersDesc, float64(w.Alive), of, w.Version)
	c.gauge(wantedDesc, float64(w.Wanted), of, w.Version)
	c.counter(restartsDesc, w.Restarts, of, w.Version)
}
