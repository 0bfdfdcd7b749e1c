package expr

import (
	"slices"
	"strings"
	"unicode/utf8"
)

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
	trim, find := strings.TrimLeftFunc, strings.IndexFunc
	if fromRight {
		trim, find = strings.TrimRightFunc, strings.LastIndexFunc
	}
	for s = trim(s, isSpace); s != ""; s = trim(s, isSpace) {
		i := find(s, isSpace)
		if i < 0 || most >= 0 && int64(len(parts)) == most {
			parts = append(parts, s)
			break
		}
		if fromRight {
			_, size := utf8.DecodeRuneInString(s[i:])
			parts, s = append(parts, s[i+size:]), s[:i]
		} else {
			parts, s = append(parts, s[:i]), s[i:]
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
