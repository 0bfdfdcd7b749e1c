package expr

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/schema/schematest"
)

// TestInferIsSound runs random expressions: what they result in is of the type
// that was inferred, and where a failure is inferred they fail.
func TestInferIsSound(t *testing.T) {
	rounds, certain, typed := 60_000, 0, 0
	if testing.Short() {
		rounds = 6_000
	}
	docs := []any{
		parse(t, `{"x": 3, "y": {"z": [1, 2, 2.5]}, "inputs": [[1, 2], [3, 4]], "s": "ab c", "n": null}`),
		parse(t, `{"x": -1.5, "y": {"z": []}, "inputs": ["a", 1, [2]], "s": "", "n": {"k": true}, "other": "o"}`),
		parse(t, `[1, 2, 3]`), parse(t, `"text"`), parse(t, `{}`), parse(t, `[{"x": 1}, {"x": 2.0}]`),
	}
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), 7))
		g := &gardener{Rand: r, names: []string{"event"}}
		text := "(" + g.tree(1+r.IntN(3)) + ")"
		infer, err := Infer(text, false, "event")
		if err != nil {
			continue
		}
		doc := docs[r.IntN(len(docs))]
		in := schematest.Around(r, doc)
		if !in.Has(doc) {
			t.Fatalf("%v does not have its value", in)
		}
		out, wrong := infer(in)
		v, failed := mustCompile(t, text)(t.Context(), doc)
		if wrong != nil {
			certain++
			if failed == nil {
				t.Fatalf("%s of %v is said to fail (%v), and is %v", text, in, wrong, v)
			}
			continue
		}
		if failed != nil {
			continue
		}
		if !out.Is(schema.Null | schema.Bool | schema.Number | schema.Text | schema.List | schema.Object) {
			continue
		}
		typed++
		if !out.Has(v) {
			t.Fatalf("%s of %v is said to be %v, and is %v", text, in, out, v)
		}
	}
	t.Logf("of %d expressions %d are known to fail and %d have a type", rounds, certain, typed)
	if certain < rounds/20 || typed < rounds/20 {
		t.Errorf("of %d expressions %d are known to fail and %d have a type: too few to say anything", rounds, certain, typed)
	}
}

func TestInfer(t *testing.T) {
	number := schema.Of(schema.Number)
	row := schema.Record(false, schema.Field{Name: "a", Type: number}, schema.Field{Name: "b", Type: schema.Of(schema.Text)})
	answer := schema.Record(false, schema.Field{Name: "id", Type: schema.Of(schema.Text)}, schema.Field{Name: "outputs", Type: schema.ListOf(number, -1)})
	for _, c := range []struct {
		text      string
		event     bool
		in        schema.Type
		want, why string
	}{
		{text: "({'inputs': [[event['a'], 1, 2.5]]})", in: row, want: "{inputs: [[number, 1, 2.5]]}"},
		{text: "({'x': event['x'], **event})", in: schema.Any, want: "{x, …}"},
		{text: "({**event, 'a': 'new'})", in: row, want: `{a: "new", b: text}`},
		{text: "([r['a'] for r in event])", in: schema.ListOf(row, 3), want: "[3 × number]"},
		{text: "([x for x in event if x > 1])", in: schema.ListOf(number, 3), want: "[number, …]"},
		{text: "(event.get('a', None))", in: row, want: "number"},
		{text: "(event.get('z', 'none'))", in: row, want: `"none"`},
		{text: "(event['a'] if event['b'] else 'x')", in: row, want: "number or text"},
		{text: "(len(event) + 1)", in: row, want: "int"},
		{text: "(event / 2)", in: number, want: "float"},
		{text: "(event['outputs'][0] > 0.5)", in: answer, want: "boolean"},
		{text: "(event[1:])", in: schema.Tuple(number, schema.Of(schema.Text)), want: "[1 × text]"},
		{text: "(event.body['a'])", event: true, in: row, want: "number"},
		{text: "({'failed': event.origin_state})", event: true, in: schema.Any, want: "{failed: null or text}"},
		{text: "(event)", event: true, in: row, want: "{a: number, b: text}"},

		{text: "(event['predictions'])", in: answer, why: "expression (event['predictions']): column 7: KeyError: 'predictions', where there are only id, outputs"},
		{text: "(event['outputs'][0]['label'])", in: answer, why: "expression (event['outputs'][0]['label']): column 21: TypeError: 'int or float' object is not subscriptable"},
		{text: "(event['b'] + 1)", in: row, why: "expression (event['b'] + 1): column 13: TypeError: unsupported operand type(s) for +: 'str' and 'int'"},
		{text: "('%d' % event['a'])", in: row, why: "expression ('%d' % event['a']): column 7: TypeError: % does not format strings here: use an f-string"},
		{text: "(event['a'] > 'x')", in: row, why: "expression (event['a'] > 'x'): column 13: TypeError: '>' not supported between instances of 'int or float' and 'str'"},
		{text: "(event[3])", in: schema.Tuple(number), why: "expression (event[3]): column 7: IndexError: list index out of range: the list has 1 items"},
		{text: "(event['a'].upper())", in: row, why: "expression (event['a'].upper()): column 13: AttributeError: 'int or float' object has no attribute 'upper'"},
		{text: "(event.body)", in: row, why: "expression (event.body): column 8: AttributeError: 'dict' object has no attribute 'body'"},
		{text: "(event['a'])", event: true, in: row, why: "expression (event['a']): column 7: TypeError: 'Event' object is not subscriptable"},
		{text: "([x for x in event])", in: number, why: "expression ([x for x in event]): column 9: TypeError: 'int or float' object is not iterable"},
	} {
		infer, err := Infer(c.text, c.event, "event")
		if err != nil {
			t.Fatal(err)
		}
		out, err := infer(c.in)
		if why := errorText(err); why != c.why {
			t.Errorf("%s: error %q, want %q", c.text, why, c.why)
		}
		if err == nil && out.String() != c.want {
			t.Errorf("%s of %v is %v, want %s", c.text, c.in, out, c.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestInferStaysSmall doubles what an expression gets again and again.
func TestInferStaysSmall(t *testing.T) {
	infer, err := Infer("({'a': event, 'b': event})", false, "event")
	if err != nil {
		t.Fatal(err)
	}
	in := schema.Of(schema.Int)
	for range 100 {
		if in, err = infer(in); err != nil {
			t.Fatal(err)
		}
	}
	if text := in.String(); len(text) > 400 || !strings.HasPrefix(text, "{a") {
		t.Errorf("the type is %s", text)
	}
}
