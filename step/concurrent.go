package step

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// concurrent calls a function for up to max_in_flight events at a time, and
// passes them on in the order in which they came.
type concurrent struct {
	unary
	out
	concurrentConfig
	logger *slog.Logger

	crew  crew
	slots chan struct{}
	mu    sync.Mutex
	last  chan struct{} // closed when the last event that came has gone on
}

type concurrentConfig struct {
	common
	Fn        catalog.Func  `arg:"event_processor,process_event,fn,required"`
	InFlight  int           `arg:"max_in_flight"`
	Retries   int           `arg:"retries"`
	Backoff   time.Duration `arg:"backoff_factor"`
	Mechanism string        `arg:"concurrency_mechanism"`
	Ordered   bool          `arg:"ordered"`
}

// mechanisms are what storey runs a function on. Here that is a goroutine,
// whatever it is called.
var mechanisms = []string{
	"", "asyncio", "threading", "multiprocessing", "thread_pool", "process_pool",
	"dedicated_process", "shared_executor", "naive",
}

// longestBackoff is the longest pause before an attempt.
const longestBackoff = 2 * time.Minute

func newConcurrent(a catalog.Args) (serve.Step, error) {
	c := concurrentConfig{InFlight: 8, Backoff: time.Second, Ordered: true}
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	switch {
	case c.InFlight < 1 || c.InFlight > 1<<16:
		return nil, configError("max_in_flight", "must be between 1 and 65536, found %d", c.InFlight)
	case c.Retries < 0:
		return nil, configError("retries", "must not be negative, found %d", c.Retries)
	case !slices.Contains(mechanisms, c.Mechanism):
		return nil, configError("concurrency_mechanism", "must be one of %s, found %q", strings.Join(mechanisms[1:], ", "), c.Mechanism)
	}
	s := &concurrent{
		unary: unaryOf(a, c.Fn), concurrentConfig: c, logger: slog.New(slog.DiscardHandler),
		slots: make(chan struct{}, c.InFlight),
	}
	if a.Env != nil && a.Env.Logger != nil {
		s.logger = a.Env.Logger
	}
	return s, nil
}

// Do begins with the event. It waits while max_in_flight events are at work.
func (s *concurrent) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return serve.Pass, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, done := s.last, make(chan struct{})
	ok := s.crew.run(func(context.Context) {
		defer func() { <-s.slots }()
		s.work(ctx, ev, before)
		close(done)
	})
	if !ok {
		<-s.slots
		return serve.Pass, errClosed()
	}
	s.last = done
	return serve.Keep, nil
}

// work calls the function and passes the event on once the one before it has
// gone on.
func (s *concurrent) work(ctx context.Context, ev *serve.Event, before chan struct{}) {
	v, err := s.attempts(ctx, ev)
	if err == nil {
		err = s.put(ev, v)
	}
	if err != nil { // which needs no order
		s.links.End(ctx, ev, err)
	}
	if s.Ordered && before != nil {
		<-before
	}
	if err == nil {
		s.links.Emit(ctx, ev)
	}
}

func (s *concurrent) attempts(ctx context.Context, ev *serve.Event) (any, error) {
	pause := s.Backoff
	for attempt := 0; ; attempt++ {
		v, err := s.guarded(ctx, ev)
		if err == nil || attempt >= s.Retries || ctx.Err() != nil {
			return v, err
		}
		timer := time.NewTimer(min(pause, longestBackoff))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, err
		}
		if pause < longestBackoff {
			pause *= 2
		}
	}
}

// guarded is a call off the goroutine of the request, where nobody else would
// recover a panic.
func (s *concurrent) guarded(ctx context.Context, ev *serve.Event) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.logger.Error("function panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = serve.Errorf(serve.Internal, "", "the function panicked; the log has the details")
		}
	}()
	return s.call(ctx, ev)
}

// Close implements [serve.Closer]: it waits for the events at work.
func (s *concurrent) Close(ctx context.Context) error { return s.crew.close(ctx) }
