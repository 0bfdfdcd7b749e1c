package mem

import (
	"context"
	"sync"

	"github.com/leat-ml/leat/stream/driver"
)

// A topic is a stream and its groups. A group outlives its readers.
type topic struct {
	messages int
	bytes    int64
	record   bool

	mu     sync.Mutex
	offset int64 // of the next message
	groups map[string]*group
	list   []*group          // the same
	idle   *group            // takes the messages while there is no group
	kept   []*driver.Message // what a dummy remembers
	room   chan struct{}     // closed when a group has room; made by who waits
}

type group struct {
	driver.Group
	members []*driver.Member
}

func (t *topic) newGroup() *group { return &group{} }

// full says whether a group has no room for another message. One message is
// always taken, however large it is.
func (t *topic) full(g *group) bool {
	return g.Len() > 0 && (g.Len() >= t.messages || g.Bytes() >= t.bytes)
}

// publish adds a message for every group, and waits until all have room.
func (t *topic) publish(ctx context.Context, m *driver.Message, closed <-chan struct{}) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.anyFull() {
		if err := t.waitForRoom(ctx, closed); err != nil {
			return err
		}
	}
	at := driver.Place{Offset: t.offset, End: t.offset + 1}
	t.offset++
	if t.record {
		if len(t.kept) == t.messages {
			t.kept = t.kept[1:]
		}
		t.kept = append(t.kept, m)
	}
	if len(t.list) == 0 {
		t.push(t.idle, m, at)
		return nil
	}
	for _, g := range t.list {
		t.push(g, m, at)
		g.notify()
	}
	return nil
}

func (t *topic) anyFull() bool {
	for _, g := range t.list {
		if len(g.members) > 0 && t.full(g) {
			return true
		}
	}
	return false
}

// waitForRoom gives the lock away while it waits.
func (t *topic) waitForRoom(ctx context.Context, closed <-chan struct{}) error {
	if t.room == nil {
		t.room = make(chan struct{})
	}
	room := t.room
	t.mu.Unlock()
	defer t.mu.Lock()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return driver.ErrClosed
	}
}

// push adds a message to a group. One that nobody reads forgets the oldest
// messages that do not fit; it keeps them for its next member as far as it can.
func (t *topic) push(g *group, m *driver.Message, at driver.Place) {
	for len(g.members) == 0 && t.full(g) {
		g.Forget()
	}
	g.Push(m, at)
}

func (g *group) notify() {
	for _, m := range g.members {
		m.Notify()
	}
}

// makeRoom tells those who wait for room. The lock is held.
func (t *topic) makeRoom() {
	if t.room != nil && !t.anyFull() {
		close(t.room)
		t.room = nil
	}
}

// join adds a member to a group, which is made if it is not there yet: with
// what is there for whoever comes first.
func (t *topic) join(name string, latest bool) (*group, *driver.Member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g := t.groups[name]
	if g == nil {
		g = t.newGroup()
		if !latest && len(t.groups) == 0 {
			g, t.idle = t.idle, t.newGroup()
		}
		t.groups[name] = g
		t.list = append(t.list, g)
	}
	m := driver.NewMember()
	g.members = append(g.members, m)
	return g, m
}
