package schema

import (
	"slices"
	"strings"

	"github.com/leat-ml/leat/serve"
)

// Has says whether v, a decoded document (see serve.Object), is of the type.
// Objects and lists of other Go types than those of documents are Other.
func (t Type) Has(v any) bool {
	if !t.known {
		return true
	}
	if t.value != nil && v != t.value {
		return false
	}
	switch v := v.(type) {
	case nil:
		return t.Can(Null)
	case bool:
		return t.Can(Bool)
	case int64:
		return t.Can(Int)
	case float64:
		return t.Can(Float)
	case serve.Number:
		if strings.ContainsAny(string(v), ".eE") {
			return t.Can(Float)
		}
		return t.Can(Int)
	case string:
		return t.Can(Text)
	case []any:
		return t.hasList(v)
	case *serve.Tensor:
		return t.hasTensor(v)
	case *serve.Object:
		return t.hasObject(v)
	}
	return t.Can(Other)
}

func (t Type) hasList(v []any) bool {
	if !t.Can(List) || t.list == nil {
		return t.Can(List)
	}
	if n := t.list.length; n >= 0 && n != len(v) {
		return false
	}
	if items, ok := t.Items(); ok {
		for i := range items {
			if !items[i].Has(v[i]) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(v, func(item any) bool { return !t.list.elem.Has(item) })
}

// hasTensor takes a dense array for the lists that it stands for.
func (t Type) hasTensor(v *serve.Tensor) bool {
	rows := v.Rows()
	if _, scalar := rows.(*serve.Tensor); scalar {
		return t.Can(List | Other)
	}
	return t.Has(rows)
}

func (t Type) hasObject(o *serve.Object) bool {
	if !t.Can(Object) || t.record == nil {
		return t.Can(Object)
	}
	for _, f := range t.record.fields {
		v, ok := o.Value(f.Name)
		if !ok && !f.Optional || ok && !f.Type.Has(v) {
			return false
		}
	}
	if t.record.open {
		return true
	}
	for name := range o.All() {
		if t.record.index(name) < 0 {
			return false
		}
	}
	return true
}
