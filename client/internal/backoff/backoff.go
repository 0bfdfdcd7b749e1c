// Package backoff is how long clients wait between tries.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	first   = 50 * time.Millisecond
	longest = 2 * time.Second
)

// Wait is how long to wait after a try, the first being 0: what the server asks for,
// else at random up to a length that doubles; at most two seconds.
func Wait(try int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, longest)
	}
	most := min(first<<min(try, 10), longest)
	return most/2 + rand.N(most/2) //nolint:gosec // no secret
}

// Pause waits, unless ctx ends before that; then it returns false, at once if the
// deadline is known to be too early.
func Pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
