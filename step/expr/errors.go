package expr

import (
	"fmt"
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// A failure is an exception on its way to the top of an expression.
type failure struct {
	class, text string
	pos         int // the byte where it was raised; -1 before that is known
	limit       bool
}

func (f *failure) Error() string { return f.class + ": " + f.text }

// raise makes an exception of a Python class.
func raise(class, format string, args ...any) *failure {
	return &failure{class: class, text: fmt.Sprintf(format, args...), pos: -1}
}

func typeError(format string, args ...any) *failure { return raise("TypeError", format, args...) }

func valueError(format string, args ...any) *failure { return raise("ValueError", format, args...) }

// tooBig is the exception for integers beyond 64 bits.
func tooBig(what string) *failure {
	return raise("OverflowError", "%s does not fit in 64 bits", what)
}

// at gives a failure its place, unless it has one.
func at(pos int, v any, err error) (any, error) {
	if err == nil {
		return v, nil
	}
	return nil, placed(pos, err)
}

func placed(pos int, err error) error {
	if f, ok := err.(*failure); ok && f.pos < 0 { //nolint:errorlint // ours, never wrapped
		f.pos = pos
	}
	return err
}

// wrap makes an exception an error that transports and MLRun's contract know.
// An expression sees nothing but its variables, so what it fails over is taken
// for the event's fault; over a limit, for the expression's.
func (p *program) wrap(err error) error {
	f, ok := err.(*failure) //nolint:errorlint // ours, never wrapped
	if !ok {
		return err
	}
	e := serve.Errorf(serve.BadRequest, f.class, "%s", f.text)
	if f.limit {
		e.Code = serve.Internal
	}
	e.Op = fmt.Sprintf("expression %s: column %d: %s", shorten(p.text), p.column(f.pos), f.class)
	return e
}

// column is the place of byte pos in characters, from 1.
func (p *program) column(pos int) int {
	pos = max(0, min(pos, len(p.text)))
	return 1 + utf8.RuneCountInString(p.text[:pos])
}
