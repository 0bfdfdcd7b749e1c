package textformat

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/leat-ml/leat/internal/config/document"
)

// A kind says what a token is.
type kind uint8

const (
	atEnd kind = iota
	isWord
	isNumber
	isText // one string, without its quotes and with its escapes resolved
	isMark // one of {}<>[]:,;-
)

// A token is one word of the text.
type token struct {
	kind kind
	text string
	pos  document.Pos
}

// String is the token as a message names it.
func (t token) String() string {
	switch t.kind {
	case atEnd:
		return "the end of the file"
	case isText:
		return "a string"
	}
	return fmt.Sprintf("%q", t.text)
}

// A lexer cuts a text into tokens. The first error ends it.
type lexer struct {
	text      string
	off       int
	line      int
	lineStart int
	seen      int // how far columns have been counted in the line
	col       int // the column there, from 0
	err       *Problem
}

func (l *lexer) fail(pos document.Pos, format string, args ...any) {
	if l.err == nil {
		l.err = &Problem{Pos: pos, Msg: fmt.Sprintf(format, args...)}
	}
	l.off = len(l.text)
}

// pos is where the lexer is. It counts on from the last place that was asked for: a
// file may be one line.
func (l *lexer) pos() document.Pos {
	if l.seen < l.lineStart {
		l.seen, l.col = l.lineStart, 0
	}
	if l.off > l.seen {
		l.col += utf8.RuneCountInString(l.text[l.seen:l.off])
		l.seen = l.off
	}
	return document.Pos{Line: l.line + 1, Col: l.col + 1}
}

// skip passes over space and comments.
func (l *lexer) skip() {
	for l.off < len(l.text) {
		switch c := l.text[l.off]; c {
		case '\n':
			l.off++
			l.line, l.lineStart = l.line+1, l.off
		case ' ', '\t', '\r', '\v', '\f':
			l.off++
		case '#':
			if end := strings.IndexByte(l.text[l.off:], '\n'); end >= 0 {
				l.off += end
			} else {
				l.off = len(l.text)
			}
		default:
			return
		}
	}
}

// next returns the next token; after an error, the end.
func (l *lexer) next() token {
	l.skip()
	t := token{pos: l.pos()}
	if l.off >= len(l.text) {
		return t
	}
	switch c := l.text[l.off]; {
	case isLetter(c):
		t.kind, t.text = isWord, l.run(func(c byte) bool { return isLetter(c) || isDigit(c) })
	case isDigit(c), c == '.':
		t.kind, t.text = isNumber, l.number()
	case c == '"' || c == '\'':
		t.kind, t.text = isText, l.quoted(t.pos)
	case strings.IndexByte("{}<>[]:,;-", c) >= 0:
		t.kind, t.text = isMark, l.text[l.off:l.off+1]
		l.off++
	default:
		r, _ := utf8.DecodeRuneInString(l.text[l.off:])
		l.fail(t.pos, "%q is not understood%s", r, strange[r])
	}
	if l.err != nil {
		return token{pos: t.pos}
	}
	return t
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// run takes the bytes that belong together.
func (l *lexer) run(part func(byte) bool) string {
	start := l.off
	for l.off < len(l.text) && part(l.text[l.off]) {
		l.off++
	}
	return l.text[start:l.off]
}

// strange is what characters mean that are not of the format, where that is known.
var strange = map[rune]string{
	'$': ": is this a template that has not been filled in?",
	'/': ": comments begin with #",
}

// number takes what may be a number; whether it is one is seen when its type is
// known.
func (l *lexer) number() string {
	start := l.off
	for l.off < len(l.text) {
		c := l.text[l.off]
		sign := (c == '+' || c == '-') && l.off > start && (l.text[l.off-1]|0x20) == 'e' && !isHex(l.text[start:l.off])
		if !isLetter(c) && !isDigit(c) && c != '.' && !sign {
			break
		}
		l.off++
	}
	return l.text[start:l.off]
}

func isHex(s string) bool { return len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' }

// quoted takes a string in quotes.
func (l *lexer) quoted(at document.Pos) string {
	quote := l.text[l.off]
	l.off++
	start := l.off
	for l.off < len(l.text) {
		switch c := l.text[l.off]; c {
		case quote:
			s, problem := unescape(l.text[start:l.off])
			if problem != "" {
				l.fail(at, "%s", problem)
				return ""
			}
			l.off++
			return s
		case '\n', 0:
			l.fail(at, "the string does not end in its line")
			return ""
		case '\\':
			l.off++
		}
		l.off++
	}
	l.fail(at, "the string does not end")
	return ""
}
