package stream

import "sync"

// lanes hand messages to workers: in their order, and messages of one key one
// after the other. Whoever finds nothing to do fetches for all.
type lanes struct {
	fetch func([]Delivery) (n int, more bool)

	mu       sync.Mutex
	some     sync.Cond
	buf      []Delivery      // fetched and not handed out
	keys     map[string]bool // of messages at work; nil when there is one worker
	fetching bool
	ended    bool
	one      Delivery   // what the only worker has
	into     []Delivery // what is fetched into
	room     []Delivery // of buf, as a rule
}

func (l *lanes) init(fetch func([]Delivery) (int, bool), size int, several bool) {
	l.fetch = fetch
	l.some.L = &l.mu
	l.into, l.room = make([]Delivery, size), make([]Delivery, 0, size)
	if several {
		l.keys = map[string]bool{}
	}
}

// next returns a message to handle; nil when there will be none any more.
func (l *lanes) next() *Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if d := l.pick(); d != nil {
			if len(l.buf) > 0 || !l.fetching {
				l.some.Signal()
			}
			return d
		}
		switch {
		case l.ended && len(l.buf) == 0:
			l.some.Broadcast()
			return nil
		case l.fetching || l.ended || len(l.buf) >= len(l.into): // what is here waits for its keys
			l.some.Wait()
		default:
			l.fetchMore()
		}
	}
}

// fetchMore gives the lock away while it fetches.
func (l *lanes) fetchMore() {
	l.fetching = true
	into := l.into
	l.mu.Unlock()
	n, more := l.fetch(into)
	l.mu.Lock()
	l.fetching = false
	l.ended = !more
	if len(l.buf) == 0 {
		l.buf = l.room
	}
	l.buf = append(l.buf, into[:n]...)
	clear(into[:n])
}

// pick takes the first message out whose key is free.
func (l *lanes) pick() *Delivery {
	if l.keys == nil && len(l.buf) > 0 {
		l.one = l.buf[0]
		l.drop(0)
		return &l.one
	}
	for i := range l.buf {
		key := l.buf[i].Key
		if key != "" {
			if l.keys[key] || l.earlier(i, key) {
				continue
			}
			l.keys[key] = true
		}
		d := l.buf[i]
		l.drop(i)
		return &d
	}
	return nil
}

// earlier says whether a message of the key waits in front of i.
func (l *lanes) earlier(i int, key string) bool {
	for at := range i {
		if l.buf[at].Key == key {
			return true
		}
	}
	return false
}

// drop takes a message out of the buffer.
func (l *lanes) drop(i int) {
	copy(l.buf[1:i+1], l.buf[:i])
	l.buf[0] = Delivery{}
	l.buf = l.buf[1:]
}

// free says that a message of a key is done, so that the next one can go.
func (l *lanes) free(key string) {
	if l.keys == nil || key == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
	l.some.Broadcast()
}
