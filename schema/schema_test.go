package schema_test

import (
	"math/rand/v2"
	"testing"

	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/schema/schematest"
	"github.com/leat-ml/leat/serve"
)

func documents(t *testing.T) []any {
	t.Helper()
	var all []any
	for _, text := range []string{
		`null`, `true`, `0`, `1.5`, `""`, `"text"`, `[]`, `[1, 2]`, `[[1, 2.5], [3, 4]]`, `[1, "a", null]`, `{}`,
		`{"a": 1}`, `{"a": {"b": [1, {"c": null}]}, "d": "x"}`, `{"a": {"b": 2}, "e": false}`, `12345678901234567890`,
	} {
		v, err := oip.ParseValue([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

// TestOperationsAreSound holds operations on types against those on values.
func TestOperationsAreSound(t *testing.T) {
	docs := documents(t)
	for round := range 30_000 {
		r := rand.New(rand.NewPCG(uint64(round), 5))
		v, w := docs[r.IntN(len(docs))], docs[r.IntN(len(docs))]
		a, b := schematest.Around(r, v), schematest.Around(r, w)
		if both := schema.Join(a, b); !a.Has(v) || !both.Has(v) || !both.Has(w) {
			t.Fatalf("%v and %v are %v, which lacks %v or %v", a, b, both, v, w)
		}
		path := []string{"", "a", "a.b", "d", "a.b.c", `a\.b`}[r.IntN(6)]
		part, said := schema.Select(a, path)
		body, err := oip.Select(serve.ValueBody(v), path)
		checkOperation(t, "select "+path, a, part, said, body, err)
		placed, said := schema.Place(a, path, b)
		if p, ok := said.(*schema.Problem); ok && p.Some { //nolint:errorlint // never wrapped
			said = nil
		}
		body, err = oip.Place(serve.ValueBody(v), path, serve.ValueBody(w))
		checkOperation(t, "place "+path, a, placed, said, body, err)
		if o, ok := v.(*serve.Object); ok {
			if out := a.With(schema.Field{Name: "a", Type: b}); !out.Has(o.With("a", w)) {
				t.Fatalf("%v with a: %v is %v", a, b, out)
			}
		}
	}
}

func checkOperation(t *testing.T, what string, in, out schema.Type, said error, body serve.Body, err error) {
	t.Helper()
	if said != nil {
		if err == nil {
			t.Fatalf("%s of %v is said to fail: %v", what, in, said)
		}
		return
	}
	if err != nil {
		return
	}
	v, err := oip.Value(body)
	if err != nil || !out.Has(v) {
		t.Fatalf("%s of %v is said to be %v, and is %v", what, in, out, v)
	}
}

func TestText(t *testing.T) {
	number, text := schema.Of(schema.Number), schema.Of(schema.Text)
	for want, typ := range map[string]schema.Type{
		"anything":                   schema.Any,
		"nothing":                    schema.Never,
		"number":                     number,
		"null or text":               schema.Of(schema.Text | schema.Null),
		`"a"`:                        schema.Const("a"),
		"[3 × number]":               schema.ListOf(number, 3),
		"[number, …]":                schema.ListOf(number, -1),
		"[]":                         schema.Tuple(),
		"[number, text]":             schema.Tuple(number, text),
		"{a: number, b?: text}":      schema.Record(false, schema.Field{Name: "a", Type: number}, schema.Field{Name: "b", Type: text, Optional: true}),
		"{a, …}":                     schema.Record(true, schema.Field{Name: "a"}),
		"{…}":                        schema.Record(true).Without("b"),
		"number or [text, …] or {…}": schema.Join(number, schema.Join(schema.ListOf(text, -1), schema.Of(schema.Object))),
	} {
		if got := typ.String(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestSizes wants details to be left out before a type becomes large.
func TestSizes(t *testing.T) {
	typ := schema.Of(schema.Int)
	for range 64 {
		typ = schema.Tuple(typ, typ)
	}
	if !typ.Is(schema.List) || typ.Len() != 2 {
		t.Errorf("it is %v", typ)
	}
	if text := typ.String(); len(text) > 400 {
		t.Errorf("its text is %d bytes", len(text))
	}
}
