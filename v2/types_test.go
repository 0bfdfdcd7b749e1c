package v2

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/schema"
	"github.com/leat-ml/leat/schema/schematest"
	"github.com/leat-ml/leat/serve"
)

// described is a model that has a schema and answers nothing.
type described struct{ d serve.Description }

func (m *described) Predict(context.Context, *serve.Request) (any, error) { return []float64{1}, nil }
func (m *described) Describe() serve.Description                          { return m.d }

func serverOf(t testing.TB, d serve.Description) *Server {
	t.Helper()
	s, err := New(Config{Name: "m", Model: &described{d}, Env: &catalog.Env{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

func randomFeatures(n int) []serve.Feature {
	all := []serve.Feature{}
	for i := range n {
		all = append(all, serve.Feature{Name: string(rune('a' + i))})
	}
	return all
}

func randomDescription(r *rand.Rand) serve.Description {
	types := []serve.Datatype{serve.FP32, serve.FP64, serve.Int64, serve.Int32, serve.Bytes, serve.Bool, serve.Invalid}
	spec := func(name string) serve.TensorSpec {
		s := serve.TensorSpec{Name: name, Datatype: types[r.IntN(len(types))], AnyNumber: r.IntN(3) == 0, Optional: r.IntN(5) == 0}
		if r.IntN(6) > 0 {
			s.Shape = [][]int{{-1, 2}, {-1, 3}, {-1, 1}, {-1}, {2}, {-1, -1}, {-1, 2, 2}, {}, {1, 2}, {-1, 4}}[r.IntN(10)]
		}
		return s
	}
	var d serve.Description
	if r.IntN(2) == 0 {
		d.Features = randomFeatures(1 + r.IntN(4))
	}
	switch r.IntN(4) {
	case 0:
		d.Inputs = []serve.TensorSpec{spec("a"), spec("b")}
	case 1, 2:
		d.Inputs = []serve.TensorSpec{spec("input-0")}
	}
	if r.IntN(3) == 0 {
		d.Outputs = []serve.TensorSpec{{Name: "output-0", Datatype: serve.FP32}}
	}
	return d
}

// randomRequest is the text of a request, right or wrong.
func randomRequest(r *rand.Rand) string {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	leaf := func() string { return pick("1", "2.5", "0", `"t"`, "true", "null", "3", "1e3") }
	row := func() string {
		switch r.IntN(4) {
		case 0:
			return pick(`[]`, `[1]`, `[1, 2]`, `[1, 2, 3]`, `[[1, 2], [3, 4]]`, `[1, "x"]`)
		case 1:
			return pick(`{"a": 1, "b": 2}`, `{"a": 1}`, `{"a": "x", "b": [1], "c": 3}`, `{"a": [1, 2], "b": 0, "c": 1, "d": 2}`)
		case 2:
			return leaf()
		}
		return "[" + leaf() + ", " + leaf() + "]"
	}
	tensor := func() string {
		return fmt.Sprintf(`{"name": %s, "shape": %s, "datatype": %s, "data": %s}`, pick(`"a"`, `"b"`, `"input-0"`, `"q"`),
			pick("[1, 2]", "[2]", "[1, 3]", "[1]", "[2, 1]"), pick(`"FP32"`, `"INT64"`, `"BYTES"`, `"FP64"`, `"NONE"`), pick("[1, 2]", `["a", "b"]`, "[1, 2, 3]", "[1]"))
	}
	inputs := pick("[]", row(), "{}")
	switch r.IntN(4) {
	case 0:
		inputs = "[" + row() + "]"
	case 1:
		one := row()
		inputs = "[" + one + ", " + pick(one, row()) + "]"
	case 2:
		inputs = "[" + tensor() + pick("", ", "+tensor()) + "]"
	}
	return pick(`{"inputs": `, `{"outputs": [{"name": "output-0"}], "inputs": `, `{"outputs": [{"name": "zz"}], "id": "1", "inputs": `, `{"data": `) + inputs + "}"
}

// TestTypesAreSound holds what is said of types of requests against what becomes
// of requests of those types: the ones that are said to be refused are.
func TestTypesAreSound(t *testing.T) {
	rounds, certain, answered := 40_000, 0, 0
	if testing.Short() {
		rounds = 4_000
	}
	for round := range rounds {
		r := rand.New(rand.NewPCG(uint64(round), 3))
		d := randomDescription(r)
		s := serverOf(t, d)
		text := randomRequest(r)
		doc, err := oip.ParseValue([]byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		in := schematest.Around(r, doc)
		out, said := s.Infer(in)
		for _, op := range []string{"infer", "infer_dict"} {
			for _, body := range []serve.Body{serve.ValueBody(doc), serve.RawBody([]byte(text))} {
				ev := &serve.Event{Target: serve.Target{Operation: op}, Body: body}
				_, refused := s.Do(t.Context(), ev)
				if said != nil && !isDoubt(said) && refused == nil {
					t.Fatalf("requests as %v are said to be refused by %+v (%v), and %s (%s) is not", in, d, said, text, op)
				}
				if refused != nil {
					continue
				}
				answered++
				v, err := oip.Value(ev.Body)
				if err != nil || !out.Is(schema.Object) || !out.Has(v) {
					t.Fatalf("the answer to %s is said to be %v, and is %v", text, out, v)
				}
			}
		}
		if said != nil && !isDoubt(said) {
			certain++
		}
	}
	t.Logf("of %d requests, %d are of types that are sure to be refused; %d answers", rounds, certain, answered)
	if certain < rounds/20 || answered < rounds/20 {
		t.Error("too few to say anything")
	}
}
