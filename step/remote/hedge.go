package remote

import (
	"context"
	"time"
)

// result is what an attempt came to.
type result struct {
	a *answer
	f *failure
}

// raced is one attempt; when it takes longer than hedge_after, a second one
// races it. The first success counts, and the other attempt is ended. It returns
// when both are over.
func (c *client) raced(ctx context.Context, r *request) (*answer, *failure) {
	if c.hedge == 0 {
		return c.attempt(ctx, r)
	}
	sub, cancel := context.WithCancel(ctx)
	results := make(chan result, 2)
	running := 0
	launch := func() {
		running++
		go func() {
			a, f := c.attempt(sub, r)
			results <- result{a, f}
		}()
	}
	defer func() {
		cancel()
		for ; running > 0; running-- {
			<-results
		}
	}()
	launch()
	t := time.NewTimer(c.hedge)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			launch()
		case got := <-results:
			running--
			if got.f == nil || got.f.final || running == 0 {
				return got.a, got.f
			}
		}
	}
}
