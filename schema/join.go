package schema

// Join is the type of the values of both.
func Join(a, b Type) Type {
	switch {
	case a.IsNever():
		return b
	case b.IsNever():
		return a
	case !a.known || !b.known:
		return Any
	}
	t := Of(a.kinds | b.kinds)
	if !t.known {
		return Any
	}
	if a.value != nil && a.value == b.value {
		t.value = a.value
	}
	t.list, t.record = joinLists(a, b), joinRecords(a, b)
	return sized(t)
}

func joinLists(a, b Type) *list {
	switch {
	case !a.Can(List):
		return b.list
	case !b.Can(List):
		return a.list
	case a.list == nil || b.list == nil:
		return nil
	}
	out := &list{elem: Join(a.list.elem, b.list.elem), length: a.list.length}
	if b.list.length != out.length {
		out.length = -1
		return out
	}
	x, known := a.Items()
	y, too := b.Items()
	if known && too {
		out.items = make([]Type, len(x))
		for i := range x {
			out.items[i] = Join(x[i], y[i])
		}
	}
	return out
}

// joinRecords has every field that one of them knows and the other does not
// rule out.
func joinRecords(a, b Type) *record {
	switch {
	case !a.Can(Object):
		return b.record
	case !b.Can(Object):
		return a.record
	case a.record == nil || b.record == nil:
		return nil
	}
	out := &record{open: a.record.open || b.record.open}
	add := func(name string) {
		x, mayX, sureX := a.Field(name)
		y, mayY, sureY := b.Field(name)
		f := Field{Name: name, Type: Never, Optional: !sureX || !sureY}
		if mayX {
			f.Type = x
		}
		if mayY {
			f.Type = Join(f.Type, y)
		}
		out.fields = append(out.fields, f)
	}
	for _, f := range a.record.fields {
		add(f.Name)
	}
	for _, f := range b.record.fields {
		if a.record.index(f.Name) < 0 {
			add(f.Name)
		}
	}
	return out
}
