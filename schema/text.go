package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// String is the type for people: "{x: int, who?: text}", "[12 numbers]".
func (t Type) String() string {
	var b writer
	b.write(t, 0)
	return b.String()
}

// A writer writes a type, cut where it becomes long.
type writer struct{ strings.Builder }

const (
	longest = 160 // characters of a type
	deepest = 6
)

func (b *writer) write(t Type, depth int) {
	if v, ok := t.Const(); ok {
		b.constant(v)
		return
	}
	switch {
	case !t.known:
		b.WriteString("anything")
		return
	case t.IsNever():
		b.WriteString("nothing")
		return
	case depth > deepest || b.Len() > longest:
		b.WriteString("…")
		return
	}
	first := true
	or := func() {
		if !first {
			b.WriteString(" or ")
		}
		first = false
	}
	k := t.kinds
	if k&Number == Number {
		or()
		b.WriteString("number")
		k &^= Number
	}
	for _, name := range kindNames {
		if k&name.kind != 0 {
			or()
			b.WriteString(name.text)
		}
	}
	if k&List != 0 {
		or()
		b.list(t, depth)
	}
	if k&Object != 0 {
		or()
		b.object(t, depth)
	}
}

var kindNames = []struct {
	kind Kind
	text string
}{{Null, "null"}, {Bool, "boolean"}, {Int, "int"}, {Float, "float"}, {Text, "text"}, {Other, "a Go value"}}

func (b *writer) constant(v any) {
	if s, ok := v.(string); ok {
		if r := []rune(s); len(r) > 40 {
			s = string(r[:40]) + "…"
		}
		b.WriteString(strconv.Quote(s))
		return
	}
	fmt.Fprint(b, v)
}

func (b *writer) list(t Type, depth int) {
	if items, ok := t.Items(); ok && !alike(items) {
		b.WriteByte('[')
		for i, item := range items {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > longest {
				b.WriteString("…")
				break
			}
			b.write(item, depth+1)
		}
		b.WriteByte(']')
		return
	}
	b.WriteByte('[')
	if n := t.Len(); n != 0 {
		if n > 0 {
			fmt.Fprintf(b, "%d × ", n)
		}
		b.write(t.Elem(), depth+1)
		if n < 0 {
			b.WriteString(", …")
		}
	}
	b.WriteByte(']')
}

// alike says whether items have nothing to tell but their kinds, which are the
// same.
func alike(items []Type) bool {
	for _, t := range items {
		if t.value != nil || t.list != nil || t.record != nil || t.Kinds() != items[0].Kinds() {
			return false
		}
	}
	return true
}

func (b *writer) object(t Type, depth int) {
	fields, open := t.Fields()
	b.WriteByte('{')
	n := 0
	for _, f := range fields {
		if f.Type.IsNever() {
			continue
		}
		if n++; n > 1 {
			b.WriteString(", ")
		}
		if b.Len() > longest {
			b.WriteString("…")
			open = false
			break
		}
		b.WriteString(f.Name)
		if f.Optional {
			b.WriteByte('?')
		}
		if f.Type.known {
			b.WriteString(": ")
			b.write(f.Type, depth+1)
		}
	}
	if open {
		if n > 0 {
			b.WriteString(", ")
		}
		b.WriteString("…")
	}
	b.WriteByte('}')
}
