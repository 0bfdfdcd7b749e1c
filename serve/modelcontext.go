package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"sync"
	"sync/atomic"
)

// A ModelContext is what a model may know of the server around it. A model
// gets it in Load and may keep it. It is safe for concurrent use.
type ModelContext struct {
	Name    string
	Version string // "" for a model without versions
	Path    string // where the model's files are: a file, a folder or a store URI
	Logger  *slog.Logger
	// WorkerID is the index of the worker process; 0 in this process.
	WorkerID int
	Verbose  bool
	// Mock says that no endpoint record and no stream is behind the server.
	Mock    bool
	Project string

	opts ModelOptions

	mu       sync.Mutex
	artifact *Artifact // once it is known
	notes    atomic.Pointer[Notes]
}

// ModelOptions are what the model server hands to [NewModelContext].
type ModelOptions struct {
	Args   map[string]any // of the step: class_args
	Params map[string]any // of the server
	Open   func(ctx context.Context, path, suffix string) (*Artifact, error)
	Labels map[string]string
	Models Models // nil where there are no others
	Python Python
}

// NewModelContext fills in what the model server knows beside the exported
// fields, which the caller sets before anyone else sees the context.
func NewModelContext(o ModelOptions) *ModelContext {
	m := &ModelContext{Logger: slog.New(slog.DiscardHandler), opts: o}
	m.notes.Store(&Notes{Labels: maps.Clone(o.Labels)})
	return m
}

// Param returns the parameter named key: from the model's artifact once it is
// opened, else from the step's arguments, else from the server's parameters.
func (m *ModelContext) Param(key string) (v any, ok bool) {
	m.mu.Lock()
	v, ok = m.parameters()[key]
	m.mu.Unlock()
	if ok {
		return v, true
	}
	if v, ok = m.opts.Args[key]; ok {
		return v, true
	}
	v, ok = m.opts.Params[key]
	return v, ok
}

// Param returns the parameter named key as a T, def when nobody set it, and an
// error when it is set to something that is no T. Whole numbers do for floats,
// and floats without a fraction for integers.
func Param[T string | bool | int | int64 | float64 | []any | map[string]any](m *ModelContext, key string, def T) (T, error) {
	v, ok := m.Param(key)
	if !ok || v == nil {
		return def, nil
	}
	if t, ok := v.(T); ok {
		return t, nil
	}
	var out T
	f, isNumber := Number64(v)
	switch p := any(&out).(type) {
	case *float64:
		*p = f
	case *int:
		*p, isNumber = int(f), isNumber && f == math.Trunc(f) && math.Abs(f) < 1<<53
	case *int64:
		*p, isNumber = int64(f), isNumber && f == math.Trunc(f) && math.Abs(f) < 1<<53
	default:
		isNumber = false
	}
	if !isNumber {
		return def, fmt.Errorf("model %s: parameter %s is %v (%T), not a %T", m.Name, key, v, v, def)
	}
	return out, nil
}

// SetMetric records a value beside every later inference of the model.
func (m *ModelContext) SetMetric(name string, value float64) {
	m.note(func(n *Notes) { n.Metrics = with(n.Metrics, name, value) })
}

// SetLabel labels every later record of the model.
func (m *ModelContext) SetLabel(key, value string) {
	m.note(func(n *Notes) { n.Labels = with(n.Labels, key, value) })
}

func (m *ModelContext) note(change func(*Notes)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	next := *m.notes.Load()
	change(&next)
	m.notes.Store(&next)
}

// with returns a copy of a map with one more entry.
func with[V any](m map[string]V, key string, v V) map[string]V {
	next := make(map[string]V, len(m)+1)
	maps.Copy(next, m)
	next[key] = v
	return next
}

// Python is how the spec has models run that are programs in Python.
func (m *ModelContext) Python() Python { return m.opts.Python }

// Models are those of the server; nil where a model cannot ask others.
func (m *ModelContext) Models() Models { return m.opts.Models }

// Snapshot returns the metrics and labels as they are now.
func (m *ModelContext) Snapshot() *Notes { return m.notes.Load() }

// GetModel opens the model's artifact: the file that Path names, the one whose
// name ends in suffix in a folder, or the one that a model_spec.yaml names.
// From then on the artifact's parameters come before the step's. MLRun's name.
func (m *ModelContext) GetModel(ctx context.Context, suffix string) (*Artifact, error) {
	if m.opts.Open == nil {
		return nil, errors.New("open the model: this server has no artifact store")
	}
	a, err := m.opts.Open(ctx, m.Path, suffix)
	if err != nil {
		return nil, err // says what was opened
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.artifact = a
	return a, nil
}

// Artifact is what GetModel has opened last; nil until then.
func (m *ModelContext) Artifact() *Artifact {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.artifact
}

// parameters are those of the artifact. The lock is held.
func (m *ModelContext) parameters() map[string]any {
	if m.artifact == nil {
		return nil
	}
	return m.artifact.Parameters
}

// Params returns all parameters as [ModelContext.Param] finds them. The map is
// the caller's.
func (m *ModelContext) Params() map[string]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := maps.Clone(m.opts.Params)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, m.opts.Args)
	maps.Copy(all, m.parameters())
	return all
}
