package record

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/leat-ml/leat/serve"
)

// LogOptions are how the inferences of a server are recorded.
type LogOptions struct {
	Function string // its URI
	Host     string // "" means the name of this machine
	Sample   int    // of the inferences of a model, every so many are recorded; 0 means 1
	Batch    int    // so many inferences of a model go as one record; 0 means 1
	Verbose  bool   // failures have the traceback of the code that failed
}

// A Log records the inferences of a server. It is a [serve.Recorder]: safe for
// concurrent use, and nothing in it waits.
type Log struct {
	LogOptions
	pusher  *Pusher
	sources sync.Map               // *serve.Served to *source
	only    atomic.Pointer[source] // the first of them: most servers have one model
}

// Log returns what records inferences by way of the pusher. It may be used before
// Start and after Close of the pusher: what comes too late is dropped and counted.
func (p *Pusher) Log(o LogOptions) *Log {
	o.Sample, o.Batch = max(1, o.Sample), max(1, o.Batch)
	if o.Host == "" {
		o.Host, _ = os.Hostname() // "" is as good as any
	}
	return &Log{LogOptions: o, pusher: p}
}

// nobody has served a record that names nobody.
var nobody serve.Served

// scratches are for payloads.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// Record implements [serve.Recorder]. Of the inferences of a model every so many are
// recorded, the first of them being the one of that number; failures are always.
func (l *Log) Record(r serve.Record) {
	if r.Served == nil {
		r.Served = &nobody
	}
	s := l.source(r.Served)
	weight := 1
	if r.Err == nil && l.Sample > 1 {
		if s.seen.Add(1)%uint64(l.Sample) != 0 {
			return
		}
		weight = l.Sample
	}
	if r.Err != nil && l.Verbose {
		r.Err = traced(r.Err)
	}
	scratch := scratches.Get().(*[]byte)
	payload := appendPayload((*scratch)[:0], &r, weight)
	if r.Err == nil && l.Batch > 1 {
		l.pusher.queue.gather(s, r.Notes, r.Start.UnixMicro(), payload, l.Batch, r.Start.Add(r.Duration))
	} else {
		l.pusher.queue.add(s, r.Notes, r.Start.UnixMicro(), payload)
	}
	if cap(payload) <= chunkSize {
		*scratch = payload
		scratches.Put(scratch)
	}
}

// traced is an error with the traceback of the code that failed below it, if there
// is one: what MLRun records where a spec is verbose.
func traced(err error) error {
	var t interface{ Traceback() string }
	if !errors.As(err, &t) || t.Traceback() == "" {
		return err
	}
	return fmt.Errorf("%s\n%s", serve.Reason(err), t.Traceback())
}

func (l *Log) source(by *serve.Served) *source {
	if s := l.only.Load(); s != nil && s.by == by {
		return s
	}
	if s, ok := l.sources.Load(by); ok {
		return s.(*source)
	}
	s, _ := l.sources.LoadOrStore(by, newSource(&l.LogOptions, by))
	l.only.CompareAndSwap(nil, s.(*source))
	return s.(*source)
}

var _ serve.Recorder = (*Log)(nil)
