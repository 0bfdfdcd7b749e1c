package jsontext

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// ReadString reads a string and returns its content with escapes resolved. A
// string without escapes is returned as a part of Data; one with them is
// appended to buf, which may be nil.
func (l *Lexer) ReadString(buf []byte) ([]byte, error) {
	if l.Peek() != '"' {
		return nil, l.expected("a string")
	}
	return l.quoted(buf)
}

// String reads a string and returns a copy of its content.
func (l *Lexer) String() (string, error) {
	s, err := l.ReadString(nil)
	return string(s), err
}

// ReadKey reads an object key and the ':' after it. The key is returned as
// [Lexer.ReadString] returns a string.
func (l *Lexer) ReadKey(buf []byte) ([]byte, error) {
	if l.Peek() != '"' {
		return nil, l.expected("a key in quotes")
	}
	key, err := l.quoted(buf)
	if err != nil {
		return nil, err
	}
	return key, l.colon()
}

// quoted reads the string whose quote is under the cursor.
func (l *Lexer) quoted(buf []byte) ([]byte, error) {
	start := l.Pos + 1
	escaped, err := l.scanString()
	if err != nil {
		return nil, err
	}
	raw := l.Data[start : l.Pos-1 : l.Pos-1]
	if escaped {
		return appendUnescaped(buf, raw), nil
	}
	return raw, nil
}

// scanString moves past the string whose opening quote is under the cursor,
// checking its escapes and its UTF-8, and reports whether it has escapes.
func (l *Lexer) scanString() (escaped bool, err error) {
	l.Pos++
	for {
		l.plainText()
		if l.Pos >= len(l.Data) {
			return false, l.errorAt("string is not closed before the end of the text")
		}
		switch c := l.Data[l.Pos]; {
		case c == '"':
			l.Pos++
			return escaped, nil
		case c == '\\':
			escaped = true
			err = l.scanEscape()
		case c < ' ':
			err = l.errorAt("control character in a string")
		default:
			err = l.scanRune()
		}
		if err != nil {
			return false, err
		}
	}
}

// plainText moves to the next byte that is not printable ASCII, or is a quote
// or a backslash.
func (l *Lexer) plainText() {
	i := l.Pos
	for ; len(l.Data)-i >= 8; i += 8 {
		if n := plainBytes(binary.LittleEndian.Uint64(l.Data[i:])); n < 8 {
			l.Pos = i + n
			return
		}
	}
	for i < len(l.Data) && isPlain(l.Data[i]) {
		i++
	}
	l.Pos = i
}

func isPlain(c byte) bool {
	return c != '"' && c != '\\' && ' ' <= c && c < utf8.RuneSelf
}

// plainBytes returns how many of the first of the word's bytes isPlain accepts.
// A subtraction sets the top bit of the first byte that is below ' ', or that
// equals a quote or a backslash; only later bytes see its borrow.
func plainBytes(w uint64) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	stop := w | (w - ones*' ') | ((w ^ ones*'"') - ones) | ((w ^ ones*'\\') - ones)
	return bits.TrailingZeros64(stop&tops) >> 3
}

func (l *Lexer) scanRune() error {
	r, size := utf8.DecodeRune(l.Data[l.Pos:])
	if r == utf8.RuneError && size == 1 {
		return l.errorAt("string is not valid UTF-8")
	}
	l.Pos += size
	return nil
}

// scanEscape moves past a backslash and what it escapes. A surrogate must be
// half of a pair.
func (l *Lexer) scanEscape() error {
	if l.Pos+1 < len(l.Data) {
		switch l.Data[l.Pos+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			l.Pos += 2
			return nil
		case 'u':
			return l.scanUnicodeEscape()
		}
	}
	return l.errorAt("invalid escape in a string")
}

func (l *Lexer) scanUnicodeEscape() error {
	r, ok := hex4(l.Data[l.Pos+2:])
	if !ok {
		return l.errorAt(`expected four hexadecimal digits after \u`)
	}
	if !utf16.IsSurrogate(r) {
		l.Pos += 6
		return nil
	}
	if _, ok := surrogatePair(r, l.Data[l.Pos+6:]); !ok {
		return l.errorAt("surrogate without its other half in a string")
	}
	l.Pos += 12
	return nil
}

// surrogatePair returns the rune whose first half is r and whose second half is
// the \u escape that text starts with.
func surrogatePair(r rune, text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	low, ok := hex4(text[2:])
	pair := utf16.DecodeRune(r, low)
	return pair, ok && pair != utf8.RuneError
}

func hex4(text []byte) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range text[:4] {
		d := hexDigit(c)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | d
	}
	return r, true
}

func hexDigit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}

// appendUnescaped appends the content of a string that scanString has accepted.
func appendUnescaped(dst, raw []byte) []byte {
	for len(raw) > 0 {
		if raw[0] != '\\' {
			n := 1
			for n < len(raw) && raw[n] != '\\' {
				n++
			}
			dst, raw = append(dst, raw[:n]...), raw[n:]
			continue
		}
		var n int
		dst, n = appendEscape(dst, raw)
		raw = raw[n:]
	}
	return dst
}

// appendEscape appends what the valid escape at the start of raw stands for,
// and returns the escape's length.
func appendEscape(dst, raw []byte) ([]byte, int) {
	switch c := raw[1]; c {
	case 'b':
		return append(dst, '\b'), 2
	case 'f':
		return append(dst, '\f'), 2
	case 'n':
		return append(dst, '\n'), 2
	case 'r':
		return append(dst, '\r'), 2
	case 't':
		return append(dst, '\t'), 2
	case 'u':
		r, _ := hex4(raw[2:])
		if !utf16.IsSurrogate(r) {
			return utf8.AppendRune(dst, r), 6
		}
		pair, _ := surrogatePair(r, raw[6:])
		return utf8.AppendRune(dst, pair), 12
	default:
		return append(dst, c), 2
	}
}
