package step

import (
	"context"
	"errors"
	"fmt"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// reify writes attributes of the event into its body.
type reify struct {
	fields []attributeField
}

// An attributeField is an attribute and the field it is written to.
type attributeField struct{ attribute, field string }

type reifyConfig struct {
	Mapping attributeFields `arg:"mapping,required"`
}

type attributeFields []attributeField

// DecodeArg implements [args.Value]: an object of attributes and fields, or a
// list of attributes.
func (l *attributeFields) DecodeArg(d args.Decoder, v any) error {
	if m, ok := args.Mapping(v); ok {
		for _, name := range sortedKeys(m) {
			field, ok := m[name].(string)
			if !ok {
				return fmt.Errorf("must name a field for %s, found %s", name, args.Describe(m[name]))
			}
			*l = append(*l, attributeField{name, field})
		}
		return nil
	}
	items, ok := args.List(v)
	if !ok {
		items = []any{v}
	}
	for _, item := range items {
		name, ok := item.(string)
		if !ok {
			return fmt.Errorf("must name attributes of events, found %s", args.Describe(item))
		}
		*l = append(*l, attributeField{name, name})
	}
	return nil
}

func newReify(a catalog.Args) (serve.Step, error) {
	var c reifyConfig
	if err := decode(a, &c); err != nil {
		return nil, err
	}
	var errs []error
	for _, f := range c.Mapping {
		errs = append(errs, checkAttribute("mapping", f.attribute))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &reify{c.Mapping}, nil
}

func (s *reify) Do(_ context.Context, ev *serve.Event) (serve.Fate, error) {
	body, err := objectOf(ev.Body, "")
	if err != nil {
		return serve.Pass, err
	}
	fields := append(make([]serve.Field, 0, body.Len()+len(s.fields)), body.Fields()...)
	for _, f := range s.fields {
		fields = set(fields, serve.Field{Key: f.field, Value: attributes[f.attribute](ev)})
	}
	setObject(ev, fields)
	return serve.Pass, nil
}
