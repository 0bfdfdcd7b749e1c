package nats

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lag is how many records a group has not acknowledged. In the server within the
// process packs say how many records are in front of them. Elsewhere that is known only of
// those that have come: with more than one record a message, lag is an estimate
// while there are others, and a message counts as one where nobody reads.
func (l *log) lag(ctx context.Context, name string) (int64, error) {
	f, err := l.open(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	l.joining.Lock()
	g := l.groups[name]
	l.joining.Unlock()
	switch {
	case g != nil && l.embedded():
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.Unacked() + max(0, l.total.Load()-g.count), nil
	case g != nil:
		return g.lag(ctx, f)
	case l.embedded():
		return l.lagOfClosed(ctx, f, name)
	}
	newest, _, err := consumersOf(ctx, f, name)
	if err != nil {
		return 0, err
	}
	if newest < 0 {
		info, err := f.Info(ctx)
		if err != nil {
			return 0, err
		}
		return int64(info.State.Msgs), nil
	}
	info, err := infoOf(ctx, f, consumerName(name, newest))
	if err != nil {
		return 0, err
	}
	return int64(info.NumPending) + int64(info.NumAckPending), nil
}

// lag counts at a server elsewhere: what waits there, what is here, and what is at
// other processes or on its way, which settles after a moment. Messages that are
// not here count as many records as those that are do on average.
func (g *group) lag(ctx context.Context, f *found) (int64, error) {
	for try := 0; ; try++ {
		g.mu.Lock()
		name := g.consumer.name
		g.mu.Unlock()
		info, err := infoOf(ctx, f, name)
		if err != nil {
			return 0, err
		}
		g.mu.Lock()
		here, out, full := g.Unacked(), int64(info.NumAckPending-len(g.packs)), g.full()
		each := here / int64(max(1, len(g.packs)))
		g.mu.Unlock()
		if out == 0 && (info.NumPending == 0 || full) || try == lagTries {
			return here + (int64(info.NumPending)+max(0, out))*max(1, each), nil
		}
		if err := wait(ctx, nil, time.Now().Add(2*time.Millisecond)); err != nil {
			return 0, err
		}
	}
}

const lagTries = 20

// lagOfClosed counts for a group that nobody reads for now.
func (l *log) lagOfClosed(ctx context.Context, f *found, name string) (int64, error) {
	s, err := l.loadSaved(ctx, f, name)
	if err != nil {
		return 0, err
	}
	newest, _, err := consumersOf(ctx, f, name)
	if err != nil {
		return 0, err
	}
	floor := s.Floor
	if newest >= 0 {
		info, err := infoOf(ctx, f, consumerName(name, newest))
		if err != nil {
			return 0, err
		}
		floor = max(floor, doneOf(info))
	}
	before, err := l.countBefore(ctx, f, floor+1)
	if err != nil {
		return 0, err
	}
	n := l.total.Load() - before
	for seq, done := range s.Done {
		if seq > floor {
			n -= int64(done.count())
		}
	}
	return max(0, n), nil
}

// countBefore is how many records there are in front of a message of the server
// within the process, or of the oldest one behind it.
func (l *log) countBefore(ctx context.Context, f *found, seq uint64) (int64, error) {
	info, err := f.Info(ctx)
	if err != nil {
		return 0, err
	}
	return countBefore(ctx, f, info.State, seq, l.total.Load())
}

func countBefore(ctx context.Context, s jetstream.Stream, state jetstream.StreamState, seq uint64, total int64) (int64, error) {
	if seq = max(seq, state.FirstSeq); state.Msgs == 0 || seq > state.LastSeq {
		return total, nil
	}
	before, _, err := packAt(ctx, s, seq)
	return before, err
}
