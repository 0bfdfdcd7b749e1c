package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The server knows which messages a group is done with, not which records of a
// pack: that is in a bucket of its key-value store.
const bucket = "leat_groups"

// saved is what a group was done with, besides what the server knows.
type saved struct {
	// Made is when the stream was made: another of its name has other messages.
	Made time.Time `json:"made"`
	// Floor is up to which message everything is settled, in the server within the
	// process: there one process reads for a group, and an acknowledgement that
	// the server had not written down when it was killed is made good.
	Floor uint64            `json:"floor,omitempty"`
	Done  map[uint64]bitmap `json:"done,omitempty"` // records of messages behind it
}

// A bitmap says which records of a pack are settled.
type bitmap []byte

func (b bitmap) has(i int) bool { return i/8 < len(b) && b[i/8]>>(i%8)&1 != 0 }

func (b *bitmap) set(i int) {
	for i/8 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i/8] |= 1 << (i % 8)
}

func savedKey(f *found, group string) string {
	return consumerName(f.name, 0) + "." + consumerName(group, 0)
}

// loadSaved reads what was saved of a group; nothing where messages are no packs.
func (l *log) loadSaved(ctx context.Context, f *found, group string) (s saved, err error) {
	if !l.packs() {
		return s, nil
	}
	kv, err := f.js.KeyValue(ctx, bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read what the group has done: %w", err)
	}
	e, err := kv.Get(ctx, savedKey(f, group))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("read what the group has done: %w", err)
	}
	if err := json.Unmarshal(e.Value(), &s); err != nil {
		return saved{}, fmt.Errorf("read what the group has done: %w", err)
	}
	if !s.Made.Equal(f.made) {
		return saved{}, nil
	}
	return s, nil
}

// save writes what the group has done, if that has changed; at the end, also up to
// where it is done. Where messages are no packs the server knows all there is.
func (g *group) save(ctx context.Context, end bool) error {
	if !g.log.packs() {
		return nil
	}
	g.mu.Lock()
	s := saved{Done: maps.Clone(g.saved.Done)}
	if g.log.embedded() {
		s.Floor = g.low()
	}
	changed := g.dirty || end && s.Floor != g.saved.Floor
	for seq, p := range g.packs {
		if len(p.done) > 0 {
			if s.Done == nil {
				s.Done = map[uint64]bitmap{}
			}
			s.Done[seq] = append(bitmap(nil), p.done...)
		}
	}
	g.dirty = false
	g.mu.Unlock()
	if !changed {
		return nil
	}
	if err := g.log.writeSaved(ctx, g.name, s); err != nil {
		g.mu.Lock()
		g.dirty = true
		g.mu.Unlock()
		return err
	}
	g.mu.Lock()
	g.saved.Floor = s.Floor
	g.mu.Unlock()
	return nil
}

func (l *log) writeSaved(ctx context.Context, group string, s saved) error {
	f, err := l.open(ctx)
	if err != nil {
		return err
	}
	s.Made = f.made
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	kv, err := f.js.KeyValue(ctx, bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = f.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: bucket, Description: ownDescription, Storage: jetstream.FileStorage})
	}
	if err != nil {
		return fmt.Errorf("save what group %s has done: %w", group, err)
	}
	if _, err := kv.Put(ctx, savedKey(f, group), text); err != nil {
		return fmt.Errorf("save what group %s has done: %w", group, err)
	}
	return nil
}

func (b bitmap) count() (n int) {
	for _, c := range b {
		n += bits.OnesCount8(c)
	}
	return n
}
