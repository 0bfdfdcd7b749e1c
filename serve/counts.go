package serve

import (
	"slices"
	"time"
)

// Counts are what a model has done, where it is not one call a request: a model
// that puts requests together, or answers some from memory. Those that it answered
// from memory are in none but Hits.
type Counts struct {
	Executions uint64       // calls of the model
	Rows       uint64       // in them
	Batches    []BatchCount // by rows, ascending
	Queue      TimedCount   // requests, and how long they waited
	Hits       TimedCount   // answers from memory
	Misses     TimedCount   // requests that were looked up in vain
}

// A BatchCount is how many calls had so many rows, and how long they took.
type BatchCount struct {
	Rows int
	TimedCount
}

// A TimedCount is a number of things, and how long they took in all.
type TimedCount struct {
	Count uint64
	Took  time.Duration
}

// Plus is the sum of both.
func (c Counts) Plus(o Counts) Counts {
	sum := Counts{
		Executions: c.Executions + o.Executions, Rows: c.Rows + o.Rows,
		Queue: c.Queue.plus(o.Queue), Hits: c.Hits.plus(o.Hits), Misses: c.Misses.plus(o.Misses),
	}
	sum.Batches = append(sum.Batches, c.Batches...)
	for _, b := range o.Batches {
		i, found := slices.BinarySearchFunc(sum.Batches, b.Rows, func(x BatchCount, rows int) int { return x.Rows - rows })
		if found {
			sum.Batches[i].TimedCount = sum.Batches[i].plus(b.TimedCount)
		} else {
			sum.Batches = slices.Insert(sum.Batches, i, b)
		}
	}
	return sum
}

func (c TimedCount) plus(o TimedCount) TimedCount {
	return TimedCount{Count: c.Count + o.Count, Took: c.Took + o.Took}
}

// Add counts one more.
func (c *TimedCount) Add(took time.Duration) {
	c.Count++
	c.Took += max(0, took)
}

// A Counter is a model that has counts. It is safe for concurrent use. ok is false
// where it counts nothing, and each request is a call.
type Counter interface {
	Counts() (c Counts, ok bool)
}
