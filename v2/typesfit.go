package v2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/serve"
)

// A fitter holds types of inputs against a schema, as fit does with inputs. It
// refuses what fit refuses whatever the values are.
type fitter struct{ d *serve.Description }

// request checks the inputs of a request, which are a list.
func (f *fitter) request(body, inputs schema.Type) error {
	if items, ok := inputs.Items(); ok && areTensors(items) {
		return f.tensors(body, items)
	}
	if mayBeTensors(inputs) {
		return nil
	}
	return f.rows(inputs)
}

// rows checks inputs in MLRun's dialect.
func (f *fitter) rows(inputs schema.Type) error {
	n, elem := inputs.Len(), inputs.Elem()
	if items, ok := inputs.Items(); ok && len(items) > 0 {
		elem = items[0]
	}
	if n == 0 || elem.IsNever() {
		return nil
	}
	var err error
	switch {
	case elem.Is(schema.Object):
		err = f.dicts(inputs, elem)
	case !elem.Can(schema.Object | schema.Other): // else they may be dictionaries
		err = f.matrix(inputs)
	}
	p, ok := err.(*schema.Problem) //nolint:errorlint // ours, never wrapped
	if ok && n < 0 {               // no rows at all are taken
		c := *p
		c.Some = true
		return &c
	}
	return err
}

// dicts checks rows that are dictionaries, of which the first one decides.
func (f *fitter) dicts(inputs, first schema.Type) error {
	if len(f.d.Inputs) > 1 && len(f.d.Features) > 0 {
		return nil // infer_dict goes by other names
	}
	names, wanted := columnNames(f.d), schema.Any.Kinds()
	if len(f.d.Inputs) == 1 {
		wanted = taken(&f.d.Inputs[0])
		if len(f.d.Inputs[0].Shape) > 2 {
			return nil
		}
	}
	if len(names) == 0 {
		return schema.Fails("the inputs are dictionaries, but the names of the model's features are not known")
	}
	rows := []schema.Type{first}
	if items, ok := inputs.Items(); ok {
		rows = items
	}
	for i, row := range rows {
		if !row.Can(schema.Object | schema.Other) {
			return schema.Fails("row %d is %s, and not a dictionary as the first one", i, row)
		}
		if err := f.dict(row, names, wanted); err != nil {
			return err
		}
	}
	return nil
}

func (f *fitter) dict(row schema.Type, names []string, wanted schema.Kind) error {
	var missing []string
	for i, name := range names {
		if len(f.d.Inputs) > 1 && f.d.Inputs[i].Optional {
			continue
		}
		t, may, _ := row.Field(name)
		if !may && row.Is(schema.Object) {
			missing = append(missing, name)
			continue
		}
		if len(f.d.Inputs) == 1 && row.Is(schema.Object) && !t.Can(wanted|schema.List|schema.Other) {
			return schema.Fails("%q is %s, but the model takes %s", name, t, f.d.Inputs[0].Datatype)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	have := ""
	if fields, _ := row.Fields(); len(fields) > 0 {
		have = ", and has " + fewOf(fieldNames(fields))
	}
	return schema.Fails("a row lacks %s%s; the model takes %s", fewOf(missing), have, fewOf(names))
}

func fieldNames(fields []schema.Field) []string {
	var names []string
	for _, f := range fields {
		if !f.Type.IsNever() {
			names = append(names, f.Name)
		}
	}
	return names
}

func fewOf(names []string) string {
	const few = 20
	if len(names) > few {
		names = append(slices.Clone(names[:few]), "…")
	}
	return strings.Join(names, ", ")
}

// matrix checks rows that are lists or single values.
func (f *fitter) matrix(inputs schema.Type) error {
	rows, ok := inputs.Items()
	if !ok {
		rows = []schema.Type{inputs.Elem()}
	}
	dims, leaf, ok := extent(inputs)
	switch {
	case len(f.d.Inputs) == 0:
		return f.width(rows)
	case len(f.d.Inputs) == 1:
		s := &f.d.Inputs[0]
		if ok && !mayReshape(dims, s.Shape) {
			return f.wrongShape(dims, s)
		}
		for _, row := range rows {
			if bad, found := misfit(row, taken(s)); found {
				return schema.Fails("input %q takes %s, and there is %s", s.Name, s.Datatype, bad)
			}
		}
		if ok {
			return nil
		}
		if err := f.width(rows); err != nil {
			return err
		}
		return ragged(rows)
	case ok:
		return f.columns(dims, leaf)
	}
	return ragged(rows)
}

// ragged is an error for rows of which one is surely not like the others.
func ragged(rows []schema.Type) error {
	first := rows[0]
	for i, row := range rows {
		list, other := row.Is(schema.List), first.Is(schema.List)
		single, otherwise := !row.Can(schema.List|schema.Other), !first.Can(schema.List|schema.Other)
		lengths := list && other && row.Len() >= 0 && first.Len() >= 0 && row.Len() != first.Len()
		if list && otherwise || single && other || lengths {
			return schema.Fails("the inputs are ragged: item %d is %s, and the first one %s", i, row, first)
		}
	}
	return nil
}

// columns checks rows for a model with an input a column.
func (f *fitter) columns(dims []int, leaf schema.Type) error {
	width := dims[len(dims)-1]
	switch {
	case slices.Contains(dims, 0) || leaf.IsNever():
		return nil
	case len(dims) > 2 && slices.Contains(dims[1:], -1): // which may hold nothing
		return nil
	case len(dims) > 2, width >= 0 && width != len(f.d.Inputs):
		return schema.Fails("the inputs have shape %s, but the model takes rows of %d: %s", shapeText(dims), len(f.d.Inputs), specNames(f.d.Inputs))
	}
	return nil
}

// width checks the number of columns of rows that are lists, where there is
// nothing else to go by.
func (f *fitter) width(rows []schema.Type) error {
	want := len(f.d.Features)
	if len(f.d.Inputs) > 0 {
		s := &f.d.Inputs[0]
		if len(f.d.Inputs) != 1 || len(s.Shape) != 2 || s.Shape[1] < 0 {
			return nil
		}
		want = s.Shape[1]
	}
	for _, row := range rows {
		if n := row.Len(); row.Is(schema.List) && n > 0 && n != want {
			p := schema.Fails("the inputs have %s, but the model takes %d%s", columnsText(n), want, f.named())
			// Dense rows of lists are flattened where there are only names to go by.
			p.Some = len(f.d.Inputs) == 0 && row.Elem().Can(schema.List|schema.Other)
			return p
		}
	}
	return nil
}

func columnsText(n int) string {
	if n == 1 {
		return "1 column"
	}
	return strconv.Itoa(n) + " columns"
}

// named are the names of the model's columns, where it has any.
func (f *fitter) named() string {
	if len(f.d.Features) == 0 {
		return ""
	}
	return ": " + fewNames(f.d.Features)
}

func (f *fitter) wrongShape(dims []int, s *serve.TensorSpec) error {
	if len(dims) == 2 && len(s.Shape) == 2 && dims[1] >= 0 {
		return schema.Fails("the inputs have %s, but the model takes %d%s", columnsText(dims[1]), s.Shape[1], f.named())
	}
	return schema.Fails("the inputs have shape %s, but the model takes %s%s", shapeText(dims), shapeText(s.Shape), f.named())
}

// extent is the shape of nested lists, -1 where a length is not known, and the
// type of what is in the innermost ones. It is not ok where they are not surely of
// one shape.
func extent(t schema.Type) (dims []int, leaf schema.Type, ok bool) {
	switch {
	case !t.Can(schema.List | schema.Other):
		return nil, t, true
	case !t.Is(schema.List):
		return nil, schema.Any, false
	case t.Len() == 0:
		return []int{0}, schema.Never, true
	}
	items, known := t.Items()
	if !known {
		inner, leaf, ok := extent(t.Elem())
		return append([]int{t.Len()}, inner...), leaf, ok
	}
	inner, leaf, ok := extent(items[0])
	for _, item := range items[1:] {
		more, of, fine := extent(item)
		if !ok || !fine || len(more) != len(inner) {
			return nil, schema.Any, false
		}
		for i := range more {
			switch {
			case inner[i] < 0:
				inner[i] = more[i]
			case more[i] >= 0 && more[i] != inner[i]:
				return nil, schema.Any, false // they are ragged, which width tells
			}
		}
		leaf = schema.Join(leaf, of)
	}
	return append([]int{len(items)}, inner...), leaf, ok
}

// mayReshape says whether data of a shape, of which some lengths are not known,
// may fit: see reshape.
func mayReshape(have, want []int) bool {
	switch {
	case mayFit(have, want), slices.Contains(have, 0):
		return true
	case len(have) == 1 && len(want) == 2 && want[1] == 1:
		return mayFit([]int{have[0], 1}, want)
	case len(have)+1 == len(want):
		return mayFit(append([]int{1}, have...), want) || len(have) == 1 && have[0] < 0
	case len(have) == 2 && len(want) == 1 && (have[1] == 1 || have[1] < 0):
		return mayFit(have[:1], want)
	}
	// No rows, and rows of nothing, have shapes of their own.
	return len(have) > 1 && slices.Contains(have[1:], -1)
}

func mayFit(have, want []int) bool {
	if want == nil {
		return true
	}
	if len(have) != len(want) {
		return false
	}
	for i, n := range want {
		if n >= 0 && have[i] >= 0 && have[i] != n {
			return false
		}
	}
	return true
}

// taken are the kinds of values that an input takes as elements.
func taken(s *serve.TensorSpec) schema.Kind {
	switch {
	case s.Datatype == serve.Bytes && s.AnyNumber:
		return schema.Text | schema.Number | schema.Null
	case s.Datatype == serve.Bytes:
		return schema.Text
	case s.Datatype == serve.Bool:
		return schema.Bool | schema.Number
	}
	return schema.Number | schema.Null
}

// misfit finds an element that is surely there and of none of the kinds.
func misfit(t schema.Type, kinds schema.Kind) (bad schema.Type, found bool) {
	if !t.Can(schema.List | schema.Other) {
		return t, !t.IsNever() && !t.Can(kinds)
	}
	if !t.Is(schema.List) {
		return t, false
	}
	items, ok := t.Items()
	if !ok && t.Len() > 0 {
		return misfit(t.Elem(), kinds)
	}
	for _, item := range items {
		if bad, found = misfit(item, kinds); found {
			return bad, true
		}
	}
	return bad, false
}
