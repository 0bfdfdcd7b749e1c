package expr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/leat-ml/leat/serve"
)

// str is str(v).
func (r *run) str(v any) (string, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return r.repr(v)
}

// repr is repr(v).
func (r *run) repr(v any) (string, error) {
	w := writer{r: r}
	if err := w.value(v); err != nil {
		return "", err
	}
	return w.b.String(), nil
}

// A writer writes values as Python shows them.
type writer struct {
	r *run
	b strings.Builder
}

func (w *writer) put(s string) error {
	if err := w.r.spend(2 * len(s)); err != nil {
		return err
	}
	w.b.WriteString(s)
	return nil
}

func (w *writer) value(v any) error {
	if s, ok := scalarText(v); ok {
		return w.put(s)
	}
	if m, ok := members(v); ok {
		return w.dict(m)
	}
	if t, ok := v.(tuple); ok {
		return w.list(t, "(", ")")
	}
	if _, ok := length(v); !ok {
		return typeError("a value of type %s has no text", typeName(v))
	}
	list, err := w.r.elements(v)
	if err != nil {
		return err
	}
	return w.list(list, "[", "]")
}

// scalarText is the text of what has no parts.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "None", true
	case bool:
		if v {
			return "True", true
		}
		return "False", true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return floatText(v), true
	case serve.Number:
		if whole(v) {
			return string(v), true
		}
		f, _ := parseFloat(string(v))
		return floatText(f), true
	case string:
		return reprString(v), true
	case pytype:
		return "<class '" + string(v) + "'>", true
	}
	return "", false
}

func (w *writer) list(list []any, open, closing string) error {
	if err := w.put(open); err != nil {
		return err
	}
	for i, v := range list {
		if i > 0 {
			if err := w.put(", "); err != nil {
				return err
			}
		}
		if err := w.value(v); err != nil {
			return err
		}
	}
	if len(list) == 1 && open == "(" {
		closing = ",)"
	}
	return w.put(closing)
}

func (w *writer) dict(m membership) error {
	before := "{"
	for k, v := range m.pairs() {
		if err := w.put(before); err != nil {
			return err
		}
		before = ", "
		if err := w.value(k); err != nil {
			return err
		}
		if err := w.put(": "); err != nil {
			return err
		}
		if err := w.value(v); err != nil {
			return err
		}
	}
	if m.size() == 0 {
		return w.put("{}")
	}
	return w.put("}")
}

// floatText is repr of a float: the shortest digits that mean it, with an
// exponent below 1e-4 and from 1e16 on.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// reprString is a string in quotes: single ones, unless it has those and no
// double ones.
func reprString(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, c := range s {
		switch {
		case c == rune(quote) || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f || c > 0x7f && c <= 0xff && !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\x%02x`, c)
		case c > 0xffff && !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\U%08x`, c)
		case c > 0xff && !unicode.IsPrint(c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// keyRepr is the text of a KeyError.
func keyRepr(key any) string {
	if s, ok := scalarText(key); ok {
		return shorten(s)
	}
	s, err := (&run{look: budget}).repr(key)
	if err != nil {
		return typeName(key)
	}
	return shorten(s)
}

// reflectText tells keys of nested tuples apart.
func reflectText(v any) string { return fmt.Sprintf("%q", v) }
