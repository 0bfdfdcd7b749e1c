package nats

import (
	"context"
	"fmt"
	"slices"
	"sync"

	client "github.com/nats-io/nats.go"

	"github.com/leat-ml/leat/stream/driver"
)

// How much of a stream a group has in memory before it asks for no more, and how
// much it asks for at a time.
const (
	windowRecords = 4096
	windowBytes   = 8 << 20
	pullMessages  = 512
	pullBytes     = 4 << 20
)

// A group is a consumer group that is open: somebody reads for it. Its members in
// this process share what the server sends.
type group struct {
	driver.Group // guarded by mu, and so is what follows

	log     *log
	name    string
	mu      sync.Mutex
	members []*driver.Member
	packs   map[uint64]*pack // what came and is not settled, by sequence
	failed  error            // why nothing came; for the next who asks
	roomy   chan struct{}    // woken when there may be room
	read    uint64           // the last message that came
	count   int64            // of records up to it, in the server within the process
	saved   saved            // what was done when the group was closed
	dirty   bool             // more is done of a pack than was saved

	consumer consumer
	stop     context.CancelFunc
	stopped  chan struct{}
}

// A pack is a message of the server that is not settled.
type pack struct {
	msg  *client.Msg
	seq  uint64
	left int    // records that are not settled
	done bitmap // those that are, if there are several
}

// join adds a member to a group, which is opened for the first one.
func (l *log) join(ctx context.Context, name string, latest bool) (driver.Reader, error) {
	l.joining.Lock()
	defer l.joining.Unlock()
	g := l.groups[name]
	if g == nil {
		var err error
		if g, err = l.openGroup(ctx, name, latest); err != nil {
			return nil, fmt.Errorf("group %s: %w", name, err)
		}
		l.groups[name] = g
	}
	m := driver.NewMember()
	g.mu.Lock()
	g.members = append(g.members, m)
	g.mu.Unlock()
	return &reader{group: g, member: m}, nil
}

func (l *log) openGroup(ctx context.Context, name string, latest bool) (*group, error) {
	f, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := l.bounded(ctx)
	defer cancel()
	g := &group{log: l, name: name, packs: map[uint64]*pack{}, roomy: make(chan struct{}, 1), stopped: make(chan struct{})}
	if g.saved, err = l.loadSaved(ctx, f, name); err != nil {
		return nil, err
	}
	if g.consumer, err = l.bind(ctx, f, name, latest, g.saved.Floor); err != nil {
		return nil, err
	}
	g.read = g.consumer.floor
	if l.embedded() {
		if g.count, err = l.countBefore(ctx, f, g.read+1); err != nil {
			return nil, err
		}
	}
	life, stop := context.WithCancel(context.Background())
	g.stop = stop
	p, err := g.newPump(f)
	if err != nil {
		stop()
		return nil, err
	}
	go func() {
		defer close(g.stopped)
		p.run(life)
	}()
	return g, nil
}

// full says whether the group has enough for now. The lock is held.
func (g *group) full() bool {
	return g.Len() >= windowRecords/2 || g.Bytes() >= windowBytes/2
}

func (g *group) notify() {
	for _, m := range g.members {
		m.Notify()
	}
}

// push takes a message of the server into the window. It returns false for one
// that there is nothing to do for but to acknowledge it.
func (g *group) push(msg *client.Msg) bool {
	meta, err := msg.Metadata()
	if err != nil {
		return true // it is no message of the stream
	}
	seq := meta.Sequence.Stream
	records := g.records(msg)
	g.mu.Lock()
	defer g.mu.Unlock()
	if p := g.packs[seq]; p != nil { // the server has lost patience
		p.msg = msg
		return true
	}
	if g.log.embedded() && seq <= max(g.read, g.saved.Floor) { // an acknowledgement was lost
		return false
	}
	g.read = max(g.read, seq)
	g.count += int64(len(records))
	p := &pack{msg: msg, seq: seq, done: g.saved.Done[seq]}
	delete(g.saved.Done, seq)
	for i, m := range records {
		if p.done.has(i) {
			continue
		}
		at := int64(seq<<packShift) + int64(i)
		g.Push(m, driver.Place{Offset: at, End: at + 1})
		p.left++
	}
	if p.left == 0 {
		return false
	}
	g.packs[seq] = p
	g.notify()
	return true
}

// records are those of a message. A pack that cannot be read is a record as it
// is: whoever handles it will give it up, and it is kept.
func (g *group) records(msg *client.Msg) []*driver.Message {
	if msg.Header.Get(packField) != "" {
		ms, err := unpack(msg.Data)
		if err == nil {
			return ms
		}
		g.log.server.hub.logger().Error("a message of a stream is no pack of records; it is delivered as it is",
			"subject", g.log.subject, "group", g.name, "bytes", len(msg.Data))
	}
	return []*driver.Message{fromNATS(msg)}
}

// settle says what became of deliveries to a member, and returns the messages
// that are done.
func (g *group) settle(m *driver.Member, batch []driver.Settlement) (done []*client.Msg) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range batch {
		s := &batch[i]
		if !g.Settle(m, s) || s.Again {
			continue
		}
		seq := uint64(s.Offset) >> packShift
		p := g.packs[seq]
		if p.left--; p.left == 0 {
			delete(g.packs, seq)
			done = append(done, p.msg)
			continue
		}
		p.done.set(int(s.Offset & (maxPack - 1)))
		g.dirty = true
	}
	g.notify()
	if !g.full() {
		select {
		case g.roomy <- struct{}{}:
		default:
		}
	}
	return done
}

// open lists the messages that are not settled, in their order. The lock is held.
func (g *group) open() []*pack {
	var list []*pack
	for _, p := range g.packs {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pack) int { return int(int64(a.seq) - int64(b.seq)) })
	return list
}

// low is up to which message everything that came is settled. The lock is held.
func (g *group) low() uint64 {
	low := g.read
	for seq := range g.packs {
		low = min(low, seq-1)
	}
	return max(low, g.saved.Floor)
}
