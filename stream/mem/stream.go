package mem

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A stream is an open topic.
type stream struct {
	topic *topic
	once  sync.Once
	over  atomic.Bool
	done  chan struct{} // closed by Close
}

// Publish implements [driver.Stream].
func (s *stream) Publish(ctx context.Context, batch []*driver.Message) error {
	if s.over.Load() {
		return driver.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for i, m := range batch {
		err := s.topic.publish(ctx, m, s.done)
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
	if s.over.Load() {
		return nil, driver.ErrClosed
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
	s.over.Store(true)
	s.once.Do(func() { close(s.done) })
	return nil
}

type reader struct {
	topic  *topic
	group  *group
	member *driver.Member

	ctx    context.Context //nolint:containedctx // of the last Receive: as a rule that of the next one too
	forget func() bool     // stops watching it
}

// Receive implements [driver.Reader].
func (r *reader) Receive(ctx context.Context, dst []driver.Delivery) (int, error) {
	t := r.topic
	for {
		t.mu.Lock()
		r.watch(ctx)
		if err := ctx.Err(); err != nil { // looked at once it is watched, so that its end is not missed
			t.mu.Unlock()
			return 0, err
		}
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
		wait(woken, wake)
	}
}

// watch has the member woken when ctx ends. Watching it once costs less than
// selecting it every time. The lock is held.
func (r *reader) watch(ctx context.Context) {
	if ctx == r.ctx {
		return
	}
	if r.forget != nil {
		r.forget()
	}
	r.ctx = ctx
	r.forget = context.AfterFunc(ctx, func() {
		r.topic.mu.Lock()
		defer r.topic.mu.Unlock()
		r.member.Notify()
	})
}

// wait waits until the member is woken, or for a time.
func wait(woken <-chan struct{}, at time.Time) {
	if at.IsZero() {
		<-woken
		return
	}
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-woken:
	case <-timer.C:
	}
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
	if r.forget != nil {
		r.forget()
	}
	r.group.Leave(r.member)
	r.group.members = slices.DeleteFunc(r.group.members, func(m *driver.Member) bool { return m == r.member })
	r.group.notify()
	r.topic.makeRoom()
	return nil
}
