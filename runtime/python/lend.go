package python

// lend has a call use shared memory, if it is large or its answer is likely to be.
func (c *conn) lend(w *call, f *frame) *frame {
	c.mu.Lock()
	answer := c.large[f.object]
	c.mu.Unlock()
	if len(f.body) < sharedFrom && answer < sharedFrom {
		return f
	}
	sent, l := c.shared.share(f, answer)
	w.lease = l
	return &sent
}

// collect takes an answer out of shared memory, and gives that back.
func (c *conn) collect(w *call, last *frame) (err error) {
	switch {
	case last.flags&isShared == 0:
	case c.shared == nil || w.lease.room.size == 0:
		err = errAnswer
	default:
		err = c.shared.fetch(last, w.lease.room)
	}
	c.shared.give(w.lease)
	if n := len(last.body); n >= sharedFrom || w.lease.room.size > 0 {
		c.mu.Lock()
		c.large[last.object] = n + n/8
		c.mu.Unlock()
	}
	return err
}
