package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

const (
	firstWait   = 50 * time.Millisecond
	longestWait = 2 * time.Second
)

// tries does what do does until that succeeds, or is not worth another try.
func (c *Client) tries(ctx context.Context, k *call, do func() *Error) error {
	for try := 0; ; try++ {
		err := do()
		if err == nil {
			return nil
		}
		if try == c.opts.Retries || !worthAnother(k, err) || !pause(ctx, wait(try, err.RetryAfter)) {
			return err
		}
	}
}

// worthAnother says whether the call may succeed if it is sent again, and does not do
// twice what it may have done already.
func worthAnother(k *call, err *Error) bool {
	switch {
	case errors.Is(err.Err, errUnreadable), errors.Is(err.Err, context.Canceled), errors.Is(err.Err, context.DeadlineExceeded):
		return false
	case err.Status == http.StatusServiceUnavailable, err.Status == http.StatusTooManyRequests:
		return !k.asks // it was refused before anything ran
	case err.Status == http.StatusBadGateway, err.Status == http.StatusGatewayTimeout:
		return k.safe
	case err.Status > 0:
		return false
	}
	return k.safe || notDialed(err.Err)
}

// notDialed says whether there was no connection to send anything over.
func notDialed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// wait is how long to wait after a try: what the server asks for, else at random up
// to a length that doubles.
func wait(try int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, longestWait)
	}
	most := min(firstWait<<min(try, 10), longestWait)
	return most/2 + rand.N(most/2) //nolint:gosec // no secret
}

// pause waits, unless ctx ends before that.
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
