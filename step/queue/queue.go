package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
	"github.com/leat-ml/leat/stream/driver"
)

// maxWaiting is how many events that nobody waits for may wait for room.
const maxWaiting = 4096

// A Queue is a queue step.
type Queue struct {
	config
	name    string
	env     *catalog.Env
	streams *stream.Mux
	links   serve.Links
	logger  *slog.Logger

	topic    *stream.Topic // from Start to Close, as what follows
	sub      *stream.Subscription
	dead     *stream.Topic
	carried  int64 // what was in the stream before
	accepted atomic.Int64
	waiting  atomic.Int64
	failing  atomic.Bool // the last event did not get in; it has been told
	unseen   func()      // ends the watch on the depth; nil without one
	closed   bool
}

func newQueue(a catalog.Args, streams *stream.Mux) (serve.Step, error) {
	c, err := configOf(a, streams)
	if err != nil {
		return nil, err
	}
	q := &Queue{config: c, name: a.Name, env: a.Env, streams: streams, logger: slog.New(slog.DiscardHandler)}
	if q.env == nil {
		q.env = &catalog.Env{}
	}
	if q.env.Logger != nil {
		q.logger = q.env.Logger.With("graph", q.env.Graph, "step", q.name)
	}
	return q, nil
}

// Link implements [serve.Linker].
func (q *Queue) Link(l serve.Links) error {
	q.links = l
	return nil
}

// Waits implements [serve.Waiter].
func (q *Queue) Waits() bool { return waits(q.Path) && !q.passes() }

// passes says whether events pass at once: in mocks with steps behind.
func (q *Queue) passes() bool {
	return q.env.Mock && q.Engine != "sync" && len(q.links.Out) > 0
}

// Start implements [serve.Starter].
func (q *Queue) Start(ctx context.Context) (err error) {
	if q.passes() {
		return nil
	}
	follows := len(q.links.Out) > 0
	format := stream.Bare
	if full := q.options.FullEvent; full == nil && q.Followed || full != nil && *full {
		format = stream.FullEvent
	}
	q.topic, err = q.streams.Open(ctx, q.Path, &stream.Options{
		Shards: q.Shards, Retention: time.Duration(q.Retention) * time.Hour, Format: format, Observer: q.metrics(),
	})
	if err != nil || !follows {
		return err
	}
	if q.options.DeadLetter != "" {
		if q.dead, err = q.streams.Open(ctx, q.options.DeadLetter, &stream.Options{Format: stream.Bare}); err != nil {
			return fmt.Errorf("dead letters: %w", err)
		}
	}
	if q.carried, err = q.topic.Lag(ctx, q.options.Group); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	o := &stream.SubscribeOptions{
		Workers: q.options.Workers, Attempts: q.options.Attempts,
		Backoff: q.options.Backoff, MaxBackoff: q.options.MaxBackoff, Logger: q.logger,
	}
	if q.dead != nil {
		o.Dead = q.bury
	}
	if q.sub, err = q.topic.Subscribe(ctx, q.options.Group, q.handle, o); err != nil {
		return err
	}
	if o := q.observer(); o != nil {
		q.unseen = o.Depth(q.name, q.depth)
	}
	return nil
}

// Do appends the event to the stream.
func (q *Queue) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	switch {
	case q.passes():
		return serve.Pass, nil
	case q.topic == nil:
		return serve.Pass, &serve.Error{Code: serve.Unavailable, Err: errors.New("the queue has not been started")}
	}
	if q.sub != nil && ev.Main() && q.Engine != "sync" && q.topic.Local() {
		h := newHop(ctx, q, ev)
		h.ev, h.ctx = ev, ctx
		return serve.Keep, q.publish(ctx, &h.message)
	}
	if !ev.Main() {
		defer q.waiting.Add(-1)
		if q.waiting.Add(1) > maxWaiting {
			return serve.Pass, &serve.Error{Code: serve.Unavailable, Err: fmt.Errorf("the queue is full, and %d events wait for room", maxWaiting)}
		}
	}
	ev.Identify() // what answers and what goes on have one id
	if err := q.publish(ctx, &newHop(ctx, q, ev).message); err != nil {
		return serve.Pass, err
	}
	return q.filled(ev), nil
}

// filled is what becomes of an event that is in the stream.
func (q *Queue) filled(ev *serve.Event) serve.Fate {
	switch {
	case q.Engine == "sync":
		ev.Body, ev.Reply = serve.ValueBody(nil), nil
		return serve.Finish
	case len(q.links.Out) == 0:
		return serve.Pass
	case ev.Main(): // the responder is behind it, and somewhere else in time
		ev.Body = serve.ValueBody(serve.NewObject(serve.Field{Key: "id", Value: ev.Identify()}))
		ev.Reply = nil
		return serve.Finish
	}
	return serve.Drop
}

// publish waits for room until ctx ends.
func (q *Queue) publish(ctx context.Context, m *stream.Message) error {
	err := q.topic.Publish(ctx, m)
	switch {
	case err == nil:
		q.accepted.Add(1)
		if q.failing.Load() && q.failing.CompareAndSwap(true, false) {
			q.logger.Info("events get into the queue again", "stream", q.topic.String())
		}
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &serve.Error{Code: serve.Timeout, Err: fmt.Errorf("the event did not get into the queue in time: %w", err)}
	case errors.Is(err, context.Canceled), driver.IsPermanent(err):
		return err
	}
	if q.failing.CompareAndSwap(false, true) { // an error handler may take it, unheard
		q.logger.Error("no event gets into the queue", "stream", q.topic.String(), "error", err)
	}
	return &serve.Error{Code: serve.Unavailable, Err: err}
}

// handle passes what comes out of the stream on.
func (q *Queue) handle(ctx context.Context, d *stream.Delivery) error {
	if h, ok := d.Value.(*hop); ok {
		if h.ev != nil && h.from.options.Group == q.options.Group && h.taken.CompareAndSwap(false, true) {
			h.from.links.Emit(h.ctx, h.ev) // what fails there fails its request
			return nil
		}
		return q.process(ctx, h.event())
	}
	return q.process(ctx, eventOf(d.Message, q.topic.String()))
}

// process has the steps behind process an event, which they take over. Where
// events are traced, that is a span of its own.
func (q *Queue) process(ctx context.Context, ev *serve.Event) error {
	if q.env.Enter == nil {
		return q.links.Process(ctx, ev)
	}
	in, leave := q.env.Enter(ctx, q.name, ev)
	err := q.links.Process(in, ev)
	leave(nil, serve.Keep, err)
	return err
}
