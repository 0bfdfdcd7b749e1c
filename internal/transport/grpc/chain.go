package grpc

import "iter"

// A chain is what is under way, in memory of its own: to enter and to leave it allocates
// nothing. Whoever has it guards it and its links.
type chain[T any] struct{ first *link[T] }

// A link is one of a chain.
type link[T any] struct {
	is         T
	prev, next *link[T]
	in         bool
}

// push puts a link that is not in the chain into it.
func (c *chain[T]) push(l *link[T]) {
	l.in, l.prev, l.next = true, nil, c.first
	if c.first != nil {
		c.first.prev = l
	}
	c.first = l
}

// drop takes a link out of the chain, if it is in it.
func (c *chain[T]) drop(l *link[T]) {
	if !l.in {
		return
	}
	if l.prev == nil {
		c.first = l.next
	} else {
		l.prev.next = l.next
	}
	if l.next != nil {
		l.next.prev = l.prev
	}
	l.in, l.prev, l.next = false, nil, nil
}

// all are the links, each of which may be dropped when it comes.
func (c *chain[T]) all() iter.Seq[*link[T]] {
	return func(yield func(*link[T]) bool) {
		for l := c.first; l != nil; {
			next := l.next
			if !yield(l) {
				return
			}
			l = next
		}
	}
}
