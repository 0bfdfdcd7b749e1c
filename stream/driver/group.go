package driver

import "time"

// A Group is a consumer group for drivers whose backend has none: which message
// is where, who has it, and what the order of keys forbids. It holds a window of
// the stream: what was pushed and is not yet acknowledged from the front on. It
// is not safe for concurrent use: the driver's lock guards it.
type Group struct {
	ring  []entry // a ring of the messages first to first+n-1
	head  int
	n     int
	first int64 // the sequence number of the oldest one
	next  int64 // none before it waits for delivery
	bytes int64
	keys  map[string]*owned
	again int // entries that were delivered before and wait for delivery
}

// A Place is where a message is for the driver: a number for its readers, and
// the one from which the stream goes on behind it.
type Place struct{ Offset, End int64 }

type entry struct {
	m     *Message
	place Place
	size  int64
	due   time.Time // not to be delivered before; zero is any time
	by    *Member   // who has it
	tries int32
	acked bool
}

// owned says which member has messages of a key, and how many.
type owned struct {
	by *Member
	n  int
}

// A Member is a reader of a group.
type Member struct {
	wake chan struct{}
	idle bool
	gone bool
}

// NewMember returns a member to take messages as.
func NewMember() *Member {
	return &Member{wake: make(chan struct{}, 1)}
}

// Len is how many messages are in the window, Bytes about how many bytes.
func (g *Group) Len() int { return g.n }

// Bytes is about how many bytes the window holds on to.
func (g *Group) Bytes() int64 { return g.bytes }

// Waiting says whether a message waits that was not delivered yet, whatever
// the order of its key.
func (g *Group) Waiting() bool { return g.again > 0 || g.next < g.first+int64(g.n) }

// Front is the place of the oldest message that is not acknowledged; ok is
// false when the window is empty.
func (g *Group) Front() (p Place, ok bool) {
	if g.n == 0 {
		return Place{}, false
	}
	return g.at(g.first).place, true
}

// Unacked is how many messages of the window are not acknowledged.
func (g *Group) Unacked() (n int64) {
	for seq := g.first; seq < g.first+int64(g.n); seq++ {
		if !g.at(seq).acked {
			n++
		}
	}
	return n
}

func (g *Group) at(seq int64) *entry {
	i := g.head + int(seq-g.first)
	if i >= len(g.ring) {
		i -= len(g.ring)
	}
	return &g.ring[i]
}

// Push adds a message behind the others.
func (g *Group) Push(m *Message, at Place) {
	if g.n == len(g.ring) {
		g.grow()
	}
	g.n++
	e := g.at(g.first + int64(g.n) - 1)
	*e = entry{m: m, place: at, size: int64(m.Size())}
	g.bytes += e.size
}

func (g *Group) grow() {
	ring := make([]entry, max(16, 2*len(g.ring)))
	for i := range g.n {
		ring[i] = *g.at(g.first + int64(i))
	}
	g.ring, g.head = ring, 0
}

// Take fills dst with what m may have now. wake is when the next message that
// waits for its time will be due; zero if there is none.
func (g *Group) Take(m *Member, dst []Delivery) (n int, wake time.Time) {
	var blocked map[string]bool // keys of which an earlier one must come first
	var now time.Time
	front := true // everything before seq has been delivered
	for seq := g.next; seq < g.first+int64(g.n) && n < len(dst); seq++ {
		e := g.at(seq)
		if e.by != nil || e.acked {
			if front {
				g.next = seq + 1
			}
			continue
		}
		late := false
		if !e.due.IsZero() {
			if now.IsZero() {
				now = time.Now()
			}
			if late = e.due.After(now); late && (wake.IsZero() || e.due.Before(wake)) {
				wake = e.due
			}
		}
		if late || e.m.Key != "" && (blocked[e.m.Key] || !g.own(e.m.Key, m)) {
			if e.m.Key != "" && blocked == nil {
				blocked = map[string]bool{}
			}
			if e.m.Key != "" {
				blocked[e.m.Key] = true
			}
			front = false
			continue
		}
		g.deliver(seq, e, m, &dst[n])
		n++
		if front {
			g.next = seq + 1
		}
	}
	return n, wake
}

// own makes m the one that has messages of a key, unless another has.
func (g *Group) own(key string, m *Member) bool {
	o := g.keys[key]
	if o == nil {
		if g.keys == nil {
			g.keys = map[string]*owned{}
		}
		o = &owned{by: m}
		g.keys[key] = o
	}
	if o.by != m {
		return false
	}
	o.n++
	return true
}

func (g *Group) disown(key string) {
	if key == "" {
		return
	}
	o := g.keys[key]
	if o.n--; o.n == 0 {
		delete(g.keys, key)
	}
}

func (g *Group) deliver(seq int64, e *entry, m *Member, d *Delivery) {
	if e.tries > 0 {
		g.again--
	}
	e.by = m
	e.tries++
	*d = Delivery{Message: e.m, Offset: e.place.Offset, Attempt: int(e.tries), seq: seq}
}

// Settle says what became of a delivery to m. It reports whether that was still
// open.
func (g *Group) Settle(m *Member, s *Settlement) bool {
	if s.seq < g.first || s.seq >= g.first+int64(g.n) {
		return false
	}
	e := g.at(s.seq)
	if e.by != m {
		return false
	}
	g.disown(e.m.Key)
	e.by = nil
	if s.Again {
		g.putBack(s.seq, e)
		if s.After > 0 {
			e.due = time.Now().Add(s.After)
		}
		return true
	}
	e.acked = true
	g.trim()
	return true
}

// Forget takes the oldest message out of a window that no member has anything
// of.
func (g *Group) Forget() {
	if g.n == 0 {
		return
	}
	if e := g.at(g.first); e.tries > 0 {
		g.again--
	}
	g.at(g.first).acked = true
	g.trim()
}

// trim takes what is acknowledged off the front.
func (g *Group) trim() {
	for g.n > 0 && g.at(g.first).acked {
		g.bytes -= g.at(g.first).size
		*g.at(g.first) = entry{}
		g.first++
		g.n--
		if g.head++; g.head == len(g.ring) {
			g.head = 0
		}
	}
	g.next = max(g.next, g.first)
}

func (g *Group) putBack(seq int64, e *entry) {
	e.by, e.due = nil, time.Time{}
	g.again++
	g.next = min(g.next, seq)
}

// Leave gives back what a member has.
func (g *Group) Leave(m *Member) {
	m.gone = true
	for seq := g.first; seq < g.first+int64(g.n); seq++ {
		if e := g.at(seq); e.by == m {
			g.disown(e.m.Key)
			g.putBack(seq, e)
		}
	}
	m.notify()
}

// Wait is called under the driver's lock by a member that found nothing: the
// channel it returns gets a value at the next Notify.
func (m *Member) Wait() <-chan struct{} {
	m.idle = true
	return m.wake
}

// Gone says that the member has left.
func (m *Member) Gone() bool { return m.gone }

// Notify wakes a member that waits: there may be something for it.
func (m *Member) Notify() { m.notify() }

func (m *Member) notify() {
	if !m.idle {
		return
	}
	m.idle = false
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
