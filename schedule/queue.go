package schedule

import (
	"context"
	"slices"
	"time"

	"github.com/leat-ml/leat/serve"
)

// An item is a request in a queue.
type item struct {
	ctx     context.Context //nolint:containedctx // the caller's, who waits meanwhile
	req     *serve.Request
	rows    int
	shaped  bool // it can be put together with others
	queue   *queue
	since   time.Time
	timeout time.Duration

	done chan struct{} // closed when out and err are there
	out  any
	err  error
}

// A queue is the requests of one priority, the first first.
type queue struct {
	policy  Policy
	items   []*item
	delayed []*item // that have waited too long, and go when nobody else waits
}

func (q *queue) len() int { return len(q.items) + len(q.delayed) }

func (q *queue) push(it *item) { q.items = append(q.items, it) }

// remove takes an item out; false if it is not there any more.
func (q *queue) remove(it *item) bool {
	for _, list := range []*[]*item{&q.items, &q.delayed} {
		if i := slices.Index(*list, it); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
			return true
		}
	}
	return false
}

// gather takes the requests of the next call out of the queues. It is empty where
// the first is to wait for others, which pause says how long. The lock is held.
func (b *Batcher) gather(now time.Time) (batch []*item, pause time.Duration) {
	candidates, full := b.candidates()
	if len(candidates) == 0 {
		return nil, 0
	}
	n := len(candidates)
	switch pause = b.o.Delay - now.Sub(candidates[0].since); {
	case b.preferred(candidates) > 0:
		n = b.preferred(candidates)
	case full, pause <= 0, !candidates[0].shaped:
	default:
		return nil, pause
	}
	batch = slices.Clone(candidates[:n])
	for _, it := range batch {
		it.queue.remove(it)
	}
	b.waiting -= len(batch)
	return batch, 0
}

// candidates are the requests that could go together, in order: the first and
// those behind it that are like it, up to one that is not or does not fit any more,
// in which case full is true.
func (b *Batcher) candidates() (all []*item, full bool) {
	rows := 0
	add := func(list []*item) {
		for _, it := range list {
			switch {
			case full:
				return
			case len(all) == 0:
				all, rows, full = append(all, it), it.rows, !it.shaped
			case rows+it.rows > b.o.MaxRows, !alike(all[0], it):
				full = true
			default:
				all, rows = append(all, it), rows+it.rows
			}
		}
	}
	for i := range b.queues {
		add(b.queues[i].items)
	}
	for i := range b.queues {
		add(b.queues[i].delayed)
	}
	return all, full || rows >= b.o.MaxRows
}

// preferred is how many of the candidates make the largest batch of a preferred
// size; 0 is none.
func (b *Batcher) preferred(candidates []*item) (n int) {
	rows := 0
	for i, it := range candidates {
		if rows += it.rows; slices.Contains(b.o.Preferred, rows) {
			n = i + 1
		}
	}
	return n
}

// complete says whether a request of so many rows need not wait for others.
func (b *Batcher) complete(rows int) bool {
	return rows >= b.o.MaxRows || slices.Contains(b.o.Preferred, rows)
}
