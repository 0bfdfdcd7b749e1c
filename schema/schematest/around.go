// Package schematest makes types for tests of what infers them.
package schematest

import (
	"math/rand/v2"

	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// Around is a random type that has the document v: sometimes that value alone,
// sometimes everything, and as a rule something between.
func Around(r *rand.Rand, v any) schema.Type {
	if r.IntN(12) == 0 {
		return schema.Any
	}
	t := exactly(r, v)
	if r.IntN(8) == 0 {
		t = schema.Join(t, schema.Of(schema.Kind(r.IntN(256))))
	}
	return t
}

func exactly(r *rand.Rand, v any) schema.Type {
	switch v := v.(type) {
	case nil, bool, int64, float64, string:
		t := schema.Const(v)
		if r.IntN(2) == 0 {
			t = schema.Of(t.Kinds())
		}
		return t
	case *serve.Tensor:
		if rows, ok := v.Rows().([]any); ok {
			return listed(r, rows)
		}
	case []any:
		return listed(r, v)
	case *serve.Object:
		return record(r, v)
	}
	return schema.Any
}

func listed(r *rand.Rand, list []any) schema.Type {
	items := make([]schema.Type, len(list))
	for i, v := range list {
		items[i] = Around(r, v)
	}
	t := schema.Tuple(items...)
	if r.IntN(2) == 0 || len(list) == 0 {
		return t
	}
	n := len(list)
	if r.IntN(2) == 0 {
		n = -1
	}
	return schema.ListOf(t.Elem(), n)
}

func record(r *rand.Rand, o *serve.Object) schema.Type {
	open := r.IntN(3) == 0
	var fields []schema.Field
	for name, v := range o.All() {
		if open && r.IntN(3) == 0 {
			continue
		}
		fields = append(fields, schema.Field{Name: name, Type: Around(r, v), Optional: r.IntN(4) == 0})
	}
	if r.IntN(4) == 0 {
		if _, ok := o.Value("other"); !ok {
			fields = append(fields, schema.Field{Name: "other", Type: schema.Of(schema.Text), Optional: true})
		}
	}
	return schema.Record(open, fields...)
}
