package remote

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/leat-ml/leat/serve"
)

// A retryPolicy says how often, and when, a failed attempt is repeated.
type retryPolicy struct {
	most   int
	always bool    // also what is not idempotent: the spec says so
	factor float64 // seconds
}

// longestWait is the longest delay between two attempts.
const longestWait = 120 * time.Second

// delay is how long to wait after attempt n failed: factor x 2^(n-1) seconds at
// most, and half of that at least, so that many callers do not come back at
// once.
func (p *retryPolicy) delay(n int) time.Duration {
	d := p.factor * math.Pow(2, float64(n-1)) * float64(time.Second)
	d = min(d, float64(longestWait))
	return time.Duration(d/2 + d/2*rand.Float64())
}

// again says whether attempt n, which failed, is to be repeated.
func (p *retryPolicy) again(method string, n int, f *failure) bool {
	return n <= p.most && !f.final && (p.always || f.unsent || idempotent(method))
}

// do makes a call: attempts until one succeeds, no further one is allowed, or
// there is no time left for it. A status below 500 is a success; whether one
// from 400 on is an error decides the caller, who gets answer and error.
func (c *client) do(ctx context.Context, r *request) (*answer, error) {
	var last *failure
	for n := 1; ; n++ {
		if c.note != nil && n > 1 {
			c.note(ctx, "leat.attempts", strconv.Itoa(n))
		}
		a, f := c.guarded(ctx, r)
		if f == nil {
			return a, nil
		}
		if f.open && last != nil { // what opened the breaker says more
			return nil, c.attempted(last, n-1)
		}
		last = f
		if !c.retry.again(r.method, n, f) {
			return a, c.attempted(f, n)
		}
		if !pause(ctx, max(c.retry.delay(n), f.wait)) {
			if ctx.Err() != nil {
				f = c.over(ctx, r)
			}
			return a, c.attempted(f, n)
		}
	}
}

// attempted is the error of a call that failed with its n-th attempt.
func (c *client) attempted(f *failure, n int) error {
	if f.err.Code == serve.Canceled {
		return f.err
	}
	f.err.Op = fmt.Sprintf("attempt %d of %d", n, max(n, c.retry.most+1))
	return f.err
}

// pause waits; it is false, at once if that can be told, when ctx ends sooner.
func pause(ctx context.Context, d time.Duration) bool {
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

// guarded is an attempt, or two that race, if the host's breaker lets it
// through.
func (c *client) guarded(ctx context.Context, r *request) (*answer, *failure) {
	b := c.breakers.of(r.url.Host)
	half, wait, ok := b.allow()
	if !ok {
		return nil, c.open(r, wait)
	}
	o := abandoned
	defer func() { b.done(o, half) }() // also when it panics, or a probe would never end
	a, f := c.raced(ctx, r)
	switch {
	case f == nil || f.final && a != nil:
		o = succeeded
	case f.err.Code == serve.Canceled:
	case f.final && f.err.Code != serve.Timeout: // not the host's fault
	default:
		o = failed
	}
	return a, f
}

// retryAfter is how long the other service asks to be left alone, if it says so
// in seconds.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, longestWait)
}
