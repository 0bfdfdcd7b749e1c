package record

import (
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// A source is what serves inferences, as a [Log] knows it.
type source struct {
	by    *serve.Served
	entry []byte        // that names it in a chunk
	seen  atomic.Uint64 // inferences, for the sample

	// What follows is guarded by the lock of the queue.
	serial     uint64 // of the last chunk that names it
	number     int    // that it has there
	notes      *serve.Notes
	noteSerial uint64
	note       int
	batch      []byte // payloads of the rows
	rows       []row
	since      time.Time // when the batch was begun
}

func newSource(o *LogOptions, s *serve.Served) *source {
	e := appendText(nil, o.Function)
	e = appendText(appendText(e, o.Host), s.Graph)
	e = appendText(appendText(appendText(e, s.Model), s.Version), className(s.Class))
	return &source{by: s, entry: e}
}

func (s *source) size() int { return len(s.entry) }

// notesSize is about what notes take, at most.
func notesSize(n *serve.Notes) int {
	if n == nil {
		return 0
	}
	size := 0
	for name := range n.Metrics {
		size += 6*len(name) + 32
	}
	for name, v := range n.Labels {
		size += 6*(len(name)+len(v)) + 8
	}
	return size
}

// appendNotes appends what notes say as JSON.
func appendNotes(dst []byte, n *serve.Notes) []byte {
	var labels, metrics []byte
	if len(n.Labels) > 0 {
		labels = appendMap(n.Labels)
	}
	if len(n.Metrics) > 0 {
		metrics = appendMap(n.Metrics)
	}
	return appendText(appendText(dst, labels), metrics)
}

// appendMap is a map as JSON, its keys in order.
func appendMap[V any](m map[string]V) []byte {
	all := make(map[string]any, len(m))
	for name, v := range m {
		all[name] = v
	}
	text, err := oip.AppendValue(nil, all)
	if err != nil {
		return nil // it cannot be: they are numbers and texts
	}
	return text
}

// className is the last part of a class's name, which is what MLRun calls a class.
func className(class string) string {
	for i := len(class) - 1; i >= 0; i-- {
		if class[i] == '.' {
			return class[i+1:]
		}
	}
	return class
}
