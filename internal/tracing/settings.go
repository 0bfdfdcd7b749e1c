package tracing

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/serve"
)

// The names of settings, which are Triton's (docs/protocol/extension_trace.md).
const (
	keyFile      = "trace_file"
	keyLevel     = "trace_level"
	keyRate      = "trace_rate"
	keyCount     = "trace_count"
	keyFrequency = "log_frequency"
)

// The levels of traces. Spans are all that is traced: what Triton calls TENSORS is
// not.
const (
	levelOff        = "OFF"
	levelTimestamps = "TIMESTAMPS"
)

// Settings choose the requests that are traced, for all models and for single
// ones: what is not set for a model is as it is for all. It is safe for concurrent
// use.
type Settings struct {
	collects bool // there is a collector
	mu       sync.Mutex
	chosen   atomic.Pointer[choices]
}

// choices are the settings at one time. They are not changed but replaced; the
// counters in them are shared with those before.
type choices struct {
	all    choice // every member is set
	models map[string]choice
}

// A choice is the settings of one model, or of all. What is nil is not set.
type choice struct {
	level *string
	rate  *rate
	count *count
}

// A rate takes one request of so many; of 0 none.
type rate struct {
	every uint64
	seen  atomic.Uint64
}

// A count is how many traces are still begun; less than 0 is any number.
type count struct{ left atomic.Int64 }

func newRate(every uint64) *rate { return &rate{every: every} }

func newCount(left int64) *count {
	c := &count{}
	c.left.Store(left)
	return c
}

// NewSettings returns the settings of a server that begins: every request is
// traced if there is a collector, else none.
func NewSettings(collector bool) *Settings {
	s := &Settings{collects: collector}
	s.chosen.Store(&choices{all: s.first()})
	return s
}

// Collects says whether there is a collector: without one the level is OFF.
func (s *Settings) Collects() bool { return s.collects }

// first are the settings at the start.
func (s *Settings) first() choice {
	level := levelOff
	if s.collects {
		level = levelTimestamps
	}
	return choice{&level, newRate(1), newCount(-1)}
}

// or is the choice with what it leaves open from others.
func (c choice) or(others choice) choice {
	if c.level == nil {
		c.level = others.level
	}
	if c.rate == nil {
		c.rate = others.rate
	}
	if c.count == nil {
		c.count = others.count
	}
	return c
}

func (c *choices) of(model string) choice {
	if one, ok := c.models[model]; ok {
		return one.or(c.all)
	}
	return c.all
}

// A request is what settings choose by: the model that it is for, "" for none,
// whether it is part of a caller's trace, and whether it asks for an inference or
// something of a graph, and not about the server and its models.
type request struct {
	model             string
	continues, serves bool
}

// take says whether a request is traced. One that is part of a caller's trace is as
// long as there are traces at all, as Triton has it: rate and count are about traces
// that begin here. They count what is served; what is asked beside that is traced
// if everything is.
func (s *Settings) take(r request) bool {
	c := s.chosen.Load().of(r.model)
	switch {
	case *c.level == levelOff:
		return false
	case r.continues:
		return true
	case !r.serves:
		return c.rate.every == 1 && c.count.left.Load() < 0
	}
	return c.rate.take() && c.count.take()
}

func (r *rate) take() bool {
	return r.every == 1 || r.every > 1 && r.seen.Add(1)%r.every == 0
}

func (c *count) take() bool {
	for {
		left := c.left.Load()
		if left <= 0 {
			return left < 0
		}
		if c.left.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// Fields are the settings for a model by their names, for all of them if it is "".
// trace_count is what is left of it; nothing is written to files.
func (s *Settings) Fields(model string) []serve.Field {
	c := s.chosen.Load().of(model)
	return []serve.Field{
		{Key: keyFile, Value: ""},
		{Key: keyLevel, Value: []any{*c.level}},
		{Key: keyRate, Value: strconv.FormatUint(c.rate.every, 10)},
		{Key: keyCount, Value: strconv.FormatInt(c.count.left.Load(), 10)},
		{Key: keyFrequency, Value: "0"},
	}
}

// Change sets what is named, or nothing if there is an error. Without values a
// setting is cleared: that of a model is as it is for all again, that of all what
// it was at the start. A rate and a count begin anew when they are set.
func (s *Settings) Change(model string, to map[string][]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.chosen.Load()
	c := now.models[model]
	if model == "" {
		c = now.all
	}
	for key, values := range to {
		if err := s.set(&c, key, values); err != nil {
			return err
		}
	}
	if model == "" {
		s.chosen.Store(&choices{all: c.or(s.first()), models: now.models})
		return nil
	}
	models := maps.Clone(now.models)
	if models == nil {
		models = map[string]choice{}
	}
	if models[model] = c; c == (choice{}) {
		delete(models, model)
	}
	s.chosen.Store(&choices{all: now.all, models: models})
	return nil
}
