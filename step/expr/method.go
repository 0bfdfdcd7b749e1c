package expr

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// methods are those of strings, lists, dicts and the context, by name.
var methods map[string]function

func init() { //nolint:gochecknoinits // the methods refer to each other through the table
	methods = map[string]function{
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

func trimSpace(s string) string { return strings.TrimFunc(s, isSpace) }

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

// affix is startswith and endswith, of a string or a tuple of them.
func affix(r *run, a *args) (any, error) {
	s, err := a.text(1, 1)
	if err != nil {
		return nil, err
	}
	has := strings.HasPrefix
	if a.name == "endswith" {
		has = strings.HasSuffix
	}
	some, ok := a.list[0].(tuple)
	if !ok {
		some = tuple{a.list[0]}
	}
	for _, v := range some {
		t, ok := v.(string)
		if !ok {
			return nil, typeError("%s first arg must be str or a tuple of str, not %s", a.name, typeName(a.list[0]))
		}
		if err := r.spend(1 + len(t)); err != nil {
			return nil, err
		}
		if has(s, t) {
			return true, nil
		}
	}
	return false, nil
}

// find is find, rfind and index of strings, and index of lists.
func find(r *run, a *args) (any, error) {
	if a.name == "index" && typeName(a.self) != "str" {
		return indexOf(r, a)
	}
	s, err := a.text(1, 1)
	if err != nil {
		return nil, err
	}
	t, err := a.mustText(0)
	if err != nil {
		return nil, err
	}
	i := strings.Index(s, t)
	if a.name == "rfind" {
		i = strings.LastIndex(s, t)
	}
	if i < 0 && a.name == "index" {
		return nil, valueError("substring not found")
	}
	if i > 0 {
		i = utf8.RuneCountInString(s[:i])
	}
	return int64(i), r.spend(len(s))
}

func indexOf(r *run, a *args) (any, error) {
	list, err := listSelf(r, a)
	if err != nil {
		return nil, err
	}
	for i, v := range list {
		ok, err := r.same(v, a.list[0])
		if err != nil {
			return nil, err
		}
		if ok {
			return int64(i), nil
		}
	}
	text, err := r.repr(a.list[0])
	if err != nil {
		return nil, err
	}
	return nil, valueError("%s is not in list", shorten(text))
}

// listSelf are the elements of the list that a method of one argument belongs
// to.
func listSelf(r *run, a *args) ([]any, error) {
	if kind := typeName(a.self); kind != "list" && kind != "tuple" {
		return nil, noMethod(a)
	}
	if err := a.between(1, 1); err != nil {
		return nil, err
	}
	return r.elements(a.self)
}

// count is count of strings and of lists.
func count(r *run, a *args) (any, error) {
	if s, ok := a.self.(string); ok {
		if err := a.between(1, 1); err != nil {
			return nil, err
		}
		t, err := a.mustText(0)
		if err != nil {
			return nil, err
		}
		return int64(strings.Count(s, t)), r.spend(len(s))
	}
	list, err := listSelf(r, a)
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for _, v := range list {
		ok, err := r.same(v, a.list[0])
		if err != nil {
			return nil, err
		}
		if ok {
			n++
		}
	}
	return n, nil
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

func (a *args) dict(least, most int) (membership, error) {
	m, ok := members(a.self)
	if !ok {
		return nil, noMethod(a)
	}
	return m, a.between(least, most)
}

func get(r *run, a *args) (any, error) {
	m, err := a.dict(1, 2)
	if err != nil {
		return nil, err
	}
	if _, err := hashed(a.list[0]); err != nil {
		return nil, err
	}
	if v, ok := m.member(a.list[0]); ok {
		return v, r.search(m.size())
	}
	if len(a.list) == 2 {
		return a.list[1], r.search(m.size())
	}
	return nil, r.search(m.size())
}

func keys(r *run, a *args) (any, error) {
	if _, err := a.dict(0, 0); err != nil {
		return nil, err
	}
	return r.elements(a.self)
}

func values(r *run, a *args) (any, error) {
	m, err := a.dict(0, 0)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, min(m.size(), budget/element))
	for _, v := range m.pairs() {
		out = append(out, v)
	}
	return out, r.spend(element * len(out))
}

func items(r *run, a *args) (any, error) {
	m, err := a.dict(0, 0)
	if err != nil {
		return nil, err
	}
	if err := r.spend(4 * element * m.size()); err != nil {
		return nil, err
	}
	out := make([]any, 0, m.size())
	for k, v := range m.pairs() {
		out = append(out, tuple{k, v})
	}
	return out, nil
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

func joinStrings(r *run, a *args) (any, error) {
	sep, err := a.text(1, 1)
	if err != nil {
		return nil, err
	}
	list, err := r.elements(a.list[0])
	if f, ok := err.(*failure); ok && f.class == "TypeError" { //nolint:errorlint // ours, never wrapped
		return nil, typeError("can only join an iterable")
	}
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(list))
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, typeError("sequence item %d: expected str instance, %s found", i, typeName(v))
		}
		parts[i] = s
		if err := r.spend(element + len(s) + len(sep)); err != nil {
			return nil, err
		}
	}
	return strings.Join(parts, sep), nil
}

// split is split and rsplit.
func split(r *run, a *args) (any, error) {
	s, err := a.text(0, 2)
	if err != nil {
		return nil, err
	}
	most := int64(-1)
	if v, ok := a.optional(1, "maxsplit"); ok {
		if most, ok = integer(v); !ok {
			return nil, typeError("'%s' object cannot be interpreted as an integer", typeName(v))
		}
	}
	if err := r.spend(2 * element * (1 + len(s))); err != nil {
		return nil, err
	}
	var parts []string
	sep, _ := a.optional(0, "sep")
	switch sep := sep.(type) {
	case nil:
		parts = fields(s, most, a.name == "rsplit")
	case string:
		if sep == "" {
			return nil, valueError("empty separator")
		}
		parts = separate(s, sep, most, a.name == "rsplit")
	default:
		return nil, typeError("must be str or None, not %s", typeName(sep))
	}
	return anys(parts), nil
}

// fields splits at blanks, at most that often unless most is negative.
func fields(s string, most int64, fromRight bool) []string {
	var parts []string
	for s = trimSpace(s); s != ""; {
		i := strings.IndexFunc(s, isSpace)
		if fromRight {
			i = strings.LastIndexFunc(s, isSpace)
		}
		if i < 0 || most >= 0 && int64(len(parts)) == most {
			parts = append(parts, s)
			break
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		if fromRight {
			parts = append(parts, s[i+size:])
			s = strings.TrimRightFunc(s[:i], isSpace)
		} else {
			parts = append(parts, s[:i])
			s = strings.TrimLeftFunc(s[i:], isSpace)
		}
	}
	if fromRight {
		slices.Reverse(parts)
	}
	return parts
}

func separate(s, sep string, most int64, fromRight bool) []string {
	if most < 0 {
		return strings.Split(s, sep)
	}
	if !fromRight {
		return strings.SplitN(s, sep, int(min(most, int64(len(s)))+1))
	}
	var parts []string
	for int64(len(parts)) < most {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
	}
	parts = append(parts, s)
	slices.Reverse(parts)
	return parts
}
