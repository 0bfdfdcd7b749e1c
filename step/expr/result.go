package expr

import (
	"strconv"

	"github.com/leat-ml/leat/serve"
)

// result makes a body value of a value of the language: tuples become lists,
// keys of dicts become texts as JSON has them. What came from the variables is
// passed on as it is.
func (r *run) result(v any) (any, error) {
	switch v := v.(type) {
	case *rows:
		return r.tensor(v)
	case tuple:
		return r.resultList(v)
	case []any:
		return r.resultList(v)
	case *dict:
		return r.resultDict(v)
	case pytype:
		return nil, typeError("Object of type type is not JSON serializable")
	}
	return v, nil
}

// resultList is in place where nothing has to be changed.
func (r *run) resultList(list []any) ([]any, error) {
	var out []any
	for i, v := range list {
		switch v.(type) {
		case nil, bool, int64, float64, string, *serve.Object, *serve.Tensor:
			if out != nil {
				out[i] = v
			}
			continue
		}
		if out == nil {
			if err := r.spend(element * len(list)); err != nil {
				return nil, err
			}
			out = make([]any, len(list))
			copy(out, list[:i])
		}
		var err error
		if out[i], err = r.result(v); err != nil {
			return nil, err
		}
	}
	if out == nil {
		out = list
	}
	return out, nil
}

func (r *run) resultDict(d *dict) (any, error) {
	if err := r.spend(4 * element * d.size()); err != nil {
		return nil, err
	}
	fields := make([]serve.Field, 0, d.size())
	var seen map[string]int
	for i, k := range d.keys {
		key, text, err := keyText(k)
		if err != nil {
			return nil, err
		}
		v, err := r.result(d.values[i])
		if err != nil {
			return nil, err
		}
		if !text && seen == nil {
			seen = make(map[string]int, d.size())
			for j, f := range fields {
				seen[f.Key] = j
			}
		}
		if j, twice := seen[key]; twice {
			fields[j].Value = v
			continue
		}
		if seen != nil {
			seen[key] = len(fields)
		}
		fields = append(fields, serve.Field{Key: key, Value: v})
	}
	return serve.NewObject(fields...), nil
}

// keyText is a key as json.dumps has it. text says that it was one before.
func keyText(k any) (s string, text bool, err error) {
	switch k := k.(type) {
	case string:
		return k, true, nil
	case nil:
		return "null", false, nil
	case bool:
		return strconv.FormatBool(k), false, nil
	case int64:
		return strconv.FormatInt(k, 10), false, nil
	case float64:
		return floatText(k), false, nil
	case serve.Number:
		return string(k), false, nil
	}
	return "", false, typeError("keys must be str, int, float, bool or None, not %s", typeName(k))
}
