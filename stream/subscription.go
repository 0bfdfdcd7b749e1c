package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A Handler is called for every message of a group. When it returns nil the
// message is acknowledged; when it returns an error it is called again, and in
// the end the message is a dead letter. ctx ends when the subscription is closed
// and cannot wait any longer: what fails then is delivered again later.
type Handler func(ctx context.Context, d *Delivery) error

// SubscribeOptions are how a group is read. nil, and the zero value, mean the
// defaults.
type SubscribeOptions struct {
	// Workers are how many messages are handled at a time; 0 means 1, in the
	// order of the stream. With more, messages of one key keep their order.
	Workers  int
	Prefetch int // messages that are fetched at a time; 0 means 32
	Latest   bool
	// Attempts are how often a message is handled before it is a dead letter; 0
	// means 4. Messages behind it, of its key where it has one and there are
	// several workers, wait.
	Attempts   int
	Backoff    time.Duration // before the second attempt, doubled for each further one; 0 means 100 ms
	MaxBackoff time.Duration // 0 means 30 s
	// Dead takes a dead letter, with the error and how often it was tried. Until
	// it returns nil it is called again, so that no message is lost. nil means
	// that dead letters are only logged and counted.
	Dead   func(ctx context.Context, d *Delivery, err error, attempts int) error
	Logger *slog.Logger // nil tells nobody
}

// A Subscription is a member of a consumer group at work.
type Subscription struct {
	topic   *Topic
	group   string
	handler Handler
	o       SubscribeOptions
	reader  driver.Reader

	receiving context.Context //nolint:containedctx // of Receive: ends when the subscription does
	stop      context.CancelFunc
	handling  context.Context //nolint:containedctx // of handlers: ends when Close cannot wait
	abandon   context.CancelFunc
	work      lanes
	workers   sync.WaitGroup
	closing   sync.Once
	closed    error
	delivered atomic.Int64
	dead      atomic.Int64
	retried   atomic.Int64
	returned  atomic.Int64
}

// A Ledger says what became of the messages of a subscription.
type Ledger struct {
	Delivered int64 // handled and acknowledged
	Dead      int64 // given up
	Retried   int64 // attempts that failed and were followed by another
	Returned  int64 // given back unhandled
}

// Subscribe joins a group and begins to handle its messages.
func (t *Topic) Subscribe(ctx context.Context, group string, h Handler, o *SubscribeOptions) (*Subscription, error) {
	s := &Subscription{topic: t, group: group, handler: h}
	if o != nil {
		s.o = *o
	}
	s.o.Workers = cmp.Or(s.o.Workers, 1)
	s.o.Prefetch = cmp.Or(s.o.Prefetch, 32)
	s.o.Attempts = cmp.Or(s.o.Attempts, 4)
	s.o.Backoff = cmp.Or(s.o.Backoff, 100*time.Millisecond)
	s.o.MaxBackoff = cmp.Or(s.o.MaxBackoff, 30*time.Second)
	if s.o.Logger == nil {
		s.o.Logger = slog.New(slog.DiscardHandler)
	}
	r, err := t.s.Subscribe(ctx, group, driver.ReadOptions{Latest: s.o.Latest})
	if err != nil {
		return nil, fmt.Errorf("subscribe group %s to %s: %w", group, t.name, err)
	}
	s.reader = r
	s.receiving, s.stop = context.WithCancel(context.Background())
	s.handling, s.abandon = context.WithCancel(context.Background())
	s.work.init(s.fetch, s.o.Prefetch, s.o.Workers > 1)
	for range s.o.Workers {
		s.workers.Go(s.run)
	}
	return s, nil
}

// Ledger says what became of the messages so far.
func (s *Subscription) Ledger() Ledger {
	return Ledger{
		Delivered: s.delivered.Load(), Dead: s.dead.Load(),
		Retried: s.retried.Load(), Returned: s.returned.Load(),
	}
}

// A worker is a goroutine of a subscription.
type worker struct {
	*Subscription
	settlement [1]driver.Settlement
	within     bool    // a message that is several: it is acknowledged as a whole
	last       Outcome // of a message within
}

// run is a worker.
func (s *Subscription) run() {
	w := &worker{Subscription: s}
	for {
		d := s.work.next()
		if d == nil {
			return
		}
		key := d.Key // the wrapper may have another
		w.handle(d)
		*d = Delivery{} // the body may be large
		s.work.free(key)
	}
}

// fetch fills dst. It returns false when the subscription ends. A backend that
// fails is asked again.
func (s *Subscription) fetch(dst []Delivery) (int, bool) {
	for wait := s.o.Backoff; ; wait = min(2*wait, s.o.MaxBackoff) {
		n, err := s.reader.Receive(s.receiving, dst)
		switch {
		case err == nil && n > 0:
			return n, true
		case errors.Is(err, io.EOF), s.receiving.Err() != nil:
			return 0, false
		case err != nil:
			s.o.Logger.Error("a stream cannot be read; trying again", "stream", s.topic.name, "group", s.group, "error", err)
		}
		if pause(s.receiving, jitter(wait)) != nil {
			return 0, false
		}
	}
}

// handle calls the handler until it is done with a message or gives up.
func (w *worker) handle(d *Delivery) {
	if w.handling.Err() != nil || w.receiving.Err() != nil {
		w.settle(d, Returned, 0)
		return
	}
	if err := w.decode(d); err != nil {
		w.bury(d, err, 1)
		return
	}
	parts, err := w.topic.unpack(d.Message)
	switch {
	case err != nil:
		w.bury(d, err, 1)
	case parts != nil:
		w.handleParts(d, parts)
	default:
		w.deliver(d)
	}
}

// deliver calls the handler until it is done with a message that is one.
func (w *worker) deliver(d *Delivery) {
	wait := w.o.Backoff
	for attempt := 1; ; attempt++ {
		took, err := w.call(d)
		switch {
		case err == nil:
			w.settle(d, Delivered, took)
			return
		case w.handling.Err() != nil:
			w.settle(d, Returned, took)
			return
		case attempt >= w.o.Attempts || driver.IsPermanent(err):
			w.bury(d, err, attempt)
			return
		}
		w.observe(Retried, took)
		if pause(w.receiving, jitter(wait)) != nil { // later, by another
			w.settle(d, Returned, 0)
			return
		}
		wait = min(2*wait, w.o.MaxBackoff)
	}
}

// call times the handler where somebody wants to know.
func (s *Subscription) call(d *Delivery) (took time.Duration, err error) {
	if s.topic.o.Observer == nil || s.topic.traits.Local {
		return 0, s.handler(s.handling, d)
	}
	start := time.Now()
	err = s.handler(s.handling, d)
	return time.Since(start), err
}

// decode takes the wrapper off that MLRun's queues put around an event.
func (s *Subscription) decode(d *Delivery) error {
	if d.Value != nil || !driver.IsWrapped(d.Body) {
		return nil
	}
	m, err := driver.Unwrap(d.Body)
	if err != nil {
		return nil //nolint:nilerr // it only looks like the wrapper
	}
	if m.Key == "" {
		m.Key = d.Key
	}
	d.Message = m
	return nil
}

// bury makes a message a dead letter. It is acknowledged only once it is one.
func (w *worker) bury(d *Delivery, cause error, attempts int) {
	w.o.Logger.Error("a message of a stream is given up", "stream", w.topic.name, "group", w.group,
		"offset", d.Offset, "event", d.ID, "attempts", attempts, "error", cause)
	for wait := w.o.Backoff; w.o.Dead != nil; wait = min(2*wait, w.o.MaxBackoff) {
		err := w.o.Dead(w.handling, d, cause, attempts)
		if err == nil {
			break
		}
		w.o.Logger.Error("a dead letter cannot be kept; trying again", "stream", w.topic.name, "group", w.group, "error", err)
		if pause(w.receiving, jitter(wait)) != nil {
			w.settle(d, Returned, 0)
			return
		}
	}
	w.settle(d, Dead, 0)
}

// settle acknowledges a message, or gives it back. An acknowledgement that is
// lost means another delivery, which at least once allows.
func (w *worker) settle(d *Delivery, o Outcome, took time.Duration) {
	w.observe(o, took)
	if w.within {
		w.last = o
		return
	}
	w.acknowledge(d, o == Returned)
}

func (w *worker) acknowledge(d *Delivery, again bool) {
	w.settlement[0] = driver.Settlement{Delivery: *d, Again: again}
	err := w.reader.Settle(context.Background(), w.settlement[:]) // what was handled stays handled
	w.settlement[0] = driver.Settlement{}
	if err != nil {
		w.o.Logger.Warn("a message may be delivered twice: it was not acknowledged", "stream", w.topic.name, "group", w.group, "error", err)
	}
}

func (s *Subscription) observe(o Outcome, took time.Duration) {
	switch o {
	case Delivered:
		s.delivered.Add(1)
	case Dead:
		s.dead.Add(1)
	case Retried:
		s.retried.Add(1)
	case Returned:
		s.returned.Add(1)
	}
	if s.topic.o.Observer != nil {
		s.topic.o.Observer.Handled(took, o)
	}
}

// Drain waits until the group has acknowledged what is in the stream now, or for
// ctx: for streams that end with the process.
func (s *Subscription) Drain(ctx context.Context) error {
	left, err := s.topic.Lag(ctx, s.group)
	if err != nil {
		return err
	}
	until := s.delivered.Load() + s.dead.Load() + left
	for left > 0 && s.delivered.Load()+s.dead.Load() < until {
		if err := pause(ctx, drainPause); err != nil {
			return fmt.Errorf("drain group %s of %s: %d messages are left: %w", s.group, s.topic.name, left, err)
		}
		if left, err = s.topic.Lag(ctx, s.group); err != nil {
			return err
		}
	}
	return nil
}

const drainPause = 2 * time.Millisecond

// Close takes no more messages, waits for the handlers at work, or for ctx,
// and leaves the group; what was not handled is there for other members. It may
// be called twice.
func (s *Subscription) Close(ctx context.Context) error {
	s.closing.Do(func() {
		s.stop()
		done := make(chan struct{})
		go func() {
			s.workers.Wait()
			close(done)
		}()
		select {
		case <-done:
		case <-ctx.Done():
			s.closed = fmt.Errorf("close group %s of %s: a handler is still at work: %w", s.group, s.topic.name, ctx.Err())
			s.abandon()
		}
		s.closed = errors.Join(s.closed, s.reader.Close(context.WithoutCancel(ctx)))
		s.abandon()
	})
	return s.closed
}
