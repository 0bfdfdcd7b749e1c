package nats

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	client "github.com/nats-io/nats.go"

	"github.com/leat-ml/leat/stream/driver"
)

type reader struct {
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
	g := r.group
	g.mu.Lock()
	defer g.mu.Unlock()
	if r.member.Gone() {
		return 0, nil, wake, io.EOF
	}
	if n, wake = g.Take(r.member, dst); n > 0 {
		return n, nil, wake, nil
	}
	if err, g.failed = g.failed, nil; err != nil {
		return 0, nil, wake, err
	}
	return 0, r.member.Wait(), wake, nil
}

// Settle implements [driver.Reader].
func (r *reader) Settle(_ context.Context, batch []driver.Settlement) error {
	var errs error
	for _, msg := range r.group.settle(r.member, batch) {
		if err := msg.Ack(); err != nil && !errors.Is(err, client.ErrMsgAlreadyAckd) {
			errs = err
		}
	}
	return errs
}

// Close implements [driver.Reader].
func (r *reader) Close(ctx context.Context) error {
	g := r.group
	l := g.log
	l.joining.Lock()
	defer l.joining.Unlock()
	g.mu.Lock()
	if r.member.Gone() {
		g.mu.Unlock()
		return nil
	}
	g.Leave(r.member)
	g.members = slices.DeleteFunc(g.members, func(m *driver.Member) bool { return m == r.member })
	g.notify()
	last := len(g.members) == 0
	g.mu.Unlock()
	if !last {
		return nil
	}
	delete(l.groups, g.name)
	return g.close(ctx)
}

// close gives back what is not settled, and waits until the server knows what is.
func (g *group) close(ctx context.Context) error {
	g.stop()
	<-g.stopped
	err := g.save(ctx, true)
	g.mu.Lock()
	open, low := g.open(), g.low()
	g.mu.Unlock()
	for _, p := range open {
		if err := p.msg.Nak(); err != nil {
			break // the connection is gone: the server finds out itself
		}
	}
	g.log.confirm(ctx, g.consumer.name, low)
	return err
}
