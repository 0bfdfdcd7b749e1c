package expr

import (
	"strings"
	"unicode/utf8"
)

// within is the string that a method belongs to, from its argument 1 and up to
// its argument 2, and where that begins. It is not ok where it begins behind the
// end.
func (a *args) within() (s string, from int, ok bool, err error) {
	s, err = a.text(1, 3)
	if err != nil || len(a.list) == 1 {
		return s, 0, true, err
	}
	n := utf8.RuneCountInString(s)
	var bounds [3]any
	copy(bounds[:], a.list[1:])
	from, _, count, err := span(bounds, n)
	if i, _ := integer(a.list[1]); i > int64(n) {
		return "", 0, false, err
	}
	if n != len(s) {
		return string([]rune(s)[from : from+count]), from, true, err
	}
	return s[from : from+count], from, true, err
}

// affix is startswith and endswith, of a string or a tuple of them.
func affix(r *run, a *args) (any, error) {
	s, _, inside, err := a.within()
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
		if inside && has(s, t) {
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
	s, from, inside, err := a.within()
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
	if i < 0 || !inside {
		if a.name == "index" {
			return nil, valueError("substring not found")
		}
		return int64(-1), r.spend(len(s))
	}
	return int64(from + utf8.RuneCountInString(s[:i])), r.spend(len(s))
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
	if _, ok := a.self.(string); ok {
		s, _, inside, err := a.within()
		if err != nil {
			return nil, err
		}
		t, err := a.mustText(0)
		if err != nil || !inside {
			return int64(0), err
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
