package client

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/leat-ml/leat/client/internal/backoff"
)

// tries does what do does until that succeeds, or is not worth another try.
func (c *Client) tries(ctx context.Context, k *call, do func() *Error) error {
	for try := 0; ; try++ {
		err := do()
		if err == nil {
			return nil
		}
		if try == c.opts.Retries || !worthAnother(k, err) || !backoff.Pause(ctx, backoff.Wait(try, err.RetryAfter)) {
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
