package mem

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A stream is an open topic.
type stream struct {
	topic *topic
	once  sync.Once
	mu    sync.Mutex
	done  chan struct{} // closed by Close; made by who waits
}

// closed is closed by Close.
func (s *stream) closed() chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == nil {
		s.done = make(chan struct{})
	}
	return s.done
}

// Publish implements [driver.Stream].
func (s *stream) Publish(ctx context.Context, batch []*driver.Message) error {
	closed := s.closed()
	select {
	case <-closed:
		return driver.ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, m := range batch {
		err := s.topic.publish(ctx, m, closed)
		switch {
		case err == nil:
		case i == 0:
			return err
		default:
			partly := &driver.BatchError{Errs: make([]error, len(batch))}
			for at := i; at < len(batch); at++ {
				partly.Errs[at] = err
			}
			return partly
		}
	}
	return nil
}

// Subscribe implements [driver.Stream].
func (s *stream) Subscribe(_ context.Context, group string, o driver.ReadOptions) (driver.Reader, error) {
	select {
	case <-s.closed():
		return nil, driver.ErrClosed
	default:
	}
	g, m := s.topic.join(group, o.Latest)
	return &reader{topic: s.topic, group: g, member: m}, nil
}

// Lag implements [driver.Stream].
func (s *stream) Lag(_ context.Context, group string) (int64, error) {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	g := s.topic.groups[group]
	if g == nil {
		g = s.topic.idle
	}
	return g.Unacked(), nil
}

// Close implements [driver.Stream]. The messages stay in memory.
func (s *stream) Close(context.Context) error {
	closed := s.closed()
	s.once.Do(func() { close(closed) })
	return nil
}

type reader struct {
	topic  *topic
	group  *group
	member *driver.Member
}

// Receive implements [driver.Reader].
func (r *reader) Receive(ctx context.Context, dst []driver.Delivery) (int, error) {
	t := r.topic
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		t.mu.Lock()
		if r.member.Gone() {
			t.mu.Unlock()
			return 0, io.EOF
		}
		n, wake := r.group.Take(r.member, dst)
		if n > 0 {
			t.mu.Unlock()
			return n, nil
		}
		woken := r.member.Wait()
		t.mu.Unlock()
		if err := wait(ctx, woken, wake); err != nil {
			return 0, err
		}
	}
}

// wait waits until the member is woken, or for a time.
func wait(ctx context.Context, woken <-chan struct{}, at time.Time) error {
	var due <-chan time.Time
	if !at.IsZero() {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-woken:
	case <-due:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// Settle implements [driver.Reader].
func (r *reader) Settle(_ context.Context, batch []driver.Settlement) error {
	t := r.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	others := len(r.group.members) > 1
	for i := range batch {
		if r.group.Settle(r.member, &batch[i]) && (others || batch[i].Again) {
			r.group.notify() // its key is free, or it is there again
		}
	}
	t.makeRoom()
	return nil
}

// Close implements [driver.Reader].
func (r *reader) Close(context.Context) error {
	r.topic.mu.Lock()
	defer r.topic.mu.Unlock()
	if r.member.Gone() {
		return nil
	}
	r.group.Leave(r.member)
	r.group.members = slices.DeleteFunc(r.group.members, func(m *driver.Member) bool { return m == r.member })
	r.group.notify()
	r.topic.makeRoom()
	return nil
}
