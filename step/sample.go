package step

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// sample passes one event of every window_size, the first or the last, and
// filters the others.
type sample struct {
	links serve.Links
	by    grouping
	whole bool
	input string
	size  int
	pass  int // which of the events of a window passes, from 1
	flush bool

	mu     sync.Mutex
	count  int
	counts table[int] // where events are grouped
	last   *serve.Event
}

// OwnPaths tells the engine that input_path is where the key is found.
func (s *sample) OwnPaths() bool { return true }

type sampleConfig struct {
	Size    int      `arg:"window_size,required"`
	Period  period   `arg:"emit_period"`
	Flush   bool     `arg:"emit_before_termination"`
	Key     grouping `arg:"key,key_field"`
	MaxKeys int      `arg:"max_keys"`
}

// A period is which event of a window passes.
type period struct{ last bool }

// DecodeArg implements [args.Value]: "first" or "last", and the names and numbers
// of storey's EmitPeriod.
func (p *period) DecodeArg(_ args.Decoder, v any) error {
	text := strings.ToLower(fmt.Sprint(v))
	switch strings.TrimPrefix(text, "emitperiod.") {
	case "first", "1":
		return nil
	case "last", "2":
		p.last = true
		return nil
	}
	return fmt.Errorf("must be first or last, found %s", args.Describe(v))
}

func newSample(a catalog.Args) (serve.Step, error) {
	c := sampleConfig{MaxKeys: maxKeys}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	if c.Size < 2 {
		return nil, configError("window_size", "must be larger than 1, found %d", c.Size)
	}
	if c.MaxKeys < 1 {
		return nil, configError("max_keys", "must be at least 1, found %d", c.MaxKeys)
	}
	s := &sample{by: c.Key, whole: a.FullEvent, input: a.InputPath, size: c.Size, pass: 1, flush: c.Flush}
	s.counts.max = c.MaxKeys
	if c.Period.last {
		s.pass = c.Size
	}
	if !s.flush {
		return s, nil
	}
	return &flushedSample{s}, nil
}

func (s *sample) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	key, err := s.by.of(ctx, ev, s.input, s.whole)
	if err != nil {
		return serve.Pass, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	count := &s.count
	if !s.by.none() && (key != "" || s.by.attribute != "key") { // events without a key count together
		count, _ = s.counts.at(key)
	}
	*count++
	passes := *count == s.pass
	if *count == s.size {
		*count = 0
	}
	if passes {
		s.last = nil
		return serve.Pass, nil
	}
	if s.flush {
		s.last = ev.Detach()
	}
	return serve.Drop, nil
}

// flushedSample passes the last event that it filtered on when it is closed:
// emit_before_termination. The event's request has been answered before.
type flushedSample struct{ *sample }

// Link implements [serve.Linker].
func (s flushedSample) Link(l serve.Links) error {
	s.links = l
	return nil
}

// Close implements [serve.Closer].
func (s flushedSample) Close(ctx context.Context) error {
	s.mu.Lock()
	last := s.last
	s.last = nil
	s.mu.Unlock()
	if last != nil {
		s.links.Emit(ctx, last)
	}
	return nil
}
