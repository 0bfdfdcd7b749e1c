package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A consumer is the durable one of a group. It does not change.
type consumer struct {
	name  string
	floor uint64 // up to which it was done when it was found
}

// bind finds the consumer of a group, or makes it. One with messages out that
// nobody waits for was left by a crash: the server would send these after others
// that are behind them, and late. It is made again from where it was done, under a
// name of its own, so that nothing is lost where that is interrupted too.
func (l *log) bind(ctx context.Context, f *found, group string, latest bool, saved uint64) (consumer, error) {
	newest, older, err := consumersOf(ctx, f, group)
	if err != nil {
		return consumer{}, err
	}
	if newest < 0 {
		return l.makeConsumer(ctx, f, group, 0, start0(latest))
	}
	for _, n := range older {
		if err := f.DeleteConsumer(ctx, consumerName(group, n)); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return consumer{}, err
		}
	}
	info, err := infoOf(ctx, f, consumerName(group, newest))
	if err != nil {
		return consumer{}, err
	}
	floor := doneOf(info)
	if l.embedded() {
		floor = max(floor, saved)
	}
	orphaned := info.NumAckPending > 0 && (l.embedded() || info.NumWaiting == 0)
	if !orphaned && floor == doneOf(info) {
		return consumer{info.Name, floor}, nil
	}
	c, err := l.makeConsumer(ctx, f, group, newest+1, jetstream.ConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: floor + 1,
	})
	if err != nil {
		return consumer{}, err
	}
	c.floor = floor
	if err := f.DeleteConsumer(ctx, info.Name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return consumer{}, err
	}
	return c, nil
}

// start0 is where a group begins that is new.
func start0(latest bool) jetstream.ConsumerConfig {
	if latest {
		return jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverNewPolicy}
	}
	return jetstream.ConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy}
}

func (l *log) makeConsumer(ctx context.Context, f *found, group string, made int, c jetstream.ConsumerConfig) (consumer, error) {
	c.Durable = consumerName(group, made)
	c.Description = "group " + group
	c.AckPolicy, c.AckWait, c.MaxDeliver = jetstream.AckExplicitPolicy, l.ackWait, -1
	c.MaxAckPending = 2 * windowRecords
	c.FilterSubject = l.subject
	made0, err := f.CreateConsumer(ctx, c)
	if errors.Is(err, jetstream.ErrConsumerExists) { // another process was faster
		made0, err = f.Consumer(ctx, c.Durable)
	}
	if err != nil {
		return consumer{}, fmt.Errorf("make consumer %s: %w", c.Durable, err)
	}
	info := made0.CachedInfo()
	return consumer{c.Durable, doneOf(info)}, nil
}

// doneOf is up to which message a consumer is done. Older servers do not count
// those in front of its first one.
func doneOf(info *jetstream.ConsumerInfo) uint64 {
	done := info.AckFloor.Stream
	if start := info.Config.OptStartSeq; start > 0 {
		done = max(done, start-1)
	}
	return done
}

// consumersOf are the consumers of a group by how often they were made again: the
// newest, -1 if there is none, and those that it has replaced.
func consumersOf(ctx context.Context, f *found, group string) (newest int, older []int, err error) {
	newest = -1
	names := f.ConsumerNames(ctx)
	for name := range names.Name() {
		n, ok := made(name, group)
		switch {
		case !ok:
		case n > newest:
			if newest >= 0 {
				older = append(older, newest)
			}
			newest = n
		default:
			older = append(older, n)
		}
	}
	if err := names.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return 0, nil, fmt.Errorf("list the groups of a stream: %w", err)
	}
	return newest, older, nil
}

func infoOf(ctx context.Context, f *found, name string) (*jetstream.ConsumerInfo, error) {
	c, err := f.Consumer(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("look at consumer %s: %w", name, err)
	}
	return c.CachedInfo(), nil
}

// confirm waits until the server has taken the acknowledgements up to a message,
// for a while: otherwise it delivers some again.
func (l *log) confirm(ctx context.Context, name string, low uint64) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for pause := time.Millisecond; ; pause *= 2 {
		f, err := l.open(ctx)
		if err != nil {
			return
		}
		info, err := infoOf(ctx, f, name)
		if err != nil || doneOf(info) >= low || wait(ctx, nil, time.Now().Add(pause)) != nil {
			return
		}
	}
}
