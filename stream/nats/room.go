package nats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// makeRoom takes what every group is done with out of a stream that the driver
// has made; without a group, the older half. Where there is nothing of that kind
// nothing happens: those who publish wait.
func (l *log) makeRoom(ctx context.Context) error {
	f, err := l.open(ctx)
	if err != nil || !f.own {
		return err
	}
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	done, groups, err := floorOf(ctx, f)
	if err != nil {
		return err
	}
	info, err := f.Info(ctx)
	if err != nil {
		return fmt.Errorf("make room in stream %s: %w", f.name, err)
	}
	if !groups {
		done = info.State.FirstSeq + (info.State.LastSeq-info.State.FirstSeq)/2
	}
	if done < info.State.FirstSeq || info.State.Msgs == 0 {
		return nil
	}
	if err := f.Purge(ctx, jetstream.WithPurgeSequence(done+1)); err != nil {
		return fmt.Errorf("make room in stream %s: %w", f.name, err)
	}
	return nil
}

// floorOf is up to which message every consumer of a stream is done.
func floorOf(ctx context.Context, s jetstream.Stream) (done uint64, groups bool, err error) {
	list := s.ListConsumers(ctx)
	for info := range list.Info() {
		if own := doneOf(info); !groups || own < done {
			done = own
		}
		groups = true
	}
	if err := list.Err(); err != nil && !errors.Is(err, jetstream.ErrEndOfData) {
		return 0, false, fmt.Errorf("list the groups of a stream: %w", err)
	}
	return done, groups, nil
}

// trim makes room before a stream is full, for those who publish without this
// driver: they do not ask for it.
func (l *log) trim(ctx context.Context) error {
	f, err := l.open(ctx)
	if err != nil || !f.own {
		return err
	}
	bounded, cancel := l.bounded(ctx)
	defer cancel()
	info, err := f.Info(bounded)
	if err != nil || info.State.Bytes < uint64(l.bytes)/4*3 {
		return err
	}
	return l.makeRoom(ctx)
}
