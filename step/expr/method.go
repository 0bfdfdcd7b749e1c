package expr

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

// methods are those of strings, lists, dicts and the context, by name.
var methods = map[string]function{
	"upper": ofString(strings.ToUpper), "lower": ofString(strings.ToLower),
	"capitalize": ofString(capitalize), "title": ofString(title),
	"strip": strip, "lstrip": strip, "rstrip": strip,
	"removeprefix": ofStrings(strings.TrimPrefix), "removesuffix": ofStrings(strings.TrimSuffix),
	"split": split, "rsplit": split, "join": joinStrings, "replace": replace,
	"startswith": affix, "endswith": affix, "find": find, "rfind": find, "index": find, "count": count,
	"isdigit": consists(unicode.IsDigit), "isalpha": consists(unicode.IsLetter),
	"isalnum": consists(alphanumeric), "isspace": consists(isSpace),
	"isupper": isCase, "islower": isCase, "zfill": zfill,
	"get": get, "keys": keys, "values": values, "items": items,
	"is_integer": isInteger, "get_param": getParam,
}

func noMethod(a *args) error {
	return raise("AttributeError", "'%s' object has no attribute '%s'", typeName(a.self), a.name)
}

// text is the string that a method belongs to, and whose arguments are counted.
func (a *args) text(least, most int) (string, error) {
	s, ok := a.self.(string)
	if !ok {
		return "", noMethod(a)
	}
	return s, a.between(least, most)
}

// mustText is argument i, a string.
func (a *args) mustText(i int) (string, error) {
	s, ok := a.list[i].(string)
	if !ok {
		return "", typeError("%s() argument %d must be str, not %s", a.name, i+1, typeName(a.list[i]))
	}
	return s, nil
}

// ofString makes a method of a function that makes at most 3 times its text.
func ofString(f func(string) string) function {
	return func(r *run, a *args) (any, error) {
		s, err := a.text(0, 0)
		if err != nil {
			return nil, err
		}
		return f(s), r.spend(3 * len(s))
	}
}

func ofStrings(f func(s, t string) string) function {
	return func(r *run, a *args) (any, error) {
		s, err := a.text(1, 1)
		if err != nil {
			return nil, err
		}
		t, err := a.mustText(0)
		if err != nil {
			return nil, err
		}
		return f(s, t), r.spend(len(s))
	}
}

// consists makes a method that says whether a string, not empty, has such
// characters only.
func consists(is func(rune) bool) function {
	return func(r *run, a *args) (any, error) {
		s, err := a.text(0, 0)
		if err != nil {
			return nil, err
		}
		return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return !is(c) }), r.spend(len(s))
	}
}

func alphanumeric(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }

func isSpace(c rune) bool { return unicode.IsSpace(c) || c >= 0x1c && c <= 0x1f }

func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToTitle(s[:n]) + strings.ToLower(s[n:])
}

// title begins every run of letters with a capital.
func title(s string) string {
	inside := false
	return strings.Map(func(c rune) rune {
		before := inside
		inside = unicode.IsLetter(c)
		if before {
			return unicode.ToLower(c)
		}
		return unicode.ToTitle(c)
	}, s)
}

// isCase is isupper and islower: some letter has a case, and none the other.
func isCase(r *run, a *args) (any, error) {
	s, err := a.text(0, 0)
	if err != nil {
		return nil, err
	}
	upper, lower := false, false
	for _, c := range s {
		upper = upper || unicode.IsUpper(c) || unicode.IsTitle(c)
		lower = lower || unicode.IsLower(c)
	}
	if a.name == "isupper" {
		return upper && !lower, r.spend(len(s))
	}
	return lower && !upper, r.spend(len(s))
}

func strip(r *run, a *args) (any, error) {
	s, err := a.text(0, 1)
	if err != nil {
		return nil, err
	}
	cut := isSpace
	if len(a.list) == 1 && a.list[0] != nil {
		set, err := a.mustText(0)
		if err != nil {
			return nil, err
		}
		if err := r.spend(len(s) * min(len(set), 1<<10)); err != nil {
			return nil, err
		}
		cut = func(c rune) bool { return strings.ContainsRune(set, c) }
	}
	if a.name != "rstrip" {
		s = strings.TrimLeftFunc(s, cut)
	}
	if a.name != "lstrip" {
		s = strings.TrimRightFunc(s, cut)
	}
	return s, r.spend(len(s))
}

func replace(r *run, a *args) (any, error) {
	s, err := a.text(2, 3)
	if err != nil {
		return nil, err
	}
	old, err := a.mustText(0)
	if err != nil {
		return nil, err
	}
	with, err := a.mustText(1)
	if err != nil {
		return nil, err
	}
	most := int64(-1)
	if len(a.list) == 3 {
		var ok bool
		if most, ok = integer(a.list[2]); !ok {
			return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(a.list[2]))
		}
	}
	n := strings.Count(s, old)
	if most >= 0 {
		n = int(min(int64(n), most))
	}
	if err := r.spend(len(s)); err != nil {
		return nil, err
	}
	if _, err := r.times(int64(n), len(with)); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, n), nil
}

func zfill(r *run, a *args) (any, error) {
	s, err := a.text(1, 1)
	if err != nil {
		return nil, err
	}
	width, ok := integer(a.list[0])
	if !ok {
		return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(a.list[0]))
	}
	zeros, err := r.times(width-int64(utf8.RuneCountInString(s)), 1)
	if err != nil {
		return nil, err
	}
	sign := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign = 1
	}
	return s[:sign] + strings.Repeat("0", zeros) + s[sign:], r.spend(len(s))
}

func isInteger(_ *run, a *args) (any, error) {
	f, ok := a.self.(float64)
	if !ok {
		return nil, noMethod(a)
	}
	if err := a.between(0, 0); err != nil {
		return nil, err
	}
	return f == math.Trunc(f) && !math.IsInf(f, 0), nil
}
