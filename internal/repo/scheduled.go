package repo

import (
	"runtime"

	"github.com/leat-ml/leat/internal/repo/foreign"
	"github.com/leat-ml/leat/schedule"
	"github.com/leat-ml/leat/serve"
)

// scheduled has requests get to the model as its model.yaml says: put together, or so
// many at a time.
func (m *Model) scheduled(f *folder) error {
	c := &m.Settings
	if c.Batching == nil && c.Instances == 0 {
		return nil
	}
	if _, twice := c.Parameters["workers"]; twice && c.Instances > 0 {
		return m.wrong(f, "instances", "instances says how many workers there are, and so does the parameter workers: keep one of them")
	}
	for i := range m.Versions {
		if v := &m.Versions[i]; v.Err == nil {
			v.plan = m.schedule(f, v.Runtime.Name)
			v.plan.Runtime = v.Runtime
		}
	}
	return nil
}

// schedule is how requests get to a model of a runtime.
func (m *Model) schedule(f *folder, name string) *foreign.Plan {
	c := &m.Settings
	p := &foreign.Plan{ModelInputs: c.Inputs, ModelOutputs: c.Outputs, OwnLimit: true}
	p.Wrong = func(format string, args ...any) error { return m.wrong(f, "batching", "batching: "+format, args...) }
	calls := c.Instances
	switch processes := name == "python" || name == "sklearn"; {
	case processes && c.Instances > 0:
		p.Parameters = map[string]any{"workers": int64(c.Instances)}
	case processes:
		calls = workers(c.Parameters)
	case calls == 0:
		calls = runtime.GOMAXPROCS(0)
	}
	p.Batch = &schedule.BatchOptions{Instances: calls}
	if b := c.Batching; b != nil {
		p.Batch.MaxRows, p.Batch.Delay, p.Batch.Preferred = b.MaxRows, b.Delay, b.Preferred
		p.Batch.Policy = schedule.Policy{Timeout: b.Timeout, MaxSize: b.MaxQueue}
	}
	return p
}

// workers is how many processes the parameters of a model in Python ask for. A value
// that is wrong is its runtime's to refuse.
func workers(parameters map[string]any) int {
	n, ok := serve.Number64(parameters["workers"])
	if !ok || n < 1 || n > 1<<16 {
		return 1
	}
	return int(n)
}
