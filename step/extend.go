package step

import (
	"context"
	"slices"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// extend adds the fields that a function returns to the body.
type extend struct{ unary }

func newExtend(a catalog.Args) (serve.Step, error) {
	u, err := newUnary(a)
	if err != nil {
		return nil, err
	}
	return &extend{u}, nil
}

func (s *extend) Do(ctx context.Context, ev *serve.Event) (serve.Fate, error) {
	v, err := s.call(ctx, ev)
	if err != nil {
		return serve.Pass, err
	}
	more, ok := object(v)
	if !ok {
		return serve.Pass, typeError("the function must return an object of fields to add, and returned %s", args.Describe(v))
	}
	body, err := objectOf(ev.Body, "")
	if err != nil {
		return serve.Pass, err
	}
	if more.Len() > 0 {
		setObject(ev, merged(body.Fields(), more.Fields()))
	}
	return serve.Pass, nil
}

// merged are the fields of both, in their order; those of more count where both
// have one, in the place that it had.
func merged(fields, more []serve.Field) []serve.Field {
	out := append(make([]serve.Field, 0, len(fields)+len(more)), fields...)
	const few = 1 << 12 // comparisons that cost less than a map
	if len(fields)*len(more) <= few {
		for _, f := range more {
			out = set(out, f)
		}
		return out
	}
	at := make(map[string]int, len(out))
	for i, f := range out {
		at[f.Key] = i
	}
	for _, f := range more {
		if i, ok := at[f.Key]; ok {
			out[i] = f
			continue
		}
		out = append(out, f)
	}
	return out
}

// set puts f in the place of the field of its name, or behind all others.
func set(fields []serve.Field, f serve.Field) []serve.Field {
	i := slices.IndexFunc(fields, func(old serve.Field) bool { return old.Key == f.Key })
	if i < 0 {
		return append(fields, f)
	}
	fields[i] = f
	return fields
}
