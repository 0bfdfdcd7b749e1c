// Package jsondoc reads JSON documents in one pass, without building them.
package jsondoc

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxNesting is how deep values that are passed over may be nested.
const maxNesting = 64

// A Document is a cursor on JSON, in which NaN, Infinity and -Infinity are
// numbers too. Each method reads the next value, and fails if it is of another
// kind; errors say at which byte. It keeps the data and is used by one goroutine.
type Document struct {
	data []byte
	at   int
	nest int
}

// New returns a document at its beginning.
func New(data []byte) *Document { return &Document{data: data} }

// fail says what was wrong, and where.
func (d *Document) fail(format string, args ...any) error {
	return fmt.Errorf("byte %d: %s", d.at, fmt.Sprintf(format, args...))
}

// peek returns the next byte that is no white space, 0 at the end.
func (d *Document) peek() byte {
	for d.at < len(d.data) {
		switch c := d.data[d.at]; c {
		case ' ', '\t', '\n', '\r':
			d.at++
		default:
			return c
		}
	}
	return 0
}

// expect passes over c.
func (d *Document) expect(c byte) error {
	if got := d.peek(); got != c || d.at == len(d.data) {
		return d.unexpected(fmt.Sprintf("%q", c))
	}
	d.at++
	return nil
}

func (d *Document) unexpected(wanted string) error {
	if d.at == len(d.data) {
		return d.fail("the file ends where %s belongs", wanted)
	}
	return d.fail("found %q where %s belongs", d.data[d.at], wanted)
}

// list passes over a list in brackets, calling item at the start of each item.
func (d *Document) list(open, end byte, item func() error) error {
	if err := d.expect(open); err != nil {
		return err
	}
	if d.nest++; d.nest > maxNesting {
		return d.fail("nested deeper than %d levels", maxNesting)
	}
	defer func() { d.nest-- }()
	if d.peek() == end {
		d.at++
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if d.peek() == end {
			d.at++
			return nil
		}
		if err := d.expect(','); err != nil {
			return err
		}
	}
}

// Object calls member for each key of an object; member must read the value. The
// key is valid until then.
func (d *Document) Object(member func(key []byte) error) error {
	return d.list('{', '}', func() error {
		key, err := d.string()
		if err != nil {
			return err
		}
		if err := d.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// Array calls element for each element, which it must read.
func (d *Document) Array(element func() error) error { return d.list('[', ']', element) }

// Text reads a string.
func (d *Document) Text() (string, error) {
	s, err := d.string()
	return string(s), err
}

// string returns the next string, a part of the document unless it has escapes.
func (d *Document) string() ([]byte, error) {
	if err := d.expect('"'); err != nil {
		return nil, err
	}
	rest := d.data[d.at:]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		d.at = len(d.data)
		return nil, d.fail("the file ends within a string")
	}
	if s := rest[:end]; bytes.IndexByte(s, '\\') < 0 {
		d.at += end + 1
		return s, nil
	}
	return d.escaped()
}

func (d *Document) escaped() (buf []byte, err error) {
	for d.at < len(d.data) {
		c := d.data[d.at]
		d.at++
		switch c {
		case '"':
			return buf, nil
		case '\\':
			if buf, err = d.escape(buf); err != nil {
				return nil, err
			}
		default:
			buf = append(buf, c)
		}
	}
	return nil, d.fail("the file ends within a string")
}

func (d *Document) escape(buf []byte) ([]byte, error) {
	if d.at == len(d.data) {
		return nil, d.fail("the file ends within a string")
	}
	c := d.data[d.at]
	d.at++
	if at := bytes.IndexByte([]byte(`"\/bfnrt`), c); at >= 0 {
		return append(buf, "\"\\/\b\f\n\r\t"[at]), nil
	}
	if c != 'u' {
		return nil, d.fail(`\%c is no escape`, c)
	}
	r, err := d.hex()
	if err != nil {
		return nil, err
	}
	if utf16.IsSurrogate(r) && bytes.HasPrefix(d.data[d.at:], []byte(`\u`)) {
		d.at += 2
		low, err := d.hex()
		if err != nil {
			return nil, err
		}
		r = utf16.DecodeRune(r, low)
	}
	return utf8.AppendRune(buf, r), nil
}

func (d *Document) hex() (rune, error) {
	if len(d.data)-d.at < 4 {
		return 0, d.fail("the file ends within a string")
	}
	v, err := strconv.ParseUint(string(d.data[d.at:d.at+4]), 16, 16)
	if err != nil {
		return 0, d.fail(`%q is no \u escape`, d.data[d.at:d.at+4])
	}
	d.at += 4
	return rune(v), nil
}

// token returns the next word: a number, true, false or null.
func (d *Document) token() []byte {
	d.peek()
	start := d.at
	for d.at < len(d.data) && inToken[d.data[d.at]] {
		d.at++
	}
	return d.data[start:d.at]
}

var inToken = func() (t [256]bool) {
	for _, c := range []byte("+-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()

// Starts says whether the next value begins with c: '{', '[' or '"'.
func (d *Document) Starts(c byte) bool { return d.peek() == c }

// Skip passes over a value of any kind.
func (d *Document) Skip() error {
	switch d.peek() {
	case '{':
		return d.Object(func([]byte) error { return d.Skip() })
	case '[':
		return d.Array(d.Skip)
	case '"':
		_, err := d.string()
		return err
	}
	token := d.token()
	if len(token) == 0 {
		return d.unexpected("a value")
	}
	switch string(token) {
	case "true", "false", "null":
		return nil
	}
	if !isNumber(token) {
		return fmt.Errorf("%q is not a value (byte %d)", clip(token), d.at-len(token))
	}
	return nil
}

// End checks that nothing follows the document.
func (d *Document) End() error {
	if d.peek(); d.at < len(d.data) {
		return d.fail("found %q after the end of the document", d.data[d.at])
	}
	return nil
}
