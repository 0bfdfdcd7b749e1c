package schema

import "slices"

// A Kind is a set of kinds of values, those that a JSON document is made of.
type Kind uint8

// The kinds. Int and Float are numbers by how they are written: 1 and 1.0.
const (
	Null Kind = 1 << iota
	Bool
	Int
	Float
	Text
	List
	Object
	Other // a Go value that no document has

	Number = Int | Float
	every  = Null | Bool | Number | Text | List | Object | Other
)

// A Type is what is known of a value. It is immutable, and its zero value is
// Any.
type Type struct {
	known  bool // kinds is what there is; else any kind
	kinds  Kind
	list   *list   // of what is a list; nil where nothing is known of it
	record *record // of what is an object, likewise
	value  any     // the only value: nil for none, else string, int64, float64 or bool
	size   int     // of the type, in types within it
}

// list is what is known of lists. It is never changed.
type list struct {
	elem   Type   // of all elements
	length int    // -1 is unknown
	items  []Type // of each element, where they are known one by one
}

// record is what is known of objects. It is never changed.
type record struct {
	fields []Field
	open   bool // there may be other fields
}

// A Field is a field of an object.
type Field struct {
	Name     string
	Type     Type
	Optional bool // it may be missing
}

// What is known of all values, and of none: no event gets there.
var (
	Any   = Type{}
	Never = Type{known: true}
)

// most is how large a type becomes before its details are left out, so that
// expressions which double what they get do not grow it without bound.
const most = 4096

// Of is the type of all values of some kinds.
func Of(k Kind) Type { return Type{known: k&every != every, kinds: k & every} }

// Const is the type of one value: nil, a bool, an int64, a float64 or a string.
// The type of anything else is Any.
func Const(v any) Type {
	t := Type{known: true, value: v}
	switch v.(type) {
	case nil:
		t.kinds = Null
	case bool:
		t.kinds = Bool
	case int64:
		t.kinds = Int
	case float64:
		t.kinds = Float
	case string:
		t.kinds = Text
	default:
		return Any
	}
	return t
}

// ListOf is the type of lists of n elements of a type; n is -1 where it is not
// known.
func ListOf(elem Type, n int) Type {
	if elem.IsNever() {
		n = 0
	}
	if n == 0 {
		return Tuple()
	}
	return sized(Type{known: true, kinds: List, list: &list{elem: elem, length: n}})
}

// Tuple is the type of lists whose elements have one type each.
func Tuple(items ...Type) Type {
	elem := Never
	for _, t := range items {
		elem = Join(elem, t)
	}
	return sized(Type{known: true, kinds: List, list: &list{elem: elem, length: len(items), items: slices.Clip(items)}})
}

// Record is the type of objects with some fields, whose names are different from
// each other; open says that they may have others.
func Record(open bool, fields ...Field) Type {
	return sized(Type{known: true, kinds: Object, record: &record{fields: slices.Clip(fields), open: open}})
}

// sized leaves out the details of a type that has become too large.
func sized(t Type) Type {
	t.size = 1
	if l := t.list; l != nil {
		t.size += 1 + l.elem.size
		for i := range l.items {
			t.size += 1 + l.items[i].size
		}
		if t.size > most {
			t.list, t.size = &list{length: l.length}, 1
		}
	}
	if r := t.record; r != nil {
		size := 0
		for i := range r.fields {
			size += 1 + r.fields[i].Type.size
		}
		if size > most {
			t.record = nil
		} else {
			t.size += size
		}
	}
	return t
}

// Kinds are the kinds that a value may have.
func (t Type) Kinds() Kind {
	if !t.known {
		return every
	}
	return t.kinds
}

// IsNever says whether there is no value.
func (t Type) IsNever() bool { return t.known && t.kinds == 0 }

// Is says whether a value is surely of one of the kinds. Of no value that is true.
func (t Type) Is(k Kind) bool { return t.Kinds()&^k == 0 }

// Can says whether a value may be of one of the kinds.
func (t Type) Can(k Kind) bool { return t.Kinds()&k != 0 }

// Narrow is the type of those values that are of some kinds.
func (t Type) Narrow(k Kind) Type {
	n := t
	if n.known, n.kinds = true, t.Kinds()&k; n.kinds == 0 {
		return Never
	}
	if !n.Can(List) {
		n.list = nil
	}
	if !n.Can(Object) {
		n.record = nil
	}
	if n.kinds == every {
		n.known = false
	}
	return sized(n)
}

// Const is the value where there is only one, a string, int64, float64 or bool.
func (t Type) Const() (v any, ok bool) { return t.value, t.value != nil }

// Elem is the type of the elements of what is a list.
func (t Type) Elem() Type {
	switch {
	case !t.Can(List):
		return Never
	case t.list == nil:
		return Any
	}
	return t.list.elem
}

// Len is the number of elements of what is a list; -1 where it is not known.
func (t Type) Len() int {
	if !t.Can(List) || t.list == nil {
		return -1
	}
	return t.list.length
}

// Items are the types of the elements one by one; ok is false where they are not
// known so. Read the slice only.
func (t Type) Items() (items []Type, ok bool) {
	if t.list == nil || t.list.length != len(t.list.items) {
		return nil, false
	}
	return t.list.items, true
}

// Field is the type of a field of what is an object, and whether it may have the
// field and surely has it.
func (t Type) Field(name string) (f Type, may, sure bool) {
	switch {
	case !t.Can(Object):
		return Never, false, false
	case t.record == nil:
		return Any, true, false
	}
	if i := t.record.index(name); i >= 0 {
		f := t.record.fields[i]
		return f.Type, !f.Type.IsNever(), !f.Optional
	}
	if t.record.open {
		return Any, true, false
	}
	return Never, false, false
}

// Fields are the known fields of what is an object, and whether it may have
// others. Read the slice only.
func (t Type) Fields() (fields []Field, open bool) {
	if t.record == nil {
		return nil, t.Can(Object)
	}
	return t.record.fields, t.record.open
}

func (r *record) index(name string) int {
	return slices.IndexFunc(r.fields, func(f Field) bool { return f.Name == name })
}

// With is the type of the objects of t with a field put into them, in the place
// of the one that they have.
func (t Type) With(f Field) Type {
	fields, open := t.Fields()
	fields = slices.Clone(fields)
	i := slices.IndexFunc(fields, func(old Field) bool { return old.Name == f.Name })
	switch old, may, sure := t.Field(f.Name); {
	case f.Optional && may:
		f.Type, f.Optional = Join(f.Type, old), !sure
	}
	if i >= 0 {
		fields[i] = f
	} else {
		fields = append(fields, f)
	}
	return Record(open, fields...)
}

// Without is the type of the objects of t with fields taken out of them.
func (t Type) Without(names ...string) Type {
	fields, open := t.Fields()
	fields = slices.Clone(fields)
	for _, name := range names {
		i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
		gone := Field{Name: name, Type: Never, Optional: true}
		switch {
		case i >= 0 && open:
			fields[i] = gone
		case i >= 0:
			fields = slices.Delete(fields, i, i+1)
		case open:
			fields = append(fields, gone)
		}
	}
	return Record(open, fields...)
}
