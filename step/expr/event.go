package expr

import (
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
)

// attributes are what is selected by a point without a call: of an event where
// the spec says full_event, and of the context.
var attributes = []string{
	"id", "body", "path", "method", "headers", "content_type", "timestamp", "trigger_kind",
	"error", "origin_state",
	"project", "is_mock", "verbose", "parameters",
}

// member is x.name.
func member(x any, name string) (any, error) {
	switch x := x.(type) {
	case *serve.Event:
		if v, ok, err := eventMember(x, name); ok || err != nil {
			return v, err
		}
	case *catalog.Env:
		switch name {
		case "project":
			return x.Project, nil
		case "is_mock":
			return x.Mock, nil
		case "verbose":
			return x.Verbose, nil
		case "parameters":
			return x.Params, nil
		}
	}
	return nil, raise("AttributeError", "'%s' object has no attribute '%s'", typeName(x), name)
}

func eventMember(ev *serve.Event, name string) (v any, ok bool, err error) {
	switch name {
	case "id":
		return ev.Identify(), true, nil
	case "body":
		v, err := oip.Value(ev.Body)
		return plain(v), true, err
	case "path":
		if ev.Target.Path == "" {
			return "/", true, nil
		}
		return ev.Target.Path, true, nil
	case "method":
		return ev.Target.Method, true, nil
	case "content_type":
		return ev.Header.Value("Content-Type"), true, nil
	case "headers":
		return headers(ev.Header), true, nil
	case "timestamp":
		return ev.Time.UTC().Format(time.RFC3339Nano), true, nil
	case "trigger_kind":
		return ev.Trigger.Kind, true, nil
	case "error": // its text, as str(event.error) has it in both of MLRun's engines
		if ev.Fault == nil {
			return nil, true, nil
		}
		return ev.Fault.Err.Error(), true, nil
	case "origin_state":
		if ev.Fault == nil {
			return nil, true, nil
		}
		return ev.Fault.Step, true, nil
	}
	return nil, false, nil
}

// headers are the first value of every field.
func headers(h serve.Header) map[string]any {
	out := make(map[string]any, len(h))
	for k, v := range h {
		if len(v) > 0 {
			out[k] = v[0]
		}
	}
	return out
}

// getParam is context.get_param(key, default).
func getParam(_ *run, a *args) (any, error) {
	env, ok := a.self.(*catalog.Env)
	if !ok {
		return nil, noMethod(a)
	}
	if err := a.between(1, 2); err != nil {
		return nil, err
	}
	key, ok := a.list[0].(string)
	if !ok {
		return nil, typeError("the name of a parameter is a str, not %s", typeName(a.list[0]))
	}
	if v, ok := env.Params[key]; ok {
		return plain(v), nil
	}
	if len(a.list) == 2 {
		return a.list[1], nil
	}
	return nil, nil
}
