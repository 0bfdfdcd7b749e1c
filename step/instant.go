package step

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/catalog/args"
	"github.com/leat-ml/leat/serve"
)

// An instant is how a step finds the time of an event, in storey's forms: a field
// of the body or a function. The zero value is the time when the event was
// accepted.
type instant struct {
	field string
	fn    catalog.Func
}

// DecodeArg implements [args.Value].
func (f *instant) DecodeArg(_ args.Decoder, v any) error {
	if text, ok := v.(string); ok {
		f.field = text
		return nil
	}
	var err error
	if f.fn, err = (args.Decoder{}).Function(v); err != nil {
		return fmt.Errorf("must be the name of a field or a function, found %s", args.Describe(v))
	}
	return nil
}

// of is the time of an event in microseconds since 1970. A number is one of
// milliseconds, as in storey; text without a zone is in UTC.
func (f *instant) of(ctx context.Context, ev *serve.Event, body *serve.Object, layout string) (int64, error) {
	var v any
	name := f.field
	switch {
	case f.fn != nil:
		var err error
		if v, err = f.fn(ctx, body); err != nil {
			return 0, err
		}
		name = "time_field"
	case f.field != "":
		var ok bool
		if v, ok = body.Value(f.field); !ok {
			return 0, keyError(f.field)
		}
	case ev.Time.IsZero():
		return time.Now().UnixMicro(), nil
	default:
		return ev.Time.UnixMicro(), nil
	}
	return microseconds(name, v, layout)
}

// furthest is the furthest time from 1970 that is taken, in milliseconds.
const furthest = 1e15

func microseconds(name string, v any, layout string) (int64, error) {
	switch v := v.(type) {
	case time.Time:
		return v.UnixMicro(), nil
	case string:
		t, err := parseTime(v, layout)
		if err != nil {
			return 0, serve.Errorf(serve.BadRequest, "ValueError", "%s: %w", name, err)
		}
		return t.UnixMicro(), nil
	}
	ms, ok := args.Float(v)
	if !ok || math.Abs(ms) > furthest {
		return 0, typeError("%s must be a time, as text or as a number of milliseconds, and is %s", name, args.Describe(v))
	}
	return int64(ms * 1000), nil
}

// isoLayouts are the forms of ISO 8601 that storey reads. A fraction of a second
// is read with each of them.
var isoLayouts = []string{
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05",
	"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04Z07:00", "2006-01-02",
}

func parseTime(text, layout string) (time.Time, error) {
	if layout != "" {
		t, err := time.Parse(layout, text)
		if err != nil {
			return t, fmt.Errorf("%s is not a time in the form of time_format", args.Describe(text))
		}
		return t, nil
	}
	for _, layout := range isoLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is not a time in ISO 8601", args.Describe(text))
}

// directives are those of Python's strptime and what Go's layouts have for them.
var directives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'j': "002",
	'H': "15", 'I': "03", 'p': "PM", 'M': "04", 'S': "05", 'z': "Z0700", 'Z': "MST", '%': "%",
}

// layoutOf makes a layout of a format of strptime. A fraction of a second, .%f,
// is read whether the format has it or not.
func layoutOf(format string) (string, error) {
	var layout strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] == '.' && strings.HasPrefix(format[i:], ".%f") {
			i += 2
			continue
		}
		if format[i] != '%' {
			layout.WriteByte(format[i])
			continue
		}
		i++
		if i == len(format) || directives[format[i]] == "" {
			return "", configError("time_format", "has a directive that is not known here: %q", format[i-1:min(len(format), i+1)])
		}
		layout.WriteString(directives[format[i]])
	}
	return layout.String(), nil
}
