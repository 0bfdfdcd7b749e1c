package jsontext

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Errors of the conversions from text to a number. [SyntaxError] and
// [ElementError] are what the methods of [Lexer] return.
var (
	// ErrRange says that a number has no finite value of the wanted type.
	ErrRange = errors.New("number out of range")
	// ErrNumber says that a token is not a JSON number, or not an integer
	// where one is wanted.
	ErrNumber = errors.New("not a number of the wanted form")
)

// ErrFull says that an array has more elements than [Dims.Fixed] allows.
var ErrFull = errors.New("the array has more elements than there is room for")

// A SyntaxError says where a document stops being JSON.
type SyntaxError struct {
	Offset int // of the offending byte, from 0; the document's length at its end
	Msg    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d: %s", e.Offset, e.Msg)
}

// An ElementError names an element of an array that is valid JSON but not a
// value of the array's type.
type ElementError struct {
	Index   int    // of the element, counting flat in row-major order
	Offset  int    // of the element's first byte in the document
	Token   string // the element's text, cut when long
	Problem string // such as "not an integer" or "out of range for INT8"
}

func (e *ElementError) Error() string {
	return fmt.Sprintf("element %d is %s, %s", e.Index, e.Token, e.Problem)
}

const maxTokenText = 40 // bytes of a token quoted in an error

// errorAt returns a SyntaxError at the cursor.
func (l *Lexer) errorAt(msg string) error {
	return &SyntaxError{Offset: l.Pos, Msg: msg}
}

// expected returns a SyntaxError that says what was wanted at the cursor and
// what is there.
func (l *Lexer) expected(want string) error {
	if l.Pos >= len(l.Data) {
		return l.errorAt("expected " + want + ", found the end of the text")
	}
	found, _ := utf8.DecodeRune(l.Data[l.Pos:])
	return l.errorAt(fmt.Sprintf("expected %s, found %q", want, found))
}

// element returns the error for the element at the cursor, which is not what
// the array holds: an ElementError if it is a JSON value at all.
func (l *Lexer) element(index int, problem string) error {
	v := *l
	v.SkipSpace()
	start := v.Pos
	if err := v.Skip(); err != nil {
		return err
	}
	token := string(v.Data[start:min(v.Pos, start+maxTokenText)])
	if v.Pos-start > maxTokenText {
		token = strings.ToValidUTF8(token, "") + "..."
	}
	return &ElementError{Index: index, Offset: start, Token: token, Problem: problem}
}
