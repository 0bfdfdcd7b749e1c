package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/leat-ml/leat/internal/config/document"
)

// Batching says how requests to a model are put together.
type Batching struct {
	MaxRows   int           // of a batch; 2 or more
	Delay     time.Duration // how long a request waits for others to come
	Preferred []int         // numbers of rows that a batch goes with at once
	MaxQueue  int           // requests that may wait; 0 is any number
	Timeout   time.Duration // how long a request may wait; 0 is any time
}

// Bounds of what can be meant.
const (
	maxBatchRows = 1 << 20
	maxPreferred = 64
	maxInstances = 1024
	maxDelay     = time.Minute
	maxTimeout   = 24 * time.Hour
)

// batching reads the key of a model.yaml. An empty mapping is a mistake: max_rows says
// that there are to be batches.
func (r *reader) batching(f *document.Field) *Batching {
	if f.Value.Kind == document.Null {
		return nil
	}
	b := &Batching{}
	before := len(r.problems)
	r.mapping(f.Value, "batching", keys{
		"max_rows":  r.between(&b.MaxRows, 2, maxBatchRows),
		"delay":     r.duration(&b.Delay, maxDelay),
		"preferred": func(f *document.Field) { b.Preferred = r.preferred(f) },
		"max_queue": r.between(&b.MaxQueue, 1, maxBatchRows),
		"timeout":   r.duration(&b.Timeout, maxTimeout),
	})
	switch {
	case len(r.problems) > before:
	case b.MaxRows == 0:
		r.problem(f.Value.Pos, "batching has no max_rows, the most rows that a batch may have")
	case b.Timeout > 0 && b.Timeout <= b.Delay:
		r.problem(f.Value.Field("timeout").Value.Pos, "timeout is %v, and no request that waits its delay of %v would be served", b.Timeout, b.Delay)
	case len(b.Preferred) > 0 && slices.Max(b.Preferred) > b.MaxRows:
		r.problem(f.Value.Field("preferred").Value.Pos, "preferred has %d rows in it, but max_rows is %d", slices.Max(b.Preferred), b.MaxRows)
	}
	return b
}

// preferred reads numbers of rows.
func (r *reader) preferred(f *document.Field) []int {
	switch {
	case f.Value.Kind == document.Null:
		return nil
	case f.Value.Kind != document.List, len(f.Value.Items) > maxPreferred:
		r.wrong(f, fmt.Sprintf("a list of up to %d numbers of rows", maxPreferred))
		return nil
	}
	var all []int
	for _, item := range f.Value.Items {
		n, ok := item.Value().(int64)
		if !ok || n < 1 || n > maxBatchRows {
			r.problem(item.Pos, "preferred must list numbers of rows from 1 to %d, found %s", maxBatchRows, item.Describe())
			continue
		}
		all = append(all, int(n))
	}
	return all
}

// between reads a whole number of a range.
func (r *reader) between(dst *int, least, most int) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Kind == document.Null {
			return
		}
		n, ok := f.Value.Value().(int64)
		if !ok || n < int64(least) || n > int64(most) {
			r.wrong(f, fmt.Sprintf("a number from %d to %d", least, most))
			return
		}
		*dst = int(n)
	}
}

// duration reads a time with its unit.
func (r *reader) duration(dst *time.Duration, most time.Duration) func(*document.Field) {
	return func(f *document.Field) {
		if f.Value.Kind == document.Null {
			return
		}
		d, err := time.ParseDuration(f.Value.Text)
		if f.Value.Kind != document.String || err != nil || d < 0 {
			r.wrong(f, "a time with its unit, such as 2ms or 1s")
			return
		}
		if d > most {
			r.problem(f.Value.Pos, "%s is %v, which is more than %v", f.Key, d, most)
			return
		}
		*dst = d
	}
}
