package telemetry

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxBatchSizes is how many sizes of batches of one model are told apart; rows in
// batches of further sizes count only in the sum.
const maxBatchSizes = 256

// batches are the sizes of the batches that a model has served.
type batches struct {
	rows   atomic.Uint64
	kinds  atomic.Int64
	bySize sync.Map // of *batch, by int
}

// batch counts the batches of one size.
type batch struct{ count, took atomic.Uint64 }

// Batch counts a batch of rows that a model has served in d, besides the End of it.
func (m *ModelMetrics) Batch(rows int, d time.Duration) {
	b := &m.batches
	b.rows.Add(uint64(rows))
	v, ok := b.bySize.Load(rows)
	if !ok {
		if b.kinds.Load() >= maxBatchSizes {
			return
		}
		if v, ok = b.bySize.LoadOrStore(rows, &batch{}); !ok {
			b.kinds.Add(1)
		}
	}
	one := v.(*batch)
	one.count.Add(1)
	one.took.Add(uint64(d))
}

// A BatchCount is how many batches of a size were served, and how long that took in
// all.
type BatchCount struct {
	Size  int
	Count uint64
	Took  time.Duration
}

// counts are the batches by size.
func (b *batches) counts() []BatchCount {
	var all []BatchCount
	b.bySize.Range(func(size, v any) bool {
		one := v.(*batch)
		all = append(all, BatchCount{size.(int), one.count.Load(), time.Duration(one.took.Load())})
		return true
	})
	slices.SortFunc(all, func(a, b BatchCount) int { return cmp.Compare(a.Size, b.Size) })
	return all
}
