package rest

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/leat-ml/leat/oip/jsontext"
	"github.com/leat-ml/leat/serve"
)

// What the transport itself refuses.
var (
	errTooLarge = serve.Errorf(serve.TooLarge, "", "the request body is too large")
	errEncoding = serve.Errorf(serve.Unsupported, "", "the content encoding of the request is not supported; use gzip or deflate")
	errSlow     = serve.Errorf(serve.Timeout, "", "the request body did not arrive in time")
	errLate     = serve.Errorf(serve.Timeout, "", "the deadline passed before the answer was ready")
	errShutDown = serve.Errorf(serve.Unavailable, "", "the server is shutting down")
)

// statusGone is nginx's status for a caller that went away. Only logs see it,
// or a caller whose request was given up by somebody else.
const statusGone = 499

var statuses = map[serve.Code]int{
	serve.Internal:        http.StatusInternalServerError,
	serve.BadRequest:      http.StatusBadRequest,
	serve.Unauthenticated: http.StatusUnauthorized,
	serve.Forbidden:       http.StatusForbidden,
	serve.NotFound:        http.StatusNotFound,
	serve.WrongMethod:     http.StatusMethodNotAllowed,
	serve.NotYet:          http.StatusRequestTimeout,
	serve.TooLarge:        http.StatusRequestEntityTooLarge,
	serve.Unsupported:     http.StatusUnsupportedMediaType,
	serve.Limited:         http.StatusTooManyRequests,
	serve.NotOffered:      http.StatusNotImplemented,
	serve.Unavailable:     http.StatusServiceUnavailable,
	serve.Timeout:         http.StatusGatewayTimeout,
	serve.Canceled:        statusGone,
}

// A hostFailure is a failure that is not the handler's answer: it panicked, or
// its answer cannot be encoded. MLRun's host answers 500 to those and 400 to
// everything else.
type hostFailure struct{ err error }

func (f *hostFailure) Error() string { return f.err.Error() }
func (f *hostFailure) Unwrap() error { return f.err }

// failure returns the answer to the request, which failed with err.
func (c *call) failure(err error) reply {
	rep := c.h.failure(c.out[:0], c.r, err)
	if rep.body != nil {
		c.out = rep.body
	}
	return rep
}

// failure appends the body of the answer to dst, which may be nil.
func (h *Handler) failure(dst []byte, r *http.Request, err error) reply {
	code := serve.CodeOf(err)
	if code == serve.Canceled && errors.Is(context.Cause(r.Context()), errShutDown) {
		err, code = errShutDown, serve.Unavailable // the client is still there
	}
	rep := reply{status: statusOf(err, code), err: err}
	rep.closes = errors.Is(err, errTooLarge) || errors.Is(err, errSlow) // the rest of the body is not read
	switch {
	case code == serve.Canceled && r.Context().Err() != nil:
		rep.abort = true
	case h.opts.MLRun:
		rep.contentType = plainType
		rep.status, rep.body = h.classic(dst, rep.status, err, code)
	default:
		rep.contentType, rep.header = jsonType, failureHeader(err, code)
		dst = append(dst, `{"error":`...)
		rep.body = append(jsontext.AppendString(dst, err.Error()), '}')
	}
	return rep
}

// classic returns the status and the text of MLRun's contract, appended to dst.
func (h *Handler) classic(dst []byte, status int, err error, code serve.Code) (int, []byte) {
	text := cut(serve.Classic(err))
	var host *hostFailure
	switch {
	case errors.As(err, &host), code == serve.Unwritable:
		status = http.StatusInternalServerError
	case code == serve.Unavailable && h.state.Load() != open:
	case code == serve.NotYet:
		text = "model not ready"
	default:
		status = http.StatusBadRequest
	}
	return status, append(dst, text...)
}

func statusOf(err error, code serve.Code) int {
	if errors.Is(err, errSlow) {
		return http.StatusRequestTimeout // 504 would blame somebody behind us
	}
	if s, ok := statuses[code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// failureHeader returns the fields that tell a client what to do; nil if there
// are none.
func failureHeader(err error, code serve.Code) serve.Header {
	switch {
	case code == serve.WrongMethod:
		var e *serve.Error
		if errors.As(err, &e) && e.Allow != "" {
			return serve.Header{"Allow": {e.Allow}}
		}
	case code == serve.Unavailable, code == serve.Limited:
		return serve.Header{"Retry-After": {"1"}} // seconds
	case errors.Is(err, errEncoding):
		return serve.Header{"Accept-Encoding": {"gzip, deflate"}} // RFC 9110, section 12.5.3
	}
	return nil
}

// maxMessage is the longest message of MLRun's contract, in characters.
const maxMessage = 32_000

// cut takes out the middle of a text that is too long.
func cut(text string) string {
	if len(text) <= maxMessage || utf8.RuneCountInString(text) <= maxMessage {
		return text
	}
	const gap = " ... "
	runes := []rune(text)
	half := (maxMessage - len(gap)) / 2
	return string(runes[:half]) + gap + string(runes[len(runes)-half:])
}
