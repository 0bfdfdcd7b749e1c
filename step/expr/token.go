package expr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	end kind = iota
	name
	number
	text    // a string literal
	operand // an operator or a delimiter
)

// A token is one word of an expression. pos is the byte at which it begins.
type token struct {
	kind kind
	text string // as written
	pos  int
}

// A SyntaxError says what is wrong with an expression, and where.
type SyntaxError struct {
	Text   string // the expression
	Column int    // in characters, from 1
	Msg    string
}

// Error returns the expression, the column and what is wrong there.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("expression %s: column %d: %s", shorten(e.Text), e.Column, e.Msg)
}

// shorten keeps an expression readable within a message.
func shorten(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// operators, the longest first.
var operators = []string{
	"**=", "//=", ">>=", "<<=", "...", "!=", "==", "<=", ">=", "**", "//", "<<", ">>", ":=", "->",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
	"+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=", "&", "|", "^", "~", "@", ";", "!",
}

// tokenize splits src, the part of the whole expression that begins at byte
// base, into tokens, of which the last is the end.
func (c *compiler) tokenize(src string, base int) ([]token, error) {
	var tokens []token
	for i := 0; ; {
		for i < len(src) && strings.IndexByte(" \t\r\n\f", src[i]) >= 0 {
			i++
		}
		if i == len(src) {
			return append(tokens, token{end, "", base + i}), nil
		}
		t, err := c.token(src[i:], base+i)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		i += len(t.text)
	}
}

// token reads the token with which s begins.
func (c *compiler) token(s string, pos int) (token, error) {
	first, _ := utf8.DecodeRuneInString(s)
	switch {
	case digit(s[0]) || s[0] == '.' && len(s) > 1 && digit(s[1]):
		return token{number, s[:numberLen(s)], pos}, nil
	case s[0] == '\'' || s[0] == '"':
		return c.stringToken(s, 0, pos)
	case first == '_' || unicode.IsLetter(first):
		n := wordLen(s)
		if n < len(s) && (s[n] == '\'' || s[n] == '"') && n <= 2 {
			return c.stringToken(s, n, pos)
		}
		return token{name, s[:n], pos}, nil
	case first == '#':
		return token{}, c.errorf(pos, "comments are not supported")
	}
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return token{operand, op, pos}, nil
		}
	}
	return token{}, c.errorf(pos, "%q means nothing here", first)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func wordLen(s string) int {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(s)
}

// numberLen is how far a number goes: letters and digits, a point, and a sign
// behind an exponent. What it says is checked when it is read.
func numberLen(s string) int {
	i, point := 0, false
	hex := len(s) > 1 && s[0] == '0' && strings.IndexByte("xXbBoO", s[1]) >= 0
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case digit(c), c == '_', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		case c == '.' && !point && !hex:
			point = true
		case (c == '+' || c == '-') && !hex && (s[i-1] == 'e' || s[i-1] == 'E'):
		default:
			return i
		}
	}
	return i
}

// stringToken reads a string literal whose prefix is n bytes long.
func (c *compiler) stringToken(s string, n, pos int) (token, error) {
	quote := s[n : n+1]
	if strings.HasPrefix(s[n:], strings.Repeat(quote, 3)) {
		quote = s[n : n+3]
	}
	for i := n + len(quote); i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '\n' && len(quote) == 1:
			return token{}, c.errorf(pos, "the string that begins here does not end on its line")
		case strings.HasPrefix(s[i:], quote):
			return token{text, s[:i+len(quote)], pos}, nil
		}
	}
	return token{}, c.errorf(pos, "the string that begins here does not end")
}
