package step

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// batch makes one event of several: its body is the list of theirs, and its
// answer is the answer of each. A batch goes on when it has max_events, when its
// first event has waited for flush_after_seconds, and when the step is closed.
type batch struct {
	out
	batchConfig
	whole bool
	input string

	crew   crew
	mu     sync.Mutex
	open   map[string]*group // by key
	oldest list.List         // of the open groups
	ready  []*group          // in the order in which they go on
	going  int               // goroutines that send them
	held   int               // events in all of them
	room   chan struct{}     // closed when held falls; made by who waits
	last   bool              // nobody else will come: see Drain
	closed bool
}

type batchConfig struct {
	common
	MaxEvents int           `arg:"max_events"`
	After     time.Duration `arg:"flush_after_seconds"`
	Key       grouping      `arg:"key_field,key"`
	DropKey   bool          `arg:"drop_key_field"`
	FullEvent bool          `arg:"full_event"` // bodies are what is batched, whatever it says
	InFlight  int           `arg:"max_in_flight"`
	MaxHeld   int           `arg:"max_held"`
}

// A group is the events of a batch to be.
type group struct {
	key    string
	events []*serve.Event
	bodies []any
	timer  *time.Timer
	place  *list.Element // among the open groups; nil once it is ready
}

func newBatch(a catalog.Args) (serve.Step, error) {
	c := batchConfig{InFlight: 1, MaxHeld: 8192}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	switch {
	case a.ResultPath != "":
		return nil, configError("result_path", "means nothing to a Batch: what goes on is a list, and no longer one event's body")
	case c.MaxEvents < 0:
		return nil, configError("max_events", "must be a positive integer, found %d", c.MaxEvents)
	case c.MaxEvents == 0 && c.After == 0:
		return nil, configError("max_events", "or flush_after_seconds is needed, at least one of them")
	case c.InFlight < 1:
		return nil, configError("max_in_flight", "may not be less than 1 (got %d)", c.InFlight)
	case c.MaxHeld < max(1, c.MaxEvents):
		return nil, configError("max_held", "must be at least max_events, found %d", c.MaxHeld)
	}
	s := &batch{batchConfig: c, whole: a.FullEvent, input: a.InputPath, open: map[string]*group{}}
	return s, nil
}

// OwnPaths tells the engine that input_path is what is batched of each body.
func (s *batch) OwnPaths() bool { return true }

// Do adds the event to its batch. It waits while max_held events are on their
// way.
func (s *batch) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	key, err := s.Key.of(ctx, ev, s.input, s.whole)
	if err != nil {
		return serve.Pass, err
	}
	body, err := view(ev.Body, s.input)
	if err != nil {
		return serve.Pass, err
	}
	if o, ok := object(body); ok && s.DropKey {
		body = without(o, s.Key.fields)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.makeRoom(ctx); err != nil {
		return serve.Pass, err
	}
	s.add(key, ev, body)
	return serve.Keep, nil
}

// makeRoom waits until there is room for one more event. Where it is taken by
// batches that are not full, the oldest of them goes on early. The lock is held,
// but not while it waits.
func (s *batch) makeRoom(ctx context.Context) error {
	for !s.closed && s.held >= s.MaxHeld {
		if s.oldest.Len() > 0 && len(s.ready) == 0 {
			s.seal(s.oldest.Front().Value.(*group))
		}
		if s.room == nil {
			s.room = make(chan struct{})
		}
		room := s.room
		s.mu.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		s.mu.Lock()
		if err != nil {
			return err
		}
	}
	if s.closed {
		return errClosed()
	}
	return nil
}

func (s *batch) add(key string, ev *serve.Event, body any) {
	g := s.open[key]
	if g == nil {
		g = &group{key: key}
		g.place = s.oldest.PushBack(g)
		s.open[key] = g
		if s.After > 0 {
			g.timer = time.AfterFunc(s.After, func() { s.expire(g) })
		}
	}
	g.events, g.bodies = append(g.events, ev), append(g.bodies, body)
	s.held++
	if len(g.events) == s.MaxEvents || s.last {
		s.seal(g)
	}
}

// expire is when a group has waited long enough.
func (s *batch) expire(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.place != nil {
		s.seal(g)
	}
}

// seal makes an open group ready to go on. The lock is held.
func (s *batch) seal(g *group) {
	if g.timer != nil {
		g.timer.Stop()
	}
	s.oldest.Remove(g.place)
	g.place = nil
	delete(s.open, g.key)
	s.ready = append(s.ready, g)
	if s.going < s.InFlight && s.crew.run(s.send) {
		s.going++
	}
}

// send sends batches on until none is ready.
func (s *batch) send(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.going-- }()
	for len(s.ready) > 0 {
		g := s.ready[0]
		s.ready[0] = nil
		s.ready = s.ready[1:]
		s.mu.Unlock()
		header := traces(g.events)
		joined := serve.Join(g.events)
		joined.Header = header
		joined.Key, joined.Body = g.key, serve.ValueBody(g.bodies)
		n := len(g.events)
		s.links.Emit(ctx, joined)
		s.mu.Lock()
		s.held -= n
		if s.room != nil {
			close(s.room)
			s.room = nil
		}
	}
}

// traces is a header that names the traces of events, for the one that they
// become; nil where they are in none.
func traces(evs []*serve.Event) serve.Header {
	const field = "Traceparent"
	var all []string
	for _, ev := range evs {
		all = append(all, ev.Header[field]...)
	}
	if all == nil {
		return nil
	}
	return serve.Header{field: all}
}

// Drain says that the graph lets nobody in any more: what waits for company goes
// on, and what still comes goes on at once. Requests that the step holds end then,
// so that a graph can wait for them before it closes its steps.
func (s *batch) Drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = true
	s.sealAll()
}

func (s *batch) sealAll() {
	for s.oldest.Len() > 0 {
		s.seal(s.oldest.Front().Value.(*group))
	}
}

// Close implements [serve.Closer]: it sends on what there is, and waits for it.
func (s *batch) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.sealAll()
	if s.room != nil { // those who wait find it closed
		close(s.room)
		s.room = nil
	}
	s.mu.Unlock()
	return s.crew.close(ctx)
}

// without are the fields of an object but some.
func without(o *serve.Object, names []string) *serve.Object {
	kept := make([]serve.Field, 0, o.Len())
	for _, f := range o.Fields() {
		drop := false
		for _, name := range names {
			drop = drop || f.Key == name
		}
		if !drop {
			kept = append(kept, f)
		}
	}
	return serve.NewObject(kept...)
}
