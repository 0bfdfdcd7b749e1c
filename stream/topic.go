package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A Topic is an open stream. It is safe for concurrent use.
type Topic struct {
	name   string
	s      driver.Stream
	traits driver.Traits
	o      Options
	batch  batcher

	unpackers map[string]Unpacker // by content type
}

func newTopic(name string, s driver.Stream, traits driver.Traits, o Options) *Topic {
	o.Attempts = cmp.Or(o.Attempts, 4)
	o.Backoff = cmp.Or(o.Backoff, 50*time.Millisecond)
	o.MaxBatch = cmp.Or(o.MaxBatch, 256)
	o.MaxPending = cmp.Or(o.MaxPending, 4096)
	t := &Topic{name: name, s: s, traits: traits, o: o}
	t.batch.init(t)
	return t
}

// String is the URL of the topic, without its password.
func (t *Topic) String() string { return t.name }

// Local says whether messages stay in this process, so that a Value is handed
// over as it is.
func (t *Topic) Local() bool { return t.traits.Local }

// Publish appends a message, which it takes over, and returns once that is safe
// in the backend. It waits while there is no room. Messages that are published
// at the same time go together. When ctx ends first the message may have been
// published or not.
func (t *Topic) Publish(ctx context.Context, m *Message) error {
	if t.traits.Local {
		one := singles.Get().(*[1]*Message)
		one[0] = m
		err := t.publish(ctx, one[:])
		one[0] = nil
		singles.Put(one)
		return err
	}
	m, err := t.record(m)
	if err != nil {
		return err
	}
	if err := t.batch.add(ctx, m); err != nil {
		return fmt.Errorf("publish to %s: %w", t.name, err)
	}
	return nil
}

// PublishAll appends messages, which it takes over, in their order, and returns once
// they are safe in the backend. It tries once: when only some were taken the error is
// a *[driver.BatchError] with an entry for each message. One caller at a time keeps
// the order; that to messages of Publish is open.
func (t *Topic) PublishAll(ctx context.Context, ms []*Message) error {
	if !t.traits.Local {
		records := make([]*Message, len(ms))
		for i, m := range ms {
			var err error
			if records[i], err = t.record(m); err != nil {
				return err
			}
		}
		ms = records
	}
	if err := t.publish(ctx, ms); err != nil {
		return fmt.Errorf("publish to %s: %w", t.name, err)
	}
	return nil
}

var singles = sync.Pool{New: func() any { return new([1]*Message) }}

// record is a message as it leaves the process.
func (t *Topic) record(m *Message) (*Message, error) {
	if m.Value != nil {
		var err error
		if m, err = m.Value.Encode(); err != nil {
			return nil, fmt.Errorf("publish to %s: encode the message: %w", t.name, err)
		}
	}
	switch {
	case t.o.Format == Bare && m.ID == "" && m.Header == nil && (!t.traits.Wraps || m.Key == "" && m.Time.IsZero()):
		return m, nil
	case t.o.Format == Bare && t.traits.Wraps:
		return &Message{Body: m.Body, Line: m.Line}, nil
	case t.o.Format == Bare:
		return &Message{Key: m.Key, Time: m.Time, Body: m.Body, Line: m.Line}, nil
	case t.o.Format == FullEvent && !t.traits.Wraps:
		return &Message{Key: m.Key, Time: m.Time, Body: driver.Wrap(nil, m)}, nil
	}
	return m, nil
}

// publish is one attempt of a batch.
func (t *Topic) publish(ctx context.Context, batch []*Message) error {
	if t.o.Observer == nil {
		return t.s.Publish(ctx, batch)
	}
	var start time.Time
	if !t.traits.Local {
		start = time.Now()
	}
	size := 0
	for _, m := range batch { // the backend may change them
		size += m.Size()
	}
	err := t.s.Publish(ctx, batch)
	n, size := taken(batch, size, err)
	t.o.Observer.Published(n, size, since(start), err)
	return err
}

// taken is how much of a batch of that size a backend has taken.
func taken(batch []*Message, size int, err error) (messages, bytes int) {
	if err == nil {
		return len(batch), size
	}
	var some *driver.BatchError
	if !errors.As(err, &some) {
		return 0, 0
	}
	for i, err := range some.Errs {
		if err == nil && i < len(batch) {
			messages++
			bytes += batch[i].Size()
		}
	}
	return messages, bytes
}

// since is the time since a start that was taken, else 0.
func since(start time.Time) time.Duration {
	if start.IsZero() {
		return 0
	}
	return time.Since(start)
}

// Lag is how many messages the group has not acknowledged.
func (t *Topic) Lag(ctx context.Context, group string) (int64, error) {
	n, err := t.s.Lag(ctx, group)
	if err != nil {
		return 0, fmt.Errorf("lag of group %s of %s: %w", group, t.name, err)
	}
	return n, nil
}

// Close publishes what waits for it, or gives up when ctx ends, and closes the
// stream. Subscriptions are closed before. It may be called twice.
func (t *Topic) Close(ctx context.Context) error {
	err := errors.Join(t.batch.close(ctx), t.s.Close(ctx))
	if err != nil {
		return fmt.Errorf("close %s: %w", t.name, err)
	}
	return nil
}
