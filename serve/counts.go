package serve

import "time"

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
