package expr

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

func toStr(r *run, a *args) (any, error) {
	if err := a.between(0, 1); err != nil || len(a.list) == 0 {
		return "", err
	}
	return r.str(a.list[0])
}

func toBool(_ *run, a *args) (any, error) {
	if err := a.between(0, 1); err != nil || len(a.list) == 0 {
		return false, err
	}
	return truth(a.list[0]), nil
}

func toFloat(_ *run, a *args) (any, error) {
	if err := a.between(0, 1); err != nil || len(a.list) == 0 {
		return 0.0, err
	}
	v := a.list[0]
	if s, ok := v.(string); ok {
		f, ok := parseFloat(s)
		if !ok {
			return nil, valueError("could not convert string to float: %s", reprString(s))
		}
		return f, nil
	}
	if n, ok := v.(serve.Number); ok {
		f, _ := parseFloat(string(n))
		return f, nil
	}
	if f, ok := v.(float64); ok {
		return f, nil
	}
	i, ok := integer(v)
	if !ok {
		return nil, typeError("float() argument must be a string or a real number, not '%s'", typeName(v))
	}
	return float64(i), nil
}

// parseFloat reads a float as Python does: blanks around it, underscores
// between digits, inf and nan, but no hexadecimal ones. Out of range is an
// infinity.
func parseFloat(s string) (float64, bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	if strings.ContainsAny(s, "xXpP") || strings.Contains(s, "_") && !underscores(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return f, true
}

func toInt(_ *run, a *args) (any, error) {
	if err := a.between(0, 2); err != nil || len(a.list) == 0 {
		return int64(0), err
	}
	base := 10
	if len(a.list) == 2 {
		return intOfBase(a.list[0], a.list[1])
	}
	switch v := a.list[0].(type) {
	case string:
		return parseInt(v, base)
	case float64:
		return truncate(v)
	case serve.Number:
		if whole(v) {
			return v, nil
		}
		f, _ := parseFloat(string(v))
		return truncate(f)
	}
	i, ok := integer(a.list[0])
	if !ok {
		return nil, typeError("int() argument must be a string, a bytes-like object or a real number, not '%s'", typeName(a.list[0]))
	}
	return i, nil
}

func intOfBase(v, base any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, typeError("int() can't convert non-string with explicit base")
	}
	b, ok := integer(base)
	if !ok {
		return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(base))
	}
	if b != 0 && (b < 2 || b > 36) {
		return nil, valueError("int() base must be >= 2 and <= 36, or 0")
	}
	return parseInt(s, int(b))
}

func parseInt(s string, base int) (any, error) {
	wrong := func() error {
		return valueError("invalid literal for int() with base %d: %s", base, reprString(s))
	}
	digits, b := strings.TrimFunc(s, unicode.IsSpace), base
	sign := ""
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		sign, digits = digits[:1], digits[1:]
	}
	if len(digits) > 1 && digits[0] == '0' {
		prefix := map[byte]int{'x': 16, 'o': 8, 'b': 2}[digits[1]|0x20]
		if prefix > 0 && (base == 0 || base == prefix) {
			b, digits = prefix, strings.TrimPrefix(digits[2:], "_")
		} else if base == 0 && strings.Trim(digits, "0_") != "" {
			return nil, wrong()
		}
	}
	if b == 0 {
		b = 10
	}
	if digits == "" || digits[0] == '-' || digits[0] == '+' || digits[0] == '_' ||
		digits[len(digits)-1] == '_' || strings.Contains(digits, "__") {
		return nil, wrong()
	}
	i, err := strconv.ParseInt(sign+strings.ReplaceAll(digits, "_", ""), b, 64)
	if errors.Is(err, strconv.ErrRange) {
		return nil, tooBig("the integer")
	}
	if err != nil {
		return nil, wrong()
	}
	return i, nil
}

// truncate is int(f).
func truncate(f float64) (any, error) {
	switch {
	case math.IsNaN(f):
		return nil, valueError("cannot convert float NaN to integer")
	case math.IsInf(f, 0):
		return nil, raise("OverflowError", "cannot convert float infinity to integer")
	case f >= 1<<63 || f < -1<<63:
		return nil, tooBig("the integer")
	}
	return int64(f), nil
}

func toList(r *run, a *args) (any, error) {
	if err := a.between(0, 1); err != nil || len(a.list) == 0 {
		return []any{}, err
	}
	return r.elements(a.list[0])
}

func toTuple(r *run, a *args) (any, error) {
	if err := a.between(0, 1); err != nil || len(a.list) == 0 {
		return tuple{}, err
	}
	list, err := r.elements(a.list[0])
	return tuple(list), err
}

// toDict is dict(d, k=v) of a dict or of pairs.
func toDict(r *run, a *args) (any, error) {
	if err := a.between(0, 1); err != nil {
		return nil, err
	}
	d := &dict{}
	if p := a.positional(); len(p) > 0 {
		if err := dictOf(r, d, p[0]); err != nil {
			return nil, err
		}
	}
	for i, key := range a.keys {
		if err := d.set(r, key, a.list[len(a.list)-len(a.keys)+i]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func dictOf(r *run, d *dict, v any) error {
	if m, ok := members(v); ok {
		return d.update(r, m)
	}
	list, err := r.elements(v)
	if err != nil {
		return err
	}
	for i, item := range list {
		pair, err := r.elements(item)
		if err != nil {
			return typeError("cannot convert dictionary update sequence element #%d to a sequence", i)
		}
		if len(pair) != 2 {
			return valueError("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if err := d.set(r, pair[0], pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// isInstance is isinstance(v, type) or of a tuple of types.
func isInstance(r *run, a *args) (any, error) {
	if err := a.between(2, 2); err != nil {
		return nil, err
	}
	switch t := a.list[1].(type) {
	case pytype:
		return hasType(a.list[0], t), nil
	case tuple:
		for _, one := range t {
			p, ok := one.(pytype)
			if !ok {
				return nil, typeError("isinstance() arg 2 must be a type, a tuple of types, or a union")
			}
			if hasType(a.list[0], p) {
				return true, nil
			}
		}
		return false, nil
	}
	return nil, typeError("isinstance() arg 2 must be a type, a tuple of types, or a union")
}

func hasType(v any, t pytype) bool {
	name := typeName(v)
	return name == string(t) || name == "bool" && t == "int"
}

func pow(r *run, a *args) (any, error) {
	if err := a.between(2, 2); err != nil {
		return nil, err
	}
	return r.operate(power, a.list[0], a.list[1])
}

func divmod(r *run, a *args) (any, error) {
	if err := a.between(2, 2); err != nil {
		return nil, err
	}
	x, y := a.list[0], a.list[1]
	if !isNumber(x) || !isNumber(y) {
		return nil, typeError("unsupported operand type(s) for divmod(): '%s' and '%s'", typeName(x), typeName(y))
	}
	q, err := r.operate(floorDivide, x, y)
	if err != nil {
		return nil, err
	}
	m, err := r.operate(modulo, x, y)
	return tuple{q, m}, err
}

func ord(_ *run, v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, typeError("ord() expected string of length 1, but %s found", typeName(v))
	}
	c, size := utf8.DecodeRuneInString(s)
	if size != len(s) || size == 0 {
		return nil, typeError("ord() expected a character, but string of length %d found", utf8.RuneCountInString(s))
	}
	return int64(c), nil
}

func chr(_ *run, v any) (any, error) {
	i, ok := integer(v)
	if !ok {
		return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(v))
	}
	if i < 0 || i > utf8.MaxRune || !utf8.ValidRune(rune(i)) {
		return nil, valueError("chr() arg not in range(0x110000)")
	}
	return string(rune(i)), nil
}
