package queue

import (
	"context"
	"errors"
	"time"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/stream"
)

// A Ledger says what became of the events of a queue: Accepted is the sum of
// the others.
type Ledger struct {
	Accepted  int64 // appended here, and found in the stream at the start
	Delivered int64 // through the steps behind; where there are none, to the stream
	Dropped   int64 // dead letters
	Pending   int64 // still in the stream
}

// Ledger says what became of the events so far.
func (q *Queue) Ledger() Ledger {
	l := Ledger{Accepted: q.accepted.Load()}
	if q.sub == nil {
		l.Delivered = l.Accepted
		return l
	}
	l.Accepted += q.carried
	done := q.sub.Ledger()
	l.Delivered, l.Dropped = done.Delivered, done.Dead
	l.Pending = l.Accepted - l.Delivered - l.Dropped
	return l
}

// Close implements [serve.Closer]. What is in a stream of this process goes
// through the steps behind first; a durable one keeps it.
func (q *Queue) Close(ctx context.Context) error {
	if q.closed || q.topic == nil {
		return nil
	}
	q.closed = true
	if q.unseen != nil {
		q.unseen()
	}
	var err error
	if q.sub != nil {
		if q.topic.Local() {
			err = q.sub.Drain(ctx)
		}
		err = errors.Join(err, q.sub.Close(ctx))
		if err != nil && q.topic.Local() {
			err = errors.Join(err, q.sweep())
		}
	}
	l := q.Ledger()
	q.logger.Info("queue closed", "stream", q.topic.String(), "accepted", l.Accepted,
		"delivered", l.Delivered, "dropped", l.Dropped, "pending", l.Pending)
	if q.dead != nil {
		err = errors.Join(err, q.dead.Close(ctx))
	}
	return errors.Join(err, q.topic.Close(ctx))
}

// sweep ends the requests that wait in a stream of this process which nobody
// reads any more.
func (q *Queue) sweep() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	late := &serve.Error{Code: serve.Unavailable, Err: errors.New("the queue was closed before the event's turn came")}
	s, err := q.topic.Subscribe(ctx, q.options.Group, func(_ context.Context, d *stream.Delivery) error {
		if h, ok := d.Value.(*hop); ok && h.ev != nil && h.taken.CompareAndSwap(false, true) {
			h.from.links.End(h.ctx, h.ev, late)
		}
		return nil
	}, nil)
	if err != nil {
		return err
	}
	return errors.Join(s.Drain(ctx), s.Close(ctx))
}
