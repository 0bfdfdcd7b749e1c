package stream

import (
	"context"
	"math/rand/v2"
	"time"
)

// maxBackoff is the longest pause between two attempts to publish.
const maxBackoff = 5 * time.Second

// jitter is a time between half of d and d, so that those who failed together
// do not try again together.
func jitter(d time.Duration) time.Duration {
	if d <= 1 {
		return d
	}
	return d/2 + rand.N(d/2)
}

// pause waits, or returns ctx's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
