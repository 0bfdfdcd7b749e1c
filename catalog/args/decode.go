package args

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/leat-ml/leat/catalog"
)

// A Decoder decodes arguments. Its zero value is ready to use, and it may be
// used by any number of goroutines.
type Decoder struct {
	// Func finds functions that an argument names by text; nil where only
	// functions that are found already are taken.
	Func func(name string) (catalog.Func, error)
}

// A Value decodes itself from the value of an argument: for arguments that have
// several forms. The error says what is wrong with it, without its name.
type Value interface {
	DecodeArg(d Decoder, v any) error
}

// A Problem is something wrong with one argument.
type Problem struct {
	Arg string // its name, with dots and indexes for what is inside: "aggregates[0].windows"
	Msg string // what is wrong
}

// An Error holds every problem of a class's arguments.
type Error []Problem

// Error lists the problems.
func (e Error) Error() string {
	texts := make([]string, len(e))
	for i, p := range e {
		texts[i] = p.Arg + " " + p.Msg
	}
	return strings.Join(texts, "; ")
}

// Decode fills the struct that dst points to. Fields without an arg tag are left
// alone, embedded structs without one are filled as if their fields were dst's
// own. null leaves a field as it is. The kinds of fields are string, bool, ints,
// floats, [time.Duration] (a number of seconds), any (taken as it is),
// [catalog.Func], [Value] (on the field's pointer), structs, pointers to
// these, and slices and maps by string of these; one value is taken for a slice
// of one. The error is an [Error].
func (d Decoder) Decode(values map[string]any, dst any) error {
	var problems Error
	d.object("", values, reflect.ValueOf(dst).Elem(), &problems)
	if len(problems) > 0 {
		return problems
	}
	return nil
}

// A field is a struct field with its names.
type field struct {
	names    []string // the first one is what errors call it
	required bool
	v        reflect.Value
}

// fieldsOf lists the fields of a struct that have a tag.
func fieldsOf(v reflect.Value) []field {
	var out []field
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		tag, ok := sf.Tag.Lookup("arg")
		if !ok {
			if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
				out = append(out, fieldsOf(v.Field(i))...)
			}
			continue
		}
		f := field{v: v.Field(i)}
		for _, word := range strings.Split(tag, ",") {
			if word == "required" {
				f.required = true
				continue
			}
			f.names = append(f.names, word)
		}
		out = append(out, f)
	}
	return out
}

func (d Decoder) object(path string, values map[string]any, dst reflect.Value, problems *Error) {
	fields := fieldsOf(dst)
	known := map[string]*field{}
	for i := range fields {
		for _, name := range fields[i].names {
			known[name] = &fields[i]
		}
	}
	given := map[*field]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		f := known[key]
		switch {
		case f == nil:
			problems.add(join(path, key), "is not an argument of this class%s", hint(key, known))
			continue
		case given[f] != "" && values[key] != nil:
			problems.add(join(path, key), "is the same as %s, which is given too", given[f])
			continue
		case values[key] == nil:
			continue
		}
		given[f] = key
		d.value(join(path, key), values[key], f.v, problems)
	}
	for i := range fields {
		if f := &fields[i]; f.required && given[f] == "" {
			problems.add(join(path, f.names[0]), "is missing")
		}
	}
}

func hint(key string, known map[string]*field) string {
	if f := known[strings.TrimPrefix(key, "_")]; f != nil {
		return fmt.Sprintf(" under that name (did you mean %s?)", strings.TrimPrefix(key, "_"))
	}
	if near := catalog.Nearest(key, slices.Sorted(maps.Keys(known))); len(near) > 0 {
		return " (did you mean " + strings.Join(near, " or ") + "?)"
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (e *Error) add(arg, format string, args ...any) {
	*e = append(*e, Problem{Arg: arg, Msg: fmt.Sprintf(format, args...)})
}

// Names are the names of the arguments that the struct c has fields for, each
// with its other names behind it, in the order of the struct.
func Names(c any) [][]string {
	v := reflect.New(reflect.TypeOf(c)).Elem()
	var out [][]string
	for _, f := range fieldsOf(v) {
		out = append(out, f.names)
	}
	return out
}
