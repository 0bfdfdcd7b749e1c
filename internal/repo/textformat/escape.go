package textformat

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// escapes are those of one letter.
var escapes = map[byte]byte{
	'n': '\n', 'r': '\r', 't': '\t', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', '\\': '\\', '\'': '\'', '"': '"', '?': '?',
}

// unescape resolves the escapes of a string; problem says what is wrong with one.
func unescape(s string) (out, problem string) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, ""
	}
	b := make([]byte, 0, len(s))
	for s != "" {
		if s[0] != '\\' {
			b, s = append(b, s[0]), s[1:]
			continue
		}
		var n int
		if b, n = escape(b, s[1:]); n == 0 {
			return "", fmt.Sprintf("the escape %q is not known", s[:min(len(s), 2)])
		}
		s = s[1+n:]
	}
	return string(b), ""
}

// escape appends what the escape at the beginning of s stands for, without its
// backslash, and says how long it is; 0 is none.
func escape(b []byte, s string) (out []byte, n int) {
	if s == "" {
		return b, 0
	}
	if c, ok := escapes[s[0]]; ok {
		return append(b, c), 1
	}
	switch s[0] {
	case 'x':
		n := count(s[1:], 2, "0123456789abcdefABCDEF")
		v, err := strconv.ParseUint(s[1:1+n], 16, 8)
		if err != nil {
			return b, 0
		}
		return append(b, byte(v)), 1 + n
	case 'u':
		return unicodeEscape(b, s, 4)
	case 'U':
		return unicodeEscape(b, s, 8)
	}
	n = count(s, 3, "01234567")
	v, err := strconv.ParseUint(s[:n], 8, 8)
	if err != nil {
		return b, 0
	}
	return append(b, byte(v)), n
}

// count is how many of the first most bytes are among set.
func count(s string, most int, set string) int {
	n := 0
	for n < most && n < len(s) && strings.IndexByte(set, s[n]) >= 0 {
		n++
	}
	return n
}

func unicodeEscape(b []byte, s string, digits int) ([]byte, int) {
	if len(s) < 1+digits {
		return b, 0
	}
	v, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil || v > utf8.MaxRune {
		return b, 0
	}
	r, n := rune(v), 1+digits
	if utf16.IsSurrogate(r) {
		if r = otherHalf(r, s[n:]); r == unicode.ReplacementChar {
			return b, 0
		}
		n += len(`\uDC00`)
	}
	return utf8.AppendRune(b, r), n
}

// otherHalf is the character of which half is one, and the escape at the beginning of s
// the other; the replacement character where it is not.
func otherHalf(half rune, s string) rune {
	if len(s) < len(`\uDC00`) || s[:2] != `\u` {
		return unicode.ReplacementChar
	}
	v, err := strconv.ParseUint(s[2:6], 16, 16)
	if err != nil {
		return unicode.ReplacementChar
	}
	return utf16.DecodeRune(half, rune(v))
}
