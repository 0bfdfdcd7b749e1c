package v2_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/oip"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// seen is a model with a schema that answers with what it was given.
type seen struct {
	desc serve.Description
	out  func(req *serve.Request) any
}

func (m *seen) Describe() serve.Description { return m.desc }

func (m *seen) Predict(_ context.Context, req *serve.Request) (any, error) {
	if m.out != nil {
		return m.out(req), nil
	}
	outs := make([]any, len(req.Inputs))
	for i, t := range req.Inputs {
		shape := make([]any, len(t.Shape))
		for j, n := range t.Shape {
			shape[j] = int64(n)
		}
		outs[i] = serve.NewObject(
			serve.Field{Key: "name", Value: t.Name}, serve.Field{Key: "type", Value: t.Datatype.String()},
			serve.Field{Key: "shape", Value: shape}, serve.Field{Key: "data", Value: t.Rows()})
	}
	return outs, nil
}

// started returns a server of a model that has loaded.
func started(tb testing.TB, c v2.Config) *v2.Server {
	tb.Helper()
	s, err := v2.New(c)
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// do asks a server and returns the body of the answer.
func do(ctx context.Context, s serve.Step, op, body string) (string, error) {
	ev := serve.NewEvent(serve.Target{Method: "POST", Operation: op}, []byte(body))
	if _, err := s.Do(ctx, ev); err != nil {
		return "", err
	}
	out, err := oip.AppendBody(nil, ev.Body)
	return string(out), err
}

func spec(name string, dt serve.Datatype, shape ...int) serve.TensorSpec {
	return serve.TensorSpec{Name: name, Datatype: dt, Shape: shape}
}

func anyNumber(s serve.TensorSpec) serve.TensorSpec {
	s.AnyNumber = true
	return s
}

func features(names ...string) []serve.Feature {
	var all []serve.Feature
	for _, n := range names {
		all = append(all, serve.Feature{Name: n, ValueType: "float", Fields: serve.NewObject(serve.Field{Key: "name", Value: n})})
	}
	return all
}

func TestRowsToSchema(t *testing.T) {
	matrix := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, 3)}}
	named := matrix
	named.Features = features("a", "b", "c")
	tree := serve.Description{Inputs: []serve.TensorSpec{anyNumber(spec("x", serve.FP32, -1, 3))}}
	column := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP64, -1, 1)}}
	vector := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.Int64, -1)}}
	open := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, -1)}}
	text := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.Bytes, -1, 2)}}
	image := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, 1, 2, 2)}}
	each := serve.Description{Inputs: []serve.TensorSpec{spec("age", serve.FP32, -1, 1), spec("name", serve.Bytes, -1, 1), spec("n", serve.Int32, -1)}}
	ints := func(dt serve.Datatype) serve.Description {
		return serve.Description{Inputs: []serve.TensorSpec{spec("x", dt, -1)}}
	}
	for _, tt := range []struct {
		name   string
		desc   serve.Description
		inputs string
		want   string // what the model was given, or the error
	}{
		{"rows", matrix, `[[1,2,3],[4,5.5,6]]`, `[{"name":"x","type":"FP32","shape":[2,3],"data":[[1,2,3],[4,5.5,6]]}]`},
		{"one flat row", matrix, `[1,2,3]`, `[{"name":"x","type":"FP32","shape":[1,3],"data":[[1,2,3]]}]`},
		{"missing values", tree, `[[1,null,3]]`, `[{"name":"x","type":"FP64","shape":[1,3],"data":[[1,null,3]]}]`},
		{"any number", tree, `[[1,2,3]]`, `[{"name":"x","type":"INT64","shape":[1,3],"data":[[1,2,3]]}]`},
		{"no rows", matrix, `[]`, `[{"name":"x","type":"FP32","shape":[0,3],"data":[]}]`},
		{"scalars are rows of one column", column, `[1,2]`, `[{"name":"x","type":"FP64","shape":[2,1],"data":[[1],[2]]}]`},
		{"rows of one column are scalars", vector, `[[1],[2]]`, `[{"name":"x","type":"INT64","shape":[2],"data":[1,2]}]`},
		{"any width", open, `[[1,2]]`, `[{"name":"x","type":"FP32","shape":[1,2],"data":[[1,2]]}]`},
		{"strings", text, `[["a","b"]]`, `[{"name":"x","type":"BYTES","shape":[1,2],"data":[["a","b"]]}]`},
		{"a batch of one", image, `[[1,2],[3,4]]`, `[{"name":"x","type":"FP32","shape":[1,2,2],"data":[[[1,2],[3,4]]]}]`},
		{"dictionaries", named, `[{"c":3,"a":1,"b":2.5,"z":0}]`, `[{"name":"x","type":"FP32","shape":[1,3],"data":[[1,2.5,3]]}]`},
		{"a tensor a column", each, `[[30,"ann",2],[40,"bob",3]]`, `[{"name":"age","type":"FP32","shape":[2,1],"data":[[30],[40]]},{"name":"name","type":"BYTES","shape":[2,1],"data":[["ann"],["bob"]]},{"name":"n","type":"INT32","shape":[2],"data":[2,3]}]`},
		{"dictionaries of columns", each, `[{"n":2,"name":"ann","age":30}]`, `[{"name":"age","type":"FP32","shape":[1,1],"data":[[30]]},{"name":"name","type":"BYTES","shape":[1,1],"data":[["ann"]]},{"name":"n","type":"INT32","shape":[1],"data":[2]}]`},
		{"bool", ints(serve.Bool), `[true,false]`, `[{"name":"x","type":"BOOL","shape":[2],"data":[true,false]}]`},
		{"bool of numbers", ints(serve.Bool), `[1,0]`, `[{"name":"x","type":"BOOL","shape":[2],"data":[true,false]}]`},
		{"uint64", ints(serve.Uint64), `[18446744073709551615]`, `[{"name":"x","type":"UINT64","shape":[1],"data":[18446744073709551615]}]`},
		{"half", ints(serve.FP16), `[1.0009765625,65504]`, `[{"name":"x","type":"FP16","shape":[2],"data":[1.0009765625,65504]}]`},
		{"bfloat16", ints(serve.BF16), `[1.00390625]`, `[{"name":"x","type":"BF16","shape":[1],"data":[1]}]`},
		{"whole floats are integers", ints(serve.Int16), `[1.0,2]`, `[{"name":"x","type":"INT16","shape":[2],"data":[1,2]}]`},

		{"width", matrix, `[[1,2]]`, "shape [1 2], but the model takes [-1 3]"},
		{"ragged", matrix, `[[1,2,3],[1]]`, "ragged"},
		{"text for numbers", matrix, `[["a","b","c"]]`, `element 0 is "a", not a number`},
		{"numbers for text", text, `[[1,2]]`, "INT64 cannot be made BYTES"},
		{"fraction", ints(serve.Int8), `[1.5]`, "element 0 is 1.5, not an integer that INT8 holds"},
		{"range", ints(serve.Int8), `[200]`, "element 0 is 200"},
		{"negative", ints(serve.Uint8), `[-1]`, "element 0 is -1"},
		{"null for an integer", ints(serve.Int8), `[null]`, "element 0 is null"},
		{"two for a boolean", ints(serve.Bool), `[2]`, "element 0 is 2, not a boolean"},
		{"dictionaries without names", matrix, `[{"a":1}]`, "names of the model's features are not known"},
		{"a missing feature", named, `[{"a":1,"b":2}]`, "don't contain all the necessary input keys : ['a', 'b', 'c']"},
		{"a misspelt feature", named, `[{"a":1,"b":2,"d":3}]`, "it lacks ['c'], and the model does not know ['d']"},
		{"mixed rows", named, `[{"a":1,"b":2,"c":3},5]`, "must be of type"},
		{"too few columns", each, `[[30,"ann"]]`, "rows of 3: age, name, n"},
		{"a missing column", each, `[{"age":1,"n":2}]`, `row 0 has no "name"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := started(t, v2.Config{Name: "m", Model: &seen{desc: tt.desc}})
			got, err := do(t.Context(), s, "infer", `{"id":"i","inputs":`+tt.inputs+`}`)
			if err != nil {
				got = err.Error()
				if serve.CodeOf(err) != serve.BadRequest {
					t.Errorf("code %v, want a bad request", serve.CodeOf(err))
				}
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestOutputs(t *testing.T) {
	question := map[string]string{
		"rows": `{"id":"i","inputs":[1]}`,
		"oip":  `{"id":"i","inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}`,
	}
	two := []*serve.Tensor{serve.NewTensor("a", []float32{1, 2}, 2, 1), serve.NewBytes("b", []string{"x"})}
	for _, tt := range []struct {
		name      string
		out       any
		rows, oip string
	}{
		{"tensors", two, `[[1],[2]]`, `[{"name":"a","shape":[2,1],"datatype":"FP32","data":[1,2]},{"name":"b","shape":[1],"datatype":"BYTES","data":["x"]}]`},
		{"no tensors", []*serve.Tensor{}, `[]`, `[]`},
		{"floats", []float64{1, 2.5}, `[1,2.5]`, `[{"name":"output-0","shape":[2],"datatype":"FP64","data":[1,2.5]}]`},
		{"matrix", [][]float64{{1}, {2}}, `[[1],[2]]`, `[{"name":"output-0","shape":[2,1],"datatype":"INT64","data":[[1],[2]]}]`},
		{"number", 5, `5`, `[{"name":"output-0","shape":[1],"datatype":"INT64","data":[5]}]`},
		{"text", "yes", `"yes"`, `[{"name":"output-0","shape":[1],"datatype":"BYTES","data":["yes"]}]`},
		{"boolean", true, `true`, `[{"name":"output-0","shape":[1],"datatype":"BOOL","data":[true]}]`},
		{"strings", []string{"a", "b"}, `["a","b"]`, `[{"name":"output-0","shape":[2],"datatype":"BYTES","data":["a","b"]}]`},
		{"map", map[string]any{"p": []float64{0.5}, "label": []string{"a"}}, `{"label":["a"],"p":[0.5]}`, `[{"name":"label","shape":[1],"datatype":"BYTES","data":["a"]},{"name":"p","shape":[1],"datatype":"FP64","data":[0.5]}]`},
		{"struct", struct {
			A int `json:"a"`
		}{1}, `{"a":1}`, `[{"name":"output-0","shape":[1],"datatype":"BYTES","data":["{\"a\":1}"]}]`},
		{"nested", []any{[]any{"a"}, []any{"b"}}, `[["a"],["b"]]`, `[{"name":"output-0","shape":[2,1],"datatype":"BYTES","data":["a","b"]}]`},
		{"nothing", nil, `null`, `[{"name":"output-0","shape":[1],"datatype":"BYTES","data":["null"]}]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := started(t, v2.Config{Name: "m", Model: &seen{out: func(*serve.Request) any { return tt.out }}})
			for dialect, want := range map[string]string{"rows": tt.rows, "oip": tt.oip} {
				got, err := do(t.Context(), s, "infer", question[dialect])
				if err != nil {
					t.Fatal(err)
				}
				if want = `{"id":"i","model_name":"m","outputs":` + want + `}`; got != want {
					t.Errorf("%s: got %s\nwant %s", dialect, got, want)
				}
			}
		})
	}
}

func TestUnwritableOutputs(t *testing.T) {
	for _, out := range []any{make(chan int), []any{func() {}}, map[string]any{"a": make(chan int)}} {
		s := started(t, v2.Config{Name: "m", Model: &seen{out: func(*serve.Request) any { return out }}})
		_, err := do(t.Context(), s, "infer", `{"inputs":[1]}`)
		if serve.CodeOf(err) != serve.Unwritable || !strings.Contains(err.Error(), "model m: infer") {
			t.Errorf("%T: error %v, want one that names the model", out, err)
		}
	}
}

func TestFeatureSchema(t *testing.T) {
	desc := serve.Description{Features: features("a", "b")}
	for _, tt := range []struct{ body, want string }{
		{`{"inputs":[[1,2]]}`, ""},
		{`{"inputs":[1,2]}`, ""},
		{`{"inputs":[{"b":1,"a":2}]}`, ""},
		{`{"inputs":[[1,"x"]]}`, ""},
		{`{"inputs":[[1,2,3]]}`, "3 columns, but the model has 2 features"},
		{`{"inputs":[1]}`, "1 columns, but the model has 2 features"},
		{`{"inputs":[["x"]]}`, "row 0 has 1 columns"},
		{`{"inputs":[{"a":2}]}`, "necessary input keys"},
		{`{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]}]}`, "3 columns"},
		{`{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}`, ""},
		{`{"inputs":[{"name":"a","shape":[1],"datatype":"FP32","data":[1]},{"name":"c","shape":[1],"datatype":"FP32","data":[1]}]}`, `input "b" is missing`},
	} {
		s := started(t, v2.Config{Name: "m", Model: &seen{desc: desc, out: func(*serve.Request) any { return 1 }}})
		_, err := do(t.Context(), s, "infer", tt.body)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.body, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: error %v, want %q", tt.body, err, tt.want)
		}
		// MLRun's contract checks no widths: the class may take anything.
		loose := started(t, v2.Config{Name: "m", Env: &catalog.Env{MLRun: true}, Model: &seen{desc: desc, out: func(*serve.Request) any { return 1 }}})
		if _, err := do(t.Context(), loose, "infer", tt.body); err != nil {
			t.Errorf("%s in MLRun's contract: %v", tt.body, err)
		}
	}
}

func TestOutputSchema(t *testing.T) {
	desc := serve.Description{Outputs: []serve.TensorSpec{spec("y", serve.FP32, -1, 2), spec("n", serve.Int64, -1)}}
	one := serve.Description{Outputs: desc.Outputs[:1]}
	for _, tt := range []struct {
		desc serve.Description
		out  any
		want string
	}{
		{desc, []*serve.Tensor{serve.NewTensor("n", []int64{1}), serve.NewTensor("y", []float32{1, 2}, 1, 2)}, ""},
		{one, serve.NewTensor("", []float32{1, 2}, 1, 2), ""},
		{one, []float64{1}, ""}, // no tensor: it says nothing of a datatype
		{desc, []*serve.Tensor{serve.NewTensor("z", []int64{1})}, `an output "z", but its schema has y, n`},
		{desc, []*serve.Tensor{serve.NewTensor("n", []float64{1})}, `answered "n" as FP64 [1], but its schema says INT64 [-1]`},
		{one, serve.NewTensor("y", []float32{1, 2, 3}, 1, 3), `FP32 [1 3], but its schema says FP32 [-1 2]`},
	} {
		s := started(t, v2.Config{Name: "m", Model: &seen{desc: tt.desc, out: func(*serve.Request) any { return tt.out }}})
		_, err := do(t.Context(), s, "infer", `{"inputs":[1]}`)
		if (err == nil) != (tt.want == "") || (err != nil && (!strings.Contains(err.Error(), tt.want) || serve.CodeOf(err) != serve.Internal)) {
			t.Errorf("%v: error %v, want %q", tt.out, err, tt.want)
		}
	}
}

// TestScalarsAreTensors: what a model of another process answers is JSON, of
// which scalars are tensors of one element in OIP.
func TestScalarsAreTensors(t *testing.T) {
	for out, want := range map[string]string{
		`15.5`:  `{"name":"output-0","shape":[1],"datatype":"FP64","data":[15.5]}`,
		`7`:     `{"name":"output-0","shape":[1],"datatype":"INT64","data":[7]}`,
		`true`:  `{"name":"output-0","shape":[1],"datatype":"BOOL","data":[true]}`,
		`"yes"`: `{"name":"output-0","shape":[1],"datatype":"BYTES","data":["yes"]}`,
	} {
		s := started(t, v2.Config{Name: "m", Model: &seen{out: func(*serve.Request) any { return json.RawMessage(out) }}})
		got, err := do(t.Context(), s, "infer", `{"id":"1","inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}`)
		if err != nil {
			t.Fatal(out, err)
		}
		if !strings.HasSuffix(got, `"outputs":[`+want+`]}`) {
			t.Errorf("%s: answered %s, want %s", out, got, want)
		}
	}
}
