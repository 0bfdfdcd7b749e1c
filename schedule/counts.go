package schedule

import (
	"slices"
	"time"

	"github.com/leat-ml/leat/serve"
)

// maxSizes is how many sizes of batches are counted one by one; more are in the
// nearest that is.
const maxSizes = 1024

// counts are a batcher's. The lock is held.
type counts struct{ serve.Counts }

// executed counts a call.
func (c *counts) executed(requests, rows int, took, waited time.Duration) {
	c.Executions++
	c.Rows += uint64(rows)
	c.Queue.Count += uint64(requests)
	c.Queue.Took += max(0, waited)
	i, found := slices.BinarySearchFunc(c.Batches, rows, func(b serve.BatchCount, rows int) int { return b.Rows - rows })
	if !found && len(c.Batches) < maxSizes {
		c.Batches = slices.Insert(c.Batches, i, serve.BatchCount{Rows: rows})
	}
	c.Batches[min(i, len(c.Batches)-1)].Add(took)
}

// Counts implements [serve.Counter].
func (b *Batcher) Counts() (serve.Counts, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.counts.Counts
	all.Batches = slices.Clone(all.Batches)
	return all, true
}
