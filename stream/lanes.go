package stream

import "sync"

// lanes hand messages to workers: in their order, and messages of one key one
// after the other. Whoever finds nothing to do fetches for all.
type lanes struct {
	fetch func([]Delivery) (n int, more bool)

	mu       sync.Mutex
	some     sync.Cond
	buf      []Delivery      // fetched and not handed out
	keys     map[string]bool // of messages at work
	single   bool            // there is one worker, who needs neither lock nor keys
	fetching bool
	ended    bool
	into     []Delivery // what is fetched into
}

func (l *lanes) init(fetch func([]Delivery) (int, bool), size int, several bool) {
	l.fetch = fetch
	l.some.L = &l.mu
	l.into, l.single = make([]Delivery, size), !several
	l.keys = map[string]bool{}
}

// next returns a message to handle; nil when there will be none any more.
func (l *lanes) next() *Delivery {
	if l.single {
		return l.only()
	}
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

// only is next for the only worker, who is done with a message by then.
func (l *lanes) only() *Delivery {
	for len(l.buf) == 0 {
		if l.ended {
			return nil
		}
		n, more := l.fetch(l.into)
		l.buf, l.ended = l.into[:n], !more
	}
	d := &l.buf[0]
	l.buf = l.buf[1:]
	return d
}

// fetchMore gives the lock away while it fetches.
func (l *lanes) fetchMore() {
	l.fetching = true
	l.mu.Unlock()
	n, more := l.fetch(l.into)
	l.mu.Lock()
	l.fetching = false
	l.ended = !more
	l.buf = append(l.buf, l.into[:n]...)
	clear(l.into[:n])
}

// pick takes the first message out whose key is free.
func (l *lanes) pick() *Delivery {
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
	if l.single || key == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
	l.some.Broadcast()
}
