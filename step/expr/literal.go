package expr

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// minInt is how the text of the smallest int64 looks without its sign: an
// integer that exists only behind a minus.
const minInt = serve.Number("9223372036854775808")

// number reads a number literal.
func (c *compiler) number(t token) (any, error) {
	s := t.text
	if !underscores(s) {
		return nil, c.errorf(t.pos, "%s is no number", s)
	}
	s = strings.ReplaceAll(strings.ToLower(s), "_", "")
	prefixed := len(s) > 1 && s[0] == '0' && strings.IndexByte("xbo", s[1]) >= 0
	if !prefixed && strings.HasSuffix(s, "j") {
		return nil, c.errorf(t.pos, "complex numbers are not supported")
	}
	if !prefixed && strings.ContainsAny(s, ".e") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && !math.IsInf(f, 0) {
			return nil, c.errorf(t.pos, "%s is no number", t.text)
		}
		return f, nil
	}
	if !prefixed && len(s) > 1 && s[0] == '0' && strings.Trim(s, "0") != "" {
		return nil, c.errorf(t.pos, "an integer does not begin with 0")
	}
	base := 10
	if prefixed {
		base = map[byte]int{'x': 16, 'o': 8, 'b': 2}[s[1]]
		s = s[2:]
	}
	i, err := strconv.ParseInt(s, base, 64)
	switch {
	case err == nil:
		return i, nil
	case serve.Number(s) == minInt && base == 10:
		return minInt, nil
	case strings.Contains(err.Error(), "range"):
		return nil, c.errorf(t.pos, "integers have 64 bits, which is too few for %s", shorten(t.text))
	}
	return nil, c.errorf(t.pos, "%s is no number", shorten(t.text))
}

// underscores says whether every underscore of a number stands between two
// digits, or behind the prefix of a base.
func underscores(s string) bool {
	hex := strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X")
	for i := range len(s) {
		if s[i] != '_' {
			continue
		}
		if i == 0 || i+1 == len(s) || !baseDigit(s[i+1], hex) {
			return false
		}
		if !baseDigit(s[i-1], hex) && (i != 2 || strings.IndexByte("xXbBoO", s[1]) < 0) {
			return false
		}
	}
	return true
}

func baseDigit(c byte, hex bool) bool {
	return digit(c) || hex && (c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F')
}

// literal takes a string token apart.
func literal(t token) (prefix, body string, at int) {
	at = strings.IndexAny(t.text, `'"`)
	prefix = strings.ToLower(t.text[:at])
	quote := 1
	if len(t.text)-at >= 6 && t.text[at+1] == t.text[at] && t.text[at+2] == t.text[at] {
		quote = 3
	}
	at += quote
	return prefix, t.text[at : len(t.text)-quote], at
}

// escapes are those of one letter.
var escapes = map[byte]byte{
	'\\': '\\', '\'': '\'', '"': '"', 'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11,
}

// unescape replaces the escapes in the body of a string literal that stands at
// byte pos.
func (c *compiler) unescape(s string, pos int) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		n, err := c.escape(&b, s[i:], pos+i)
		if err != nil {
			return "", err
		}
		i += n
	}
	return b.String(), nil
}

// escape writes what the escape at the start of s stands for and returns its
// length.
func (c *compiler) escape(b *strings.Builder, s string, pos int) (int, error) {
	e := s[1]
	if one, ok := escapes[e]; ok {
		b.WriteByte(one)
		return 2, nil
	}
	switch {
	case e == '\n':
		return 2, nil
	case e >= '0' && e <= '7':
		n := 2
		for n < min(4, len(s)) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(s[1:n], 8, 32)
		b.WriteRune(rune(v))
		return n, nil
	case e == 'N':
		return 0, c.errorf(pos, `\N{…} is not supported: write the character itself`)
	}
	if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[e]; digits > 0 {
		v, err := strconv.ParseUint(s[2:min(2+digits, len(s))], 16, 32)
		if err != nil || len(s) < 2+digits || !utf8.ValidRune(rune(v)) || v > utf8.MaxRune {
			return 0, c.errorf(pos, `\%c wants %d hexadecimal digits of a character`, e, digits)
		}
		b.WriteRune(rune(v))
		return 2 + digits, nil
	}
	b.WriteByte('\\') // which Python keeps where it means nothing
	return 1, nil
}
