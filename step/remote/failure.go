package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// A failure is an attempt, or a call, that failed.
type failure struct {
	err    *serve.Error
	unsent bool // the request did not leave: repeating it is safe
	final  bool // another attempt would not help
	open   bool // the breaker let none through
	wait   time.Duration
}

// mostText is how much of a failed answer's text a message repeats.
const mostText = 512

func excerpt(body []byte) string {
	s := strings.ToValidUTF8(string(body), "\uFFFD")
	if len(s) <= mostText {
		return s
	}
	cut := mostText
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// timedOut is for an attempt that took longer than it may, or than the event
// has time. The words are MLRun's.
func (c *client) timedOut(r *request, budget bool) *failure {
	limit := fmt.Sprintf("timeout=%v", c.timeout)
	if budget {
		limit = "the time for the event is over"
	}
	return &failure{
		err:   serve.Errorf(serve.Timeout, "TimeoutError", "http request to %s timed out in %s %s, %s", shown(r.url), c.class, c.name, limit),
		final: budget,
	}
}

// unreachable is for an attempt without an answer.
func (c *client) unreachable(r *request, err error) *failure {
	f := &failure{unsent: dialed(err)}
	code := serve.Unavailable
	var op *net.OpError
	if errors.Is(err, errLinkLocal) {
		code, f.final = serve.BadRequest, true
	} else if !errors.As(err, &op) && !isEOF(err) {
		f.final = final(err)
	}
	f.err = serve.Errorf(code, "OSError", "cannot invoke url: %s, %w", shown(r.url), plain(err))
	return f
}

// plain is the cause below the layer of net/http that repeats the whole URL.
func plain(err error) error {
	var e interface {
		error
		Unwrap() error
		Timeout() bool
	}
	if errors.As(err, &e) && strings.Contains(err.Error(), "://") {
		if inner := e.Unwrap(); inner != nil {
			return inner
		}
	}
	return err
}

// dialed says whether there was no connection, so that nothing was sent.
func dialed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// final says whether err is a matter of configuration, not of luck.
func final(err error) bool {
	text := err.Error()
	for _, sign := range []string{"x509:", "tls:", "redirect", "unsupported protocol", "malformed HTTP"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// refused is for an answer with a status that is an error. From 500 on it is
// worth another attempt.
func (c *client) refused(r *request, a *answer) *failure {
	if a.status >= 500 {
		return &failure{
			err:  serve.Errorf(upstreamCode(a.status), "RuntimeError", "bad http response %d: %s", a.status, excerpt(a.body)),
			wait: retryAfter(a.header),
		}
	}
	return &failure{
		err: serve.Errorf(upstreamCode(a.status), "ValueError", "%s %s got an unexpected response status %d: %s",
			c.class, c.name, a.status, excerpt(a.body)),
		final: true,
	}
}

// upstreamCode is what a status of the other service is to our caller: it is
// to blame only where the other finds fault with the data.
func upstreamCode(status int) serve.Code {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return serve.BadRequest
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return serve.Timeout
	case http.StatusTooManyRequests:
		return serve.Unavailable
	}
	if status >= 500 {
		return serve.Unavailable
	}
	return serve.Internal
}

// open is for a call that the breaker stops.
func (c *client) open(r *request, wait time.Duration) *failure {
	return &failure{
		err: serve.Errorf(serve.Unavailable, "RuntimeError", "%s %s does not call %s for another %v: too many of the last calls failed",
			c.class, c.name, r.url.Host, max(wait, time.Millisecond).Round(time.Millisecond)),
		final: true, open: true,
	}
}

// canceled is for a caller that went away.
func canceled(err error) *failure {
	return &failure{err: &serve.Error{Code: serve.CodeOf(err), Err: err}, final: true}
}

// over says why ctx ended, as a failure of the call.
func (c *client) over(ctx context.Context, r *request) *failure {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return c.timedOut(r, true)
	}
	return canceled(ctx.Err())
}

// A largeError is an answer with more than so many bytes.
type largeError struct{ most int64 }

func (e *largeError) Error() string {
	return fmt.Sprintf("the answer has more than %d bytes (max_response_bytes)", e.most)
}

func (e *largeError) failure(c *client, r *request) *serve.Error {
	return serve.Errorf(serve.Internal, "ValueError", "%s %s called %s: %w", c.class, c.name, shown(r.url), e)
}
