package python

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"

	"github.com/leat-ml/leat/serve"
)

// A Failure is an exception of the user's code, or of Python with it.
type Failure struct {
	Class     string `json:"class"` // "ValueError"
	Message   string `json:"message"`
	Traceback string `json:"traceback"` // of the user's frames
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	Function  string `json:"function"`
	Doing     string `json:"doing"`
	Status    int    `json:"status"` // of HTTP, where the code names one
	Route     int    `json:"route"`  // of a router: which failure of a route this is; 0 is none
}

// Error is the exception as Python prints it, behind its place.
func (f *Failure) Error() string {
	text := f.Class
	if f.Message != "" {
		text += ": " + f.Message
	}
	if at := f.place(); at != "" {
		return at + ": " + text
	}
	return text
}

// place is where the code failed: "code.py:12 in predict"; "" if that is not
// known. Folders are left out, since clients read it.
func (f *Failure) place() string {
	if f.File == "" || f.Line <= 0 {
		return ""
	}
	at := fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
	if f.Function != "" && f.Function != "<module>" {
		at += " in " + f.Function
	}
	return at
}

// failureOf reads the metadata of an ERROR.
func failureOf(meta []byte) *Failure {
	f := &Failure{}
	if err := json.Unmarshal(meta, f); err != nil || f.Class == "" {
		return &Failure{Class: "RuntimeError", Message: "the worker told of an error that cannot be read"}
	}
	return f
}

// codes are the kinds of failures by the status that an exception names.
var codes = map[int]serve.Code{
	http.StatusBadRequest: serve.BadRequest, http.StatusUnauthorized: serve.Unauthenticated,
	http.StatusForbidden: serve.Forbidden, http.StatusNotFound: serve.NotFound,
	http.StatusMethodNotAllowed: serve.WrongMethod, http.StatusRequestTimeout: serve.NotYet,
	http.StatusRequestEntityTooLarge: serve.TooLarge, http.StatusUnsupportedMediaType: serve.Unsupported,
	http.StatusUnprocessableEntity: serve.BadRequest, http.StatusTooManyRequests: serve.Limited,
	http.StatusNotImplemented: serve.NotOffered, http.StatusServiceUnavailable: serve.Unavailable,
	http.StatusGatewayTimeout: serve.Timeout,
}

// unwritable is how the worker words that what the code returned cannot be
// encoded: with the path to it.
var unwritable = regexp.MustCompile(`^(outputs|result|response|body|event\.body)\S*: (Object of type |keys must be |the value contains itself|nested too deep)`)

// answer is the failure as requests are answered with it: in MLRun's contract
// class and text, elsewhere with the place in the user's code.
func (f *Failure) answer() error {
	code, known := codes[f.Status]
	switch {
	case known:
	case f.Status >= 400 && f.Status < 500:
		code = serve.BadRequest
	case f.Doing == "encode", unwritable.MatchString(f.Message):
		code = serve.Unwritable
	case f.Doing == "validate":
		code = serve.BadRequest
	}
	op := f.Class
	if at := f.place(); at != "" {
		op = at + ": " + op
	}
	return &serve.Error{Code: code, Op: op, Class: f.Class, Err: &raised{f.Message, f.Traceback, f.Route}}
}

// raised is the text of an exception.
type raised struct {
	text, traceback string
	route           int // as of [Failure]
}

func (r *raised) Error() string { return r.text }

// Traceback is what package record looks for where a spec is verbose.
func (r *raised) Traceback() string { return r.traceback }

// routeOf is which failure of a route err is; 0 is none.
func routeOf(err error) int {
	var r *raised
	if errors.As(err, &r) {
		return r.route
	}
	return 0
}
