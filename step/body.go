package step

import (
	"fmt"

	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// view is the part of a body that path names, as values; all of it where path
// is empty.
func view(b serve.Body, path string) (any, error) {
	if path != "" {
		var err error
		if b, err = oip.Select(b, path); err != nil {
			return nil, err
		}
	}
	v, err := oip.Value(b)
	if err != nil {
		return nil, serve.Errorf(oip.Unreadable(err), "ValueError", "failed to json decode event, %w", err)
	}
	return v, nil
}

// place makes v the body of ev, or writes it at a path of the body it has.
func place(ev *serve.Event, path string, v any) error {
	b := serve.ValueBody(v)
	if path != "" {
		var err error
		if b, err = oip.Place(ev.Body, path, b); err != nil {
			return err
		}
	}
	ev.Body, ev.Reply = b, nil
	return nil
}

// objectOf is the body as an object, and an error where it is none.
func objectOf(b serve.Body, path string) (*serve.Object, error) {
	v, err := view(b, path)
	if err != nil {
		return nil, err
	}
	if o, ok := object(v); ok {
		return o, nil
	}
	return nil, typeError("the body must be an object, and is %s", args.Describe(v))
}

// typeError and keyError are what is wrong with an event's body, in the classes
// that Python has for it.
func typeError(format string, a ...any) error {
	return serve.Errorf(serve.BadRequest, "TypeError", format, a...)
}

func keyError(key string) error {
	return serve.Errorf(serve.BadRequest, "KeyError", "'%s'", key)
}

// setObject makes the fields the body of ev.
func setObject(ev *serve.Event, fields []serve.Field) {
	ev.Body, ev.Reply = serve.ValueBody(serve.NewObject(fields...)), nil
}

// errClosed is what an event gets that reaches a step behind its Close.
func errClosed() error {
	return serve.Errorf(serve.Unavailable, "", "the step is closed")
}

func configError(key, format string, a ...any) error {
	return args.Error{{Arg: key, Msg: fmt.Sprintf(format, a...)}}
}
