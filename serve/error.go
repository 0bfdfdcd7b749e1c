package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A Code is the kind of a failure, from which transports take their status.
type Code int

// OK is the code of what did not fail, where successes and failures are counted
// side by side. No Error has it.
const OK Code = -1

// The kinds of failure.
const (
	Internal   Code = iota // the model or a step failed
	BadRequest             // the request cannot be understood or does not fit the model
	Unauthenticated
	Forbidden
	NotFound    // no such model, version or path
	WrongMethod // the path exists, but not for this method
	NotYet      // a model asked whether it is ready is not
	TooLarge
	Unsupported // a content type or encoding that is not understood
	Limited     // over a rate limit
	NotOffered  // the model has no such operation
	Unavailable // not ready, overloaded or shutting down: worth another try
	Timeout     // the deadline passed
	Canceled    // the caller went away
	Unwritable  // the model answered with what cannot be written
)

// An Error is a failure with its kind. Model authors return one to choose the
// status of the answer; any other error is [Internal].
type Error struct {
	Code Code
	// Op says what was being done and where, "model fraud:2: predict" for
	// example. It is left out of answers in MLRun's contract.
	Op string
	// Class is the exception that MLRun raises here, "ValueError" for example;
	// "" lets the code decide.
	Class string
	// Allow is the method that would have been right, with [WrongMethod].
	Allow string
	Err   error
}

// Errorf returns an [Error] of the code and MLRun class ("" for the code's own)
// with a text formatted as by [fmt.Errorf].
func Errorf(code Code, class, format string, args ...any) *Error {
	return &Error{Code: code, Class: class, Err: fmt.Errorf(format, args...)}
}

// Error returns what was being done and the cause.
func (e *Error) Error() string {
	if e.Op == "" {
		return e.Err.Error()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the kind of err: that of the outermost [Error] in it, Timeout and
// Canceled for the errors of contexts, else Internal.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Canceled
	}
	return Internal
}

var classes = map[Code]string{
	Internal: "Exception", BadRequest: "ValueError", NotFound: "ValueError", WrongMethod: "ValueError",
	NotOffered: "ValueError", Unavailable: "RuntimeError", Timeout: "TimeoutError",
}

// Classic returns err as MLRun words it: "<Class>: <text>", without what was
// being done.
func Classic(err error) string {
	class := ""
	var e *Error
	if errors.As(err, &e) {
		class = e.Class
	}
	if class == "" {
		class = classes[CodeOf(err)]
	}
	if class == "" {
		class = "RuntimeError"
	}
	return class + ": " + Reason(err)
}

// Reason is the text of err without what was being done: what str(exception) is in
// MLRun.
func Reason(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return innermost(e).Error()
	}
	return err.Error()
}

// innermost is the cause below all Errors that only say where it happened.
func innermost(e *Error) error {
	for {
		inner, ok := e.Err.(*Error) //nolint:errorlint // one layer at a time: what wraps an Error has words of its own
		if !ok {
			return e.Err
		}
		e = inner
	}
}

// In says where err happened, unless it says so already: it returns err with op
// in front, its code and class kept.
func In(op string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		if strings.HasPrefix(e.Op, op) {
			return err
		}
		return &Error{Code: e.Code, Op: op, Class: e.Class, Allow: e.Allow, Err: err}
	}
	return &Error{Code: CodeOf(err), Op: op, Err: err}
}
