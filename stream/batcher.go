package stream

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A batcher publishes messages in the order in which they come. While a batch
// is on its way the next one gathers, so that batches grow with the load and
// nobody waits for a timer. What fails is tried again before anything follows
// it, which keeps the order.
type batcher struct {
	t      *Topic
	life   context.Context //nolint:containedctx // of attempts, which belong to no one caller
	cancel context.CancelFunc

	mu     sync.Mutex
	queue  []*waiting
	room   chan struct{} // closed when the queue shrinks; made by who waits
	busy   bool          // a goroutine publishes
	idle   chan struct{} // closed when it is done; made by close
	closed bool
}

// A waiting message, and who waits for it.
type waiting struct {
	m    *Message
	done chan error // gets what became of it
}

func (b *batcher) init(t *Topic) {
	b.t = t
	b.life, b.cancel = context.WithCancel(context.Background())
}

// add publishes a message together with others.
func (b *batcher) add(ctx context.Context, m *Message) error {
	w := &waiting{m: m, done: make(chan error, 1)}
	if err := b.enqueue(ctx, w); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
	}
	b.withdraw(w)
	select {
	case err := <-w.done: // just so
		return err
	default:
		return ctx.Err()
	}
}

func (b *batcher) enqueue(ctx context.Context, w *waiting) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.queue) >= b.t.o.MaxPending && !b.closed {
		if b.room == nil {
			b.room = make(chan struct{})
		}
		room := b.room
		b.mu.Unlock()
		var err error
		select {
		case <-room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		b.mu.Lock()
		if err != nil {
			return err
		}
	}
	if b.closed {
		return driver.ErrClosed
	}
	b.queue = append(b.queue, w)
	if !b.busy {
		b.busy = true
		go b.run()
	}
	return nil
}

// withdraw takes a message back that is not on its way yet.
func (b *batcher) withdraw(w *waiting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = slices.DeleteFunc(b.queue, func(q *waiting) bool { return q == w })
	b.makeRoom()
}

func (b *batcher) makeRoom() {
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
}

// run publishes batch after batch until nothing is left.
func (b *batcher) run() {
	for {
		b.mu.Lock()
		n := min(len(b.queue), b.t.o.MaxBatch)
		if n == 0 {
			b.busy = false
			if b.idle != nil {
				close(b.idle)
				b.idle = nil
			}
			b.mu.Unlock()
			return
		}
		batch := slices.Clone(b.queue[:n])
		b.queue = slices.Delete(b.queue, 0, n)
		b.makeRoom()
		b.mu.Unlock()
		b.publish(batch)
	}
}

// publish tries a batch until all of it is published or given up.
func (b *batcher) publish(batch []*waiting) {
	pause := b.t.o.Backoff
	for attempt := 1; ; attempt++ {
		err := b.t.publish(b.life, messages(batch))
		batch = answer(batch, err, attempt >= b.t.o.Attempts || b.life.Err() != nil)
		if len(batch) == 0 {
			return
		}
		timer := time.NewTimer(jitter(pause))
		select {
		case <-timer.C:
		case <-b.life.Done():
			timer.Stop()
		}
		pause = min(2*pause, maxBackoff)
	}
}

func messages(batch []*waiting) []*Message {
	ms := make([]*Message, len(batch))
	for i, w := range batch {
		ms[i] = w.m
	}
	return ms
}

// answer tells those who wait what became of their messages, and returns the
// messages that are worth another try.
func answer(batch []*waiting, err error, last bool) (left []*waiting) {
	var partly *driver.BatchError
	if errors.As(err, &partly) && len(partly.Errs) != len(batch) {
		partly = nil
	}
	for i, w := range batch {
		own := err
		if partly != nil {
			own = partly.Errs[i]
		}
		if own == nil || last || driver.IsPermanent(own) {
			w.done <- own
			continue
		}
		left = append(left, w)
	}
	return left
}

// close lets nothing more in, and waits until what is in is published.
func (b *batcher) close(ctx context.Context) error {
	defer b.cancel()
	b.mu.Lock()
	b.closed = true
	b.makeRoom()
	if !b.busy {
		b.mu.Unlock()
		return nil
	}
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	idle := b.idle
	b.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	b.cancel() // attempts end, and whoever waits is told
	return ctx.Err()
}
