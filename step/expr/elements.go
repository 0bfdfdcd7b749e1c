package expr

import (
	"unicode/utf8"

	"github.com/leat-ml/leat/serve"
)

// elements are what iterating over x gives. The caller must not change them.
func (r *run) elements(x any) ([]any, error) {
	switch x := x.(type) {
	case []any:
		return r.plainList(x)
	case tuple:
		return x, nil
	case *serve.Tensor:
		view := rowsOf(x)
		return r.all(&view)
	case *rows:
		return r.all(x)
	case string:
		return r.characters(x)
	}
	m, ok := members(x)
	if !ok {
		return nil, typeError("'%s' object is not iterable", typeName(x))
	}
	if err := r.spend(element * m.size()); err != nil {
		return nil, err
	}
	out := make([]any, 0, m.size())
	for k := range m.pairs() {
		out = append(out, k)
	}
	return out, nil
}

// plainList is the list itself where all of it is of the language.
func (r *run) plainList(list []any) ([]any, error) {
	if err := r.spend(len(list)); err != nil {
		return nil, err
	}
	for i, v := range list {
		if foreign(v) {
			out := make([]any, len(list))
			copy(out, list[:i])
			for j, v := range list[i:] {
				out[i+j] = plain(v)
			}
			return out, r.spend(element * len(list))
		}
	}
	return list, nil
}

// foreign says whether plain may make something else of v.
func foreign(v any) bool {
	switch v := v.(type) {
	case nil, bool, int64, float64, string, *serve.Object, []any, *dict, tuple, *rows, map[string]any:
		return false
	case *serve.Tensor:
		return len(v.Shape) == 0
	}
	return true
}

func (r *run) characters(s string) ([]any, error) {
	n := utf8.RuneCountInString(s)
	if err := r.spend(2 * element * n); err != nil {
		return nil, err
	}
	out := make([]any, 0, n)
	for i, c := range s {
		size := utf8.RuneLen(c)
		if size < 0 || c == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		out = append(out, s[i:i+size])
	}
	return out, nil
}
