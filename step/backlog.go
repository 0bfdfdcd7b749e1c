package step

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A backlog collects rows for a target until they are written: when there are
// max of them, when the first has waited for after, and when it is closed. One
// write runs at a time. Rows that could not be written stay and are tried again;
// when there is no room for more, whoever has one waits, or hears of the error.
type backlog[T any] struct {
	max   int
	after time.Duration // 0 means for ever
	write func(rows []T) error

	crew    crew
	mu      sync.Mutex
	rows    []T
	timer   *time.Timer
	writing bool
	failed  error
	room    chan struct{} // closed when rows were written or failed; made by who waits
	closed  bool
}

// backlogs is how many times max rows there is room for.
const backlogs = 4

// retryAfter is the shortest pause before rows are written again that failed.
const retryAfter = time.Second

func (b *backlog[T]) add(ctx context.Context, r T) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !b.closed && len(b.rows) >= backlogs*b.max {
		if b.failed != nil {
			return serve.Errorf(serve.Unavailable, "", "there is no room for more rows: %w", b.failed)
		}
		if err := b.wait(ctx); err != nil {
			return err
		}
	}
	if b.closed {
		return errClosed()
	}
	b.rows = append(b.rows, r)
	b.schedule()
	return nil
}

// wait waits for rows to be written. The lock is held, but not while it waits.
func (b *backlog[T]) wait(ctx context.Context) error {
	if b.room == nil {
		b.room = make(chan struct{})
	}
	room := b.room
	b.mu.Unlock()
	defer b.mu.Lock()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// schedule sees to it that the rows are written in time. The lock is held.
func (b *backlog[T]) schedule() {
	switch {
	case b.writing || b.closed || len(b.rows) == 0:
	case b.failed != nil:
		b.arm(max(b.after, retryAfter))
	case len(b.rows) >= b.max:
		b.writing = b.crew.run(b.flush)
	case b.after > 0:
		b.arm(b.after)
	}
}

// arm sets the timer, unless it is set.
func (b *backlog[T]) arm(after time.Duration) {
	if b.timer != nil {
		return
	}
	b.timer = time.AfterFunc(after, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.timer = nil
		if !b.writing && !b.closed && len(b.rows) > 0 {
			b.writing = b.crew.run(b.flush)
		}
	})
}

func (b *backlog[T]) disarm() {
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
}

// flush writes the rows that there are.
func (b *backlog[T]) flush(context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disarm()
	rows := b.rows
	b.rows = nil
	b.mu.Unlock()
	err := b.write(rows)
	b.mu.Lock()
	if b.failed = err; err != nil {
		b.rows = append(rows, b.rows...)
	}
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
	b.writing = false
	b.schedule()
}

// close writes what is left.
func (b *backlog[T]) close(ctx context.Context) error {
	b.mu.Lock()
	b.closed = true
	b.disarm()
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
	b.mu.Unlock()
	if err := b.crew.close(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rows) == 0 {
		return nil
	}
	rows := b.rows
	b.rows = nil
	if err := b.write(rows); err != nil {
		return fmt.Errorf("%d rows are lost: %w", len(rows), err)
	}
	return nil
}
