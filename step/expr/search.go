package expr

import (
	"strings"
	"unicode/utf8"
)

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
