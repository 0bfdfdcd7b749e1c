package step

import (
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/serve"
)

// attributes are what steps may read of an event besides its body, under the
// names of storey's events. Times are text in RFC 3339, in UTC.
var attributes = map[string]func(ev *serve.Event) any{
	"id":              func(ev *serve.Event) any { return ev.Identify() },
	"key":             func(ev *serve.Event) any { return orNull(ev.Key) },
	"path":            func(ev *serve.Event) any { return ev.Target.Path },
	"method":          func(ev *serve.Event) any { return orNull(ev.Target.Method) },
	"content_type":    func(ev *serve.Event) any { return orNull(ev.Header.Value("Content-Type")) },
	"headers":         headers,
	"time":            eventTime,
	"processing_time": eventTime,
	"timestamp":       eventTime,
	"trigger":         func(ev *serve.Event) any { return orNull(ev.Trigger.Kind) },
	"origin_state": func(ev *serve.Event) any {
		if ev.Fault == nil {
			return nil
		}
		return ev.Fault.Step
	},
	"error": func(ev *serve.Event) any {
		if ev.Fault == nil {
			return nil
		}
		return ev.Fault.Err.Error()
	},
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func eventTime(ev *serve.Event) any {
	if ev.Time.IsZero() {
		return nil
	}
	return ev.Time.UTC().Format(time.RFC3339Nano)
}

// headers has one text for each field, its first value.
func headers(ev *serve.Event) any {
	fields := make([]serve.Field, 0, len(ev.Header))
	for _, name := range sortedKeys(ev.Header) {
		fields = append(fields, serve.Field{Key: name, Value: ev.Header.Value(name)})
	}
	return serve.NewObject(fields...)
}

// checkAttribute is an error for a name that events have no attribute of.
func checkAttribute(key, name string) error {
	if attributes[name] != nil {
		return nil
	}
	hint := ""
	if near := catalog.Nearest(name, sortedKeys(attributes)); len(near) > 0 {
		hint = " (did you mean " + near[0] + "?)"
	}
	return configError(key, "names the attribute %q, which events do not have%s", name, hint)
}
