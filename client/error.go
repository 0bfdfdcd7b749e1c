package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/leat-ml/leat/serve"
)

// An Error is why a call failed. Branch on its Code, which is the same over HTTP and
// gRPC: serve.NotFound, serve.Unavailable, serve.Timeout and so on.
type Error struct {
	Op   string // what was asked, "POST http://127.0.0.1:8080/v2/models/iris/infer" for example
	Code serve.Code
	// Status is that of HTTP, or 0 if no server answered, and over gRPC.
	Status int
	// StatusText is how the protocol has the status: "404 Not Found" over HTTP,
	// "NOT_FOUND" over gRPC, "" if no server answered.
	StatusText string
	Message    string // in the server's words
	// RequestID is what the server calls the request in its log; often "".
	RequestID string
	// RetryAfter is when the server says that it may be asked again; 0 if it does not.
	RetryAfter time.Duration
	// ID is that of the request in a stream that failed; often "".
	ID string
	// Ongoing says that one answer of a stream is an error, and that the stream goes on.
	Ongoing bool
	// Err is what went wrong on this side; nil when the server answered.
	Err error
}

// Error says what was asked and why it failed.
func (e *Error) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	case e.StatusText != "":
		return e.Op + ": " + e.StatusText + ": " + e.Message
	}
	return e.Op + ": " + e.Message
}

// Unwrap returns what went wrong on this side.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the kind of a failure of this package: that of the [*Error] in it, else
// as [serve.CodeOf] has it, which is serve.Internal for what nobody knows.
func CodeOf(err error) serve.Code {
	var own *Error
	if errors.As(err, &own) {
		return own.Code
	}
	return serve.CodeOf(err)
}

// codes are the kinds of failures that statuses of HTTP tell of.
var codes = map[int]serve.Code{
	http.StatusUnauthorized:          serve.Unauthenticated,
	http.StatusForbidden:             serve.Forbidden,
	http.StatusNotFound:              serve.NotFound,
	http.StatusMethodNotAllowed:      serve.WrongMethod,
	http.StatusRequestTimeout:        serve.NotYet,
	http.StatusRequestEntityTooLarge: serve.TooLarge,
	http.StatusUnsupportedMediaType:  serve.Unsupported,
	http.StatusTooManyRequests:       serve.Limited,
	http.StatusNotImplemented:        serve.NotOffered,
	http.StatusBadGateway:            serve.Unavailable,
	http.StatusServiceUnavailable:    serve.Unavailable,
	http.StatusGatewayTimeout:        serve.Timeout,
}

func codeOfStatus(status int) serve.Code {
	if code, ok := codes[status]; ok {
		return code
	}
	if status < http.StatusInternalServerError {
		return serve.BadRequest
	}
	return serve.Internal
}

// failed is the error of a call that got no answer, or none that can be read.
func failed(op string, err error) *Error {
	var late net.Error
	code := serve.CodeOf(err)
	switch {
	case errors.Is(err, context.Canceled):
		code = serve.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		code = serve.Timeout
	case code == serve.Internal:
		code = serve.Unavailable
	}
	return &Error{Op: op, Code: code, Err: err}
}
