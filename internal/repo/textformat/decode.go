package textformat

import (
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/internal/config/document"
)

// maxSize is how large a text may be.
const maxSize = 4 << 20

// maxProblems is how many problems are told.
const maxProblems = 100

// A Problem is something that is wrong, or with Warning what does no harm.
type Problem struct {
	Pos     document.Pos
	Msg     string
	Warning bool
}

// Places are where the fields of a message stand, by path: "input[1].dims".
// Entries of maps have their key in the brackets.
type Places map[string]document.Pos

// Unmarshal reads text into m, which is empty, and tells the places of the
// fields and everything that is wrong. m is of use only when nothing is but
// warnings.
func Unmarshal(text []byte, m proto.Message) (Places, []Problem) {
	if len(text) > maxSize {
		return nil, []Problem{{Msg: fmt.Sprintf("the file is %d bytes long, %d are allowed", len(text), maxSize)}}
	}
	tree, problem := parse(strings.TrimPrefix(string(text), "\ufeff"))
	if problem != nil {
		return nil, []Problem{*problem}
	}
	d := &decoder{places: Places{}}
	d.message(tree, m.ProtoReflect(), "")
	if more := len(d.problems) - maxProblems; more > 0 {
		d.problems = append(d.problems[:maxProblems], Problem{Msg: fmt.Sprintf("and %d problems more", more)})
	}
	return d.places, d.problems
}

// A decoder fills in messages.
type decoder struct {
	places   Places
	problems []Problem
}

func (d *decoder) problem(pos document.Pos, format string, args ...any) {
	d.problems = append(d.problems, Problem{Pos: pos, Msg: fmt.Sprintf(format, args...)})
}

func (d *decoder) message(from *message, into protoreflect.Message, path string) {
	fields := into.Descriptor().Fields()
	set := make([]bool, fields.Len()) // those that are there, also with the value that is theirs anyway
	for i := range from.fields {
		f := &from.fields[i]
		desc := fields.ByName(protoreflect.Name(f.name))
		if desc == nil {
			d.unknown(f, into.Descriptor())
			continue
		}
		at := f.name
		if path != "" {
			at = path + "." + f.name
		}
		d.field(f, desc, into, at, set[desc.Index()])
		set[desc.Index()] = true
	}
}

// unknown tells of a field that the message does not have.
func (d *decoder) unknown(f *field, of protoreflect.MessageDescriptor) {
	var names []string
	for i := range of.Fields().Len() {
		names = append(names, string(of.Fields().Get(i).Name()))
	}
	hint := ""
	if near := catalog.Nearest(f.name, names); len(near) > 0 {
		hint = fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	d.problem(f.pos, "unknown field %q in %s%s", f.name, of.Name(), hint)
}

func (d *decoder) field(f *field, desc protoreflect.FieldDescriptor, into protoreflect.Message, path string, twice bool) {
	isMessage := desc.Message() != nil
	switch {
	case !f.colon && !isMessage:
		d.problem(f.pos, "%s has no \":\" behind it", f.name)
	case desc.IsMap():
		d.entries(f, desc, into, path)
	case desc.IsList():
		d.list(f, desc, into, path)
	case f.list:
		d.problem(f.pos, "%s is a list, but there is one of it", f.name)
	case twice:
		d.problem(f.pos, "%s is set twice", f.name)
	case d.chosen(desc, into) != "":
		d.problem(f.pos, "%s and %s exclude each other", f.name, d.chosen(desc, into))
	default:
		d.places[path] = f.pos
		if v, ok := d.value(&f.values[0], desc, func() protoreflect.Value { return into.NewField(desc) }, path); ok {
			into.Set(desc, v)
		}
	}
}

func (d *decoder) seen(path string) bool { _, ok := d.places[path]; return ok }

// chosen is the field that is set of those of which there can be one.
func (d *decoder) chosen(desc protoreflect.FieldDescriptor, into protoreflect.Message) string {
	one := desc.ContainingOneof()
	if one == nil {
		return ""
	}
	if set := into.WhichOneof(one); set != nil {
		return string(set.Name())
	}
	return ""
}

func (d *decoder) list(f *field, desc protoreflect.FieldDescriptor, into protoreflect.Message, path string) {
	list := into.Mutable(desc).List()
	if !d.seen(path) {
		d.places[path] = f.pos
	}
	for i := range f.values {
		at := fmt.Sprintf("%s[%d]", path, list.Len())
		d.places[at] = f.values[i].pos
		v, ok := d.value(&f.values[i], desc, list.NewElement, at)
		if !ok {
			v = list.NewElement() // so that the places of those behind it are right
		}
		list.Append(v)
	}
}

// entries are those of a map: messages with key and value.
func (d *decoder) entries(f *field, desc protoreflect.FieldDescriptor, into protoreflect.Message, path string) {
	entries := into.Mutable(desc).Map()
	if !d.seen(path) {
		d.places[path] = f.pos
	}
	for i := range f.values {
		v := &f.values[i]
		if v.msg == nil {
			d.problem(v.pos, `%s has entries { key: … value: … }, found %s`, f.name, v.token)
			continue
		}
		d.entry(v, desc, entries, path)
	}
}

func (d *decoder) entry(from *value, desc protoreflect.FieldDescriptor, entries protoreflect.Map, path string) {
	key, val := desc.MapKey().Default(), entries.NewValue()
	var inner *value
	set := map[string]bool{}
	for i := range from.msg.fields {
		f := &from.msg.fields[i]
		switch {
		case f.name != "key" && f.name != "value":
			d.problem(f.pos, "unknown field %q: an entry of %s has a key and a value", f.name, desc.Name())
		case len(f.values) != 1 || f.list:
			d.problem(f.pos, "%s is a list, but there is one of it", f.name)
		case !f.colon && (f.name == "key" || desc.MapValue().Message() == nil):
			d.problem(f.pos, "%s has no \":\" behind it", f.name)
		case set[f.name]:
			d.problem(f.pos, "%s is set twice", f.name)
		case f.name == "key":
			if v, ok := d.scalar(&f.values[0], desc.MapKey()); ok {
				key = v
			}
		default:
			inner = &f.values[0]
		}
		set[f.name] = true
	}
	at := fmt.Sprintf("%s[%s]", path, key.String())
	if entries.Has(key.MapKey()) {
		d.problems = append(d.problems, Problem{Pos: from.pos, Msg: fmt.Sprintf("%s has the key %q twice: what stands here counts", desc.Name(), key.String()), Warning: true})
	}
	d.places[at] = from.pos
	if inner != nil {
		if v, ok := d.value(inner, desc.MapValue(), entries.NewValue, at); ok {
			val = v
		}
	}
	entries.Set(key.MapKey(), val)
}

// value reads a value of the type of a field.
func (d *decoder) value(v *value, desc protoreflect.FieldDescriptor, empty func() protoreflect.Value, path string) (protoreflect.Value, bool) {
	if desc.Message() == nil {
		return d.scalar(v, desc)
	}
	if v.msg == nil {
		d.problem(v.pos, "%s is a message in braces, found %s", desc.Name(), v.token)
		return protoreflect.Value{}, false
	}
	m := empty()
	d.message(v.msg, m.Message(), path)
	return m, true
}

// float32Of is a number as 32 bits hold it; infinite where they do not.
func float32Of(f float64) float32 {
	if math.Abs(f) > math.MaxFloat32 && !math.IsInf(f, 0) {
		return float32(math.Inf(int(math.Copysign(1, f))))
	}
	return float32(f)
}
