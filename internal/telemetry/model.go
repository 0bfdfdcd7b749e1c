package telemetry

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/serve"
)

// codes are the values of the label "code", in the order of serve.Code from
// serve.OK on.
var codes = [...]string{
	"ok", "internal", "bad_request", "unauthenticated", "forbidden", "not_found", "wrong_method", "not_yet",
	"too_large", "unsupported", "limited", "not_offered", "unavailable", "timeout", "canceled",
}

// operations are those that every model may have. Others are added when a model
// has served them.
var operations = [...]string{"infer", "predict", "explain", "infer_dict", "predict_dict", "ready", "metadata"}

const (
	otherOperation = "other"
	// maxCustom is the number of operations of its own that a model may have
	// labels for.
	maxCustom = 16
)

// ModelMetrics are the metrics of one model. They are safe for concurrent use.
type ModelMetrics struct {
	name, version string
	created       time.Time

	begun   atomic.Uint64
	marked  atomic.Int64 // when the first request that has ended since the last Usage began, ns since 1970; 0 for none
	last    atomic.Int64 // when the last request that has ended began
	latency histogram
	failed  atomic.Int64                // of the time in latency, what requests took that failed, ns
	ops     atomic.Pointer[[]*opCounts] // grows only
	batches batches

	mu       sync.Mutex // guards what follows, and growing ops
	state    string     // "" is unknown
	loadTime time.Duration
}

// opCounts counts the requests of one operation by their outcome.
type opCounts struct {
	op     string
	byCode [len(codes)]atomic.Uint64
}

func newModelMetrics(name, version string) *ModelMetrics {
	m := &ModelMetrics{name: name, version: version, created: time.Now()}
	ops := make([]*opCounts, 0, len(operations)+1)
	for _, op := range operations {
		ops = append(ops, &opCounts{op: op})
	}
	ops = append(ops, &opCounts{op: otherOperation})
	m.ops.Store(&ops)
	return m
}

// Begin counts a request that has come. Every Begin is followed by one End.
func (m *ModelMetrics) Begin() { m.begun.Add(1) }

// End counts a request that has been served in d with the outcome code,
// [serve.OK] for success. op is the operation; "" is "metadata".
func (m *ModelMetrics) End(op string, code serve.Code, d time.Duration) {
	m.EndAt(op, code, time.Now().Add(-d), d)
}

// EndAt is End of a request that began at start.
func (m *ModelMetrics) EndAt(op string, code serve.Code, start time.Time, d time.Duration) {
	i := int(code - serve.OK)
	if i < 0 || i >= len(codes) {
		i = int(serve.Internal - serve.OK)
	}
	m.operation(op, i == 0).byCode[i].Add(1)
	m.latency.observe(d)
	if i != 0 {
		m.failed.Add(int64(d))
	}
	at := start.UnixNano()
	m.last.Store(at)
	if m.marked.Load() == 0 {
		m.marked.CompareAndSwap(0, at)
	}
}

// operation finds the counts of op. served says that the model has it: clients
// can ask for any name.
func (m *ModelMetrics) operation(op string, served bool) *opCounts {
	if op == "" {
		op = "metadata"
	}
	ops := *m.ops.Load()
	for _, c := range ops {
		if c.op == op {
			return c
		}
	}
	if served {
		return m.addOperation(op)
	}
	return ops[len(operations)] // other
}

func (m *ModelMetrics) addOperation(op string) *opCounts {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := *m.ops.Load()
	for _, c := range old {
		if c.op == op {
			return c
		}
	}
	if len(old) > len(operations)+maxCustom {
		return old[len(operations)] // other
	}
	added := &opCounts{op: op}
	ops := slices.Concat(old, []*opCounts{added}) // readers have the old one
	m.ops.Store(&ops)
	return added
}

// inFlight is the number of requests that have begun and not ended.
func (m *ModelMetrics) inFlight() int64 {
	ended := uint64(0)
	for _, o := range *m.ops.Load() {
		for i := range o.byCode {
			ended += o.byCode[i].Load()
		}
	}
	return int64(m.begun.Load() - ended) // read last: whatever has ended has begun
}

// SetState tells the model's state, "READY" for example.
func (m *ModelMetrics) SetState(state string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = state
}

// SetLoadTime tells how long the last loading of the model took.
func (m *ModelMetrics) SetLoadTime(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadTime = d
}
