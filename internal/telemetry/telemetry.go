package telemetry

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/leat-ml/leat/serve"
)

// Build is what leat_build_info tells.
type Build struct{ Version, Commit string }

// A Telemetry is a set of metrics. It is safe for concurrent use and is a
// [serve.Recorder].
type Telemetry struct {
	registry *prometheus.Registry
	answers  [maxStatus]atomic.Uint64 // HTTP answers by status
	reloads  reloads
	rpcs     rpcs
	spans    atomic.Pointer[Spans] // nil where nothing is traced
	records  atomic.Pointer[func() []RecordStream]
	crews    atomic.Pointer[func() []Crew]

	mu     sync.RWMutex
	models map[id]*ModelMetrics
	steps  map[string]*StepMetrics
	queues map[string]*QueueMetrics
}

type id struct{ name, version string }

const maxStatus = 600

// New returns the metrics of a server: its build, the Go runtime and the
// process, and whatever is added later.
func New(b Build) *Telemetry {
	t := &Telemetry{registry: prometheus.NewRegistry(), models: map[id]*ModelMetrics{}, steps: map[string]*StepMetrics{}, queues: map[string]*QueueMetrics{}}
	t.reloads.last.Store(time.Now().UnixNano())
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "leat_build_info",
		Help:        "The program that runs: always 1.",
		ConstLabels: prometheus.Labels{"version": b.Version, "commit": b.Commit, "go_version": runtime.Version()},
	}, func() float64 { return 1 })
	t.registry.MustRegister(info, t,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return t
}

// Gatherer gives the metrics to whoever writes them out.
func (t *Telemetry) Gatherer() prometheus.Gatherer { return t.registry }

// Registerer takes further metrics.
func (t *Telemetry) Registerer() prometheus.Registerer { return t.registry }

// Model returns the metrics of a model, the same for the same name and version:
// a model that is reloaded goes on where it was. version is "" where there is
// none.
func (t *Telemetry) Model(name, version string) *ModelMetrics {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := id{name, version}
	m := t.models[key]
	if m == nil {
		m = newModelMetrics(name, version)
		t.models[key] = m
	}
	return m
}

// Remove forgets a model and its series. Who still has its metrics may go on
// calling them, unheard.
func (t *Telemetry) Remove(name, version string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.models, id{name, version})
}

// Record implements [serve.Recorder]: it counts an inference that was served
// without ModelMetrics. For one request either Record is called or
// [ModelMetrics.End]. Records of models that Model was never called for are
// ignored.
func (t *Telemetry) Record(r serve.Record) {
	t.mu.RLock()
	m := t.models[id{r.Model, r.Version}]
	t.mu.RUnlock()
	if m == nil {
		return
	}
	code := serve.OK
	if r.Err != nil {
		code = serve.CodeOf(r.Err)
	}
	m.Begin()
	m.End(r.Op, code, r.Duration)
}

// Answered counts an HTTP answer.
func (t *Telemetry) Answered(status int) {
	if status < 0 || status >= maxStatus {
		status = 0
	}
	t.answers[status].Add(1)
}
