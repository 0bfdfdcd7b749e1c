package step

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// A grouping is how a step finds the key of an event, in one of storey's forms:
// "$key", "$path" and so on for an attribute of the event, other text for a
// field of the body, a list of texts for several of them, or a function. The
// zero value has no key.
type grouping struct {
	attribute string
	fields    []string
	fn        catalog.Func
}

// DecodeArg implements [args.Value].
func (g *grouping) DecodeArg(d args.Decoder, v any) error {
	if text, ok := v.(string); ok {
		if name, ok := strings.CutPrefix(text, "$"); ok {
			g.attribute = name
			if attributes[name] == nil {
				return fmt.Errorf("is %q, and events have no such attribute; they have $%s", text, strings.Join(sortedKeys(attributes), ", $"))
			}
			return nil
		}
		v = []any{text}
	}
	if items, ok := args.List(v); ok {
		for _, item := range items {
			field, ok := item.(string)
			if !ok || field == "" {
				return fmt.Errorf("must name fields, and has %s", args.Describe(item))
			}
			g.fields = append(g.fields, field)
		}
		return nil
	}
	f, err := args.Decoder{}.Function(v)
	if err != nil {
		return fmt.Errorf("must be the name of a field, of an attribute ($key) or a function, found %s", args.Describe(v))
	}
	g.fn = f
	return nil
}

// none says that events are not grouped.
func (g *grouping) none() bool { return g.attribute == "" && g.fields == nil && g.fn == nil }

// of is the key of an event. path is where in the body the fields are, whole
// says that a function gets the event.
func (g *grouping) of(ctx context.Context, ev *serve.Event, path string, whole bool) (string, error) {
	if g.none() {
		return "", nil
	}
	if g.attribute == "key" {
		return ev.Key, checkLength("$key", ev.Key)
	}
	if g.attribute != "" {
		return textOf("$"+g.attribute, attributes[g.attribute](ev))
	}
	if g.fn != nil {
		u := unary{f: g.fn, whole: whole, input: path}
		v, err := u.call(ctx, ev)
		if err != nil {
			return "", err
		}
		return textOf("the key", v)
	}
	o, err := objectOf(ev.Body, path)
	if err != nil {
		return "", err
	}
	return g.join(o)
}

// join is the key of the fields: their texts, each but the last ended by a
// byte that no text has, so that ("a", "bc") is not ("ab", "c").
func (g *grouping) join(o *serve.Object) (string, error) {
	var key strings.Builder
	for i, field := range g.fields {
		v, ok := o.Value(field)
		if !ok {
			return "", keyError(field)
		}
		text, err := textOf(field, v)
		if err != nil {
			return "", err
		}
		if len(g.fields) == 1 {
			return text, nil
		}
		if i > 0 {
			key.WriteByte(0xff)
		}
		key.WriteString(text)
	}
	return key.String(), checkLength("the key", key.String())
}

func textOf(name string, v any) (string, error) {
	text, ok := keyText(v)
	if !ok {
		return "", typeError("%s must be text or a number to group by, and is %s", name, args.Describe(v))
	}
	return text, checkLength(name, text)
}

// longestKey is how long a key may be, in bytes: steps keep many of them.
const longestKey = 1024

func checkLength(name, key string) error {
	if len(key) <= longestKey {
		return nil
	}
	return serve.Errorf(serve.BadRequest, "ValueError", "%s has %d bytes, too many to group by: %s", name, len(key), args.Describe(key))
}

func sortedKeys[M ~map[string]V, V any](m M) []string { return slices.Sorted(maps.Keys(m)) }
