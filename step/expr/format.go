package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spec is how an f-string writes a value:
// [[fill]align][sign][0][width][,][.precision][type].
type spec struct {
	given     bool
	fill      string
	align     byte // '<', '>', '^', '=' or 0
	sign      byte // '+', '-', ' ' or 0
	zero      bool
	width     int
	comma     bool
	precision int // -1 where there is none
	typ       byte
}

// mostWidth bounds width and precision.
const mostWidth = 1000

func parseSpec(s string) (spec, error) {
	f := spec{given: s != "", precision: -1}
	whole := s
	if _, n := utf8.DecodeRuneInString(s); n < len(s) && strings.IndexByte("<>^=", s[n]) >= 0 {
		f.fill, f.align, s = s[:n], s[n], s[n+1:]
	} else if s != "" && strings.IndexByte("<>^=", s[0]) >= 0 {
		f.align, s = s[0], s[1:]
	}
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		f.sign, s = s[0], s[1:]
	}
	if strings.HasPrefix(s, "0") {
		f.zero, s = true, s[1:]
	}
	if f.fill == "" {
		f.fill = map[bool]string{true: "0", false: " "}[f.zero]
	}
	var err error
	if f.width, s, err = specNumber(s, 0); err != nil {
		return f, err
	}
	if strings.HasPrefix(s, ",") {
		f.comma, s = true, s[1:]
	}
	if strings.HasPrefix(s, ".") {
		if f.precision, s, err = specNumber(s[1:], -1); err != nil || f.precision < 0 {
			return f, fmt.Errorf("the format %s has no precision behind the point, or more than %d", shorten(whole), mostWidth)
		}
	}
	if s != "" && strings.IndexByte("sdfFeEgG%xXbo", s[0]) >= 0 {
		f.typ, s = s[0], s[1:]
	}
	if s != "" {
		return f, fmt.Errorf("the format %s is not supported: there are [[fill]align][sign][0][width][,][.precision] and one of s d f e g %% x b o", shorten(whole))
	}
	return f, nil
}

func specNumber(s string, none int) (int, string, error) {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	if n == 0 {
		return none, s, nil
	}
	v, err := strconv.Atoi(s[:n])
	if err != nil || v > mostWidth {
		return 0, s, fmt.Errorf("a width or precision is at most %d", mostWidth)
	}
	return v, s[n:], nil
}

// format writes v.
func (f *spec) format(r *run, v any) (string, error) {
	if !f.given {
		return r.str(v)
	}
	if s, ok := v.(string); ok {
		return f.formatString(s)
	}
	if !isNumber(v) {
		return "", typeError("unsupported format string passed to %s.__format__", typeName(v))
	}
	x, err := narrow(v)
	if err != nil {
		return "", err
	}
	if i, ok := x.(int64); ok {
		return f.formatInt(i)
	}
	return f.formatFloat(x.(float64))
}

func (f *spec) unknown(typ string) error {
	return valueError("Unknown format code '%c' for object of type '%s'", f.typ, typ)
}

func (f *spec) formatString(s string) (string, error) {
	switch {
	case f.typ != 0 && f.typ != 's':
		return "", f.unknown("str")
	case f.comma:
		return "", valueError("Cannot specify ',' with 's'.")
	case f.sign == ' ':
		return "", valueError("Space not allowed in string format specifier")
	case f.sign != 0:
		return "", valueError("Sign not allowed in string format specifier")
	case f.align == '=':
		return "", valueError("'=' alignment not allowed in string format specifier")
	}
	if f.precision >= 0 && utf8.RuneCountInString(s) > f.precision {
		s = string([]rune(s)[:f.precision])
	}
	if f.align == 0 {
		return f.pad("", s, '<'), nil
	}
	return f.pad("", s, f.align), nil
}

func (f *spec) formatInt(i int64) (string, error) {
	base := map[byte]int{0: 10, 'd': 10, 'x': 16, 'X': 16, 'b': 2, 'o': 8}[f.typ]
	if base == 0 {
		if f.typ == 's' {
			return "", f.unknown("int")
		}
		return f.formatFloat(float64(i))
	}
	if f.comma && base != 10 {
		return "", valueError("Cannot specify ',' with '%c'.", f.typ)
	}
	if f.precision >= 0 {
		return "", valueError("Precision not allowed in integer format specifier")
	}
	s := strings.TrimPrefix(strconv.FormatInt(i, base), "-")
	if f.typ == 'X' {
		s = strings.ToUpper(s)
	}
	return f.number(i < 0, s, ""), nil
}

func (f *spec) formatFloat(x float64) (string, error) {
	negative, a := math.Signbit(x) && !math.IsNaN(x), math.Abs(x)
	if f.typ == '%' {
		a *= 100
	}
	if math.IsInf(a, 0) || math.IsNaN(a) {
		return f.special(negative, a)
	}
	precision := f.precision
	if precision < 0 {
		precision = 6
	}
	var s string
	switch f.typ {
	case 'f', 'F':
		s = strconv.FormatFloat(a, 'f', precision, 64)
	case '%':
		s = strconv.FormatFloat(a, 'f', precision, 64) + "%"
	case 'e', 'E':
		s = strconv.FormatFloat(a, f.typ, precision, 64)
	case 'g', 'G':
		s = general(a, max(precision, 1), false)
	case 0:
		if s = floatText(a); f.precision >= 0 {
			s = general(a, max(precision, 1), true)
		}
	default:
		return "", f.unknown("float")
	}
	if f.typ == 'G' {
		s = strings.ToUpper(s)
	}
	cut := strings.IndexAny(s, ".e%E")
	if cut < 0 {
		cut = len(s)
	}
	return f.number(negative, s[:cut], s[cut:]), nil
}

func (f *spec) special(negative bool, a float64) (string, error) {
	s := floatText(a)
	switch f.typ {
	case 'F', 'E', 'G':
		s = strings.ToUpper(s)
	case '%':
		s += "%"
	case 'f', 'e', 'g', 0:
	default:
		return "", f.unknown("float")
	}
	return f.number(negative, "", s), nil
}

// general is %g: digits significant ones, with an exponent where that is
// shorter. float says that it must not look like an integer.
func general(a float64, digits int, float bool) string {
	e := strconv.FormatFloat(a, 'e', digits-1, 64)
	exp, _ := strconv.Atoi(e[strings.IndexByte(e, 'e')+1:])
	limit := digits
	if float {
		limit-- // so that there is a digit behind the point
	}
	if a == 0 {
		exp = 0
	}
	if exp >= -4 && exp < limit {
		s := strconv.FormatFloat(a, 'f', max(digits-1-exp, 0), 64)
		if strings.Contains(s, ".") {
			s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
		}
		if float && !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, tail := e[:strings.IndexByte(e, 'e')], e[strings.IndexByte(e, 'e'):]
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return mantissa + tail
}

// number puts sign, groups of thousands and zeros in front of the digits, whole
// being those before the point.
func (f *spec) number(negative bool, whole, rest string) string {
	sign := ""
	switch {
	case negative:
		sign = "-"
	case f.sign == '+' || f.sign == ' ':
		sign = string(f.sign)
	}
	align := f.align
	if f.zero && align == 0 {
		align = '='
	}
	if f.comma && whole != "" {
		width := 0
		if f.fill == "0" && align == '=' {
			width = f.width - len(sign) - len(rest)
		}
		whole = thousands(whole, width)
	}
	if align == 0 {
		align = '>'
	}
	return f.pad(sign, whole+rest, align)
}

// thousands puts commas into digits, and zeros in front of them up to the width.
func thousands(digits string, width int) string {
	for len(digits)+(len(digits)-1)/3 < width {
		digits = "0" + digits
	}
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// pad fills up to the width.
func (f *spec) pad(sign, s string, align byte) string {
	n := f.width - len(sign) - utf8.RuneCountInString(s)
	if n <= 0 {
		return sign + s
	}
	switch align {
	case '<':
		return sign + s + strings.Repeat(f.fill, n)
	case '^':
		return strings.Repeat(f.fill, n/2) + sign + s + strings.Repeat(f.fill, n-n/2)
	case '=':
		return sign + strings.Repeat(f.fill, n) + s
	}
	return strings.Repeat(f.fill, n) + sign + s
}
