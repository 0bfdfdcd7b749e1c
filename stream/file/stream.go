package file

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/leat-ml/leat/stream/driver"
)

// A stream is a user of a log.
type stream struct {
	files *Files
	log   *log
	mu    sync.Mutex
	over  bool
}

func (s *stream) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// Publish implements [driver.Stream].
func (s *stream) Publish(ctx context.Context, batch []*driver.Message) error {
	if s.closed() {
		return driver.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var lines []byte
	var refused *driver.BatchError
	for i, m := range batch {
		from := len(lines)
		lines = appendRecord(lines, m)
		if int64(len(lines)-from) <= s.log.record {
			continue
		}
		if refused == nil {
			refused = &driver.BatchError{Errs: make([]error, len(batch))}
		}
		refused.Errs[i] = driver.Permanent(fmt.Errorf("a record of %d bytes is longer than max_record, %d", len(lines)-from, s.log.record))
		lines = lines[:from]
	}
	if len(lines) > 0 {
		end, err := s.log.append(ctx, lines)
		if err == nil && s.log.commit {
			err = s.log.settled(ctx, end)
		}
		if err != nil {
			return err
		}
		if s.log.interval > 0 {
			s.log.saver.touch()
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// Subscribe implements [driver.Stream].
func (s *stream) Subscribe(_ context.Context, name string, o driver.ReadOptions) (driver.Reader, error) {
	if s.closed() {
		return nil, driver.ErrClosed
	}
	l := s.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.open(); err != nil {
		return nil, err
	}
	g := l.group(name, o.Latest)
	r := &reader{log: l, group: g, member: driver.NewMember()}
	g.members = append(g.members, r.member)
	if g.known {
		return r, nil
	}
	if err := l.saveState(0); err != nil {
		return nil, fmt.Errorf("group %s of %s: %w", name, l.path, err)
	}
	return r, nil
}

// Close implements [driver.Stream].
func (s *stream) Close(context.Context) error {
	s.mu.Lock()
	over := s.over
	s.over = true
	s.mu.Unlock()
	if over {
		return nil
	}
	return s.files.release(s.log)
}

type reader struct {
	log    *log
	group  *group
	member *driver.Member
}

// Receive implements [driver.Reader].
func (r *reader) Receive(ctx context.Context, dst []driver.Delivery) (int, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, woken, wake, err := r.take(dst)
		if n > 0 || err != nil {
			return n, err
		}
		if err := wait(ctx, woken, wake); err != nil {
			return 0, err
		}
	}
}

// take is Receive without waiting.
func (r *reader) take(dst []driver.Delivery) (n int, woken <-chan struct{}, wake time.Time, err error) {
	l, g := r.log, r.group
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.member.Gone() {
		return 0, nil, wake, io.EOF
	}
	for {
		if n, wake = g.Take(r.member, dst); n > 0 {
			return n, nil, wake, nil
		}
		more, err := l.fill(g)
		if err != nil {
			return 0, nil, wake, fmt.Errorf("read %s: %w", l.path, err)
		}
		if !more {
			return 0, r.member.Wait(), wake, nil
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
	l := r.log
	l.mu.Lock()
	defer l.mu.Unlock()
	settled := false
	for i := range batch {
		settled = r.group.Settle(r.member, &batch[i]) || settled
	}
	if !settled {
		return nil
	}
	r.group.notify()
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
	l.saver.touch()
	return nil
}

// Close implements [driver.Reader].
func (r *reader) Close(context.Context) error {
	l, g := r.log, r.group
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.member.Gone() {
		return nil
	}
	g.Leave(r.member)
	g.members = slices.DeleteFunc(g.members, func(m *driver.Member) bool { return m == r.member })
	g.notify()
	if len(g.members) > 0 {
		return nil
	}
	err := l.save()
	g.closeFile()
	delete(l.groups, g.name) // what is not acknowledged is read again
	return err
}
