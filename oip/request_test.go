package oip

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/leat-ml/leat/serve"
)

func parse(t *testing.T, body string) *serve.Request {
	t.Helper()
	req, err := Request(serve.RawBody([]byte(body)))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return req
}

func TestRequestDialects(t *testing.T) {
	for _, tt := range []struct {
		body    string
		dialect serve.Dialect
		inputs  int
	}{
		{`{"inputs": [[1, 2], [3, 4]]}`, serve.MLRun, 1},
		{`{"inputs": [5]}`, serve.MLRun, 1},
		{`{"inputs": []}`, serve.MLRun, 1},
		{`{"inputs": ["a", "b"]}`, serve.MLRun, 0},
		{`{"inputs": [{"x": 1}]}`, serve.MLRun, 0},
		{`{"inputs": [{"name": "x", "shape": [1]}]}`, serve.MLRun, 0},
		{`{"inputs": 5}`, serve.MLRun, 0},
		{`{"other": 5}`, serve.MLRun, 0},
		{`{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}`, serve.OIP, 1},
		{`{"inputs": [{"data": [1], "datatype": "FP32", "shape": [1], "name": "x"}]}`, serve.OIP, 1},
		{`{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}, {"name": "y", "shape": [2], "datatype": "BYTES", "data": ["a", ""]}]}`, serve.OIP, 2},
	} {
		req := parse(t, tt.body)
		if req.Dialect != tt.dialect || len(req.Inputs) != tt.inputs {
			t.Errorf("%s: dialect %v with %d inputs, want %v with %d", tt.body, req.Dialect, len(req.Inputs), tt.dialect, tt.inputs)
		}
	}
}

func TestRequestTensors(t *testing.T) {
	for _, tt := range []struct {
		name, tensor string
		shape        []int
		want         any
	}{
		{"flat", `"shape":[2,2],"datatype":"FP32","data":[1,2,3,4.5]`, []int{2, 2}, []float32{1, 2, 3, 4.5}},
		{"nested", `"shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4.5]]`, []int{2, 2}, []float32{1, 2, 3, 4.5}},
		{"other nesting", `"shape":[2,2],"datatype":"FP32","data":[[1,2,3,4.5]]`, []int{2, 2}, []float32{1, 2, 3, 4.5}},
		{"data first", `"data":[1,2],"datatype":"INT8","shape":[2]`, []int{2}, []int8{1, 2}},
		{"int64 limits", `"shape":[3],"datatype":"INT64","data":[9007199254740993,-9223372036854775808,9223372036854775807]`, []int{3}, []int64{9007199254740993, math.MinInt64, math.MaxInt64}},
		{"uint64 limit", `"shape":[1],"datatype":"UINT64","data":[18446744073709551615]`, []int{1}, []uint64{math.MaxUint64}},
		{"int32", `"shape":[1],"datatype":"INT32","data":[-5]`, []int{1}, []int32{-5}},
		{"int16", `"shape":[1],"datatype":"INT16","data":[-5]`, []int{1}, []int16{-5}},
		{"uint8", `"shape":[1],"datatype":"UINT8","data":[255]`, []int{1}, []uint8{255}},
		{"uint16", `"shape":[1],"datatype":"UINT16","data":[65535]`, []int{1}, []uint16{65535}},
		{"uint32", `"shape":[1],"datatype":"UINT32","data":[4294967295]`, []int{1}, []uint32{math.MaxUint32}},
		{"fp64", `"shape":[1],"datatype":"FP64","data":[0.1]`, []int{1}, []float64{0.1}},
		{"bool", `"shape":[3],"datatype":"BOOL","data":[true,false,1]`, []int{3}, []bool{true, false, true}},
		{"no elements", `"shape":[0,2],"datatype":"FP32","data":[]`, []int{0, 2}, []float32(nil)},
		{"scalar", `"shape":[],"datatype":"FP32","data":[7]`, []int{}, []float32{7}},
		{"large", `"shape":[40],"datatype":"INT64","data":[` + strings.Repeat("1,", 39) + `2]`, []int{40}, append(ones(39), 2)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := parse(t, `{"inputs":[{"name":"x",`+tt.tensor+`}]}`).Inputs[0]
			if d := cmp.Diff(tt.shape, in.Shape); d != "" {
				t.Errorf("shape (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.want, typed(in)); d != "" {
				t.Errorf("data (-want +got):\n%s", d)
			}
		})
	}
}

func ones(n int) []int64 {
	v := make([]int64, n)
	for i := range v {
		v[i] = 1
	}
	return v
}

// typed are the elements as a slice of their Go type.
func typed(t *serve.Tensor) any {
	switch t.Datatype {
	case serve.FP32:
		return elements[float32](t)
	case serve.FP64:
		return elements[float64](t)
	case serve.Int64:
		return elements[int64](t)
	case serve.Int32:
		return elements[int32](t)
	case serve.Int16:
		return elements[int16](t)
	case serve.Int8:
		return elements[int8](t)
	case serve.Uint64:
		return elements[uint64](t)
	case serve.Uint32:
		return elements[uint32](t)
	case serve.Uint16:
		return elements[uint16](t)
	case serve.Uint8:
		return elements[uint8](t)
	case serve.Bool:
		return elements[bool](t)
	}
	return t.Strings()
}

func TestRequestNulls(t *testing.T) {
	in := parse(t, `{"id":null,"outputs":null,"parameters":null,"inputs":[{"name":"x","shape":[2],"datatype":"FP32","data":[null,NaN]}]}`)
	v, _ := serve.Data[float32](in.Inputs[0])
	if v[0] == v[0] || v[1] == v[1] {
		t.Errorf("data %v, want two NaN", v)
	}
	if in.RawID != nil || in.Outputs != nil || in.Parameters != nil {
		t.Errorf("id %s, outputs %v, parameters %v, want none", in.RawID, in.Outputs, in.Parameters)
	}
}

func TestRequestErrors(t *testing.T) {
	tensor := func(members string) string { return `{"inputs":[{"name":"x",` + members + `}]}` }
	for _, tt := range []struct{ body, want string }{
		{``, "invalid JSON"},
		{`{`, "invalid JSON"},
		{`[]`, "not a JSON object"},
		{`null`, "not a JSON object"},
		{`{"inputs":[1]`, "invalid JSON"},
		{`{"inputs":[1]} x`, "invalid JSON"},
		{`{"inputs":[1],"inputs":[2]}`, `the key "inputs" is there twice`},
		{`{"id":1,"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}`, "id is 1, not a string"},
		{tensor(`"shape":[2],"datatype":"FP32","data":[1]`), "shape [2] holds 2 elements, but data has 1"},
		{tensor(`"shape":[1],"datatype":"FP32","data":[1,2]`), "shape [1] holds 1 elements, but data has 2"},
		{tensor(`"shape":[3],"datatype":"FP32","data":[[1,2],[3]]`), "ragged"},
		{tensor(`"shape":[-1],"datatype":"FP32","data":[1]`), "length 0 is -1"},
		{tensor(`"shape":["a"],"datatype":"FP32","data":[1]`), "shape: element 0"},
		{tensor(`"shape":[1.5],"datatype":"FP32","data":[1]`), "shape: element 0 is 1.5"},
		{tensor(`"shape":5,"datatype":"FP32","data":[1]`), "shape is not a list"},
		{tensor(`"shape":[1152921504606846976,1152921504606846976],"datatype":"FP32","data":[1]`), "more elements than can be"},
		{tensor(`"shape":[2000000000],"datatype":"FP32","data":[1]`), "data has fewer"},
		{tensor(`"datatype":"FP32","data":[1]`), "shape is missing"},
		{tensor(`"shape":[1],"data":[1]`), "datatype is missing"},
		{tensor(`"shape":[1],"datatype":"FP32"`), "data is missing"},
		{`{"inputs":[{"shape":[1],"datatype":"FP32","data":[1]}]}`, "name is missing"},
		{`{"inputs":[{"name":"","shape":[1],"datatype":"FP32","data":[1]}]}`, "inputs[0]: name is missing"},
		{tensor(`"shape":[1],"datatype":"FP33","data":[1]`), `datatype "FP33" is not one`},
		{tensor(`"shape":[1],"datatype":"FP16","data":[1]`), "binary"},
		{tensor(`"shape":[1],"datatype":"BF16","data":[1]`), "binary"},
		{tensor(`"shape":[1],"datatype":"INT8","data":[300]`), "element 0 is 300"},
		{tensor(`"shape":[1],"datatype":"UINT8","data":[-1]`), "element 0 is -1"},
		{tensor(`"shape":[1],"datatype":"INT32","data":[1.5]`), "element 0 is 1.5"},
		{tensor(`"shape":[1],"datatype":"INT64","data":[null]`), "element 0 is null"},
		{tensor(`"shape":[1],"datatype":"INT64","data":[NaN]`), "found 'N'"},
		{tensor(`"shape":[1],"datatype":"FP32","data":["1"]`), `element 0 is "1"`},
		{tensor(`"shape":[1],"datatype":"BYTES","data":[1]`), "element 0 is 1"},
		{tensor(`"shape":[1],"datatype":"BOOL","data":[2]`), "element 0 is 2"},
		{tensor(`"shape":[1],"datatype":"FP32","data":1`), "data is not a list"},
		{tensor(`"shape":[1],"datatype":"FP32","data":[1],"data":[2]`), "twice"},
		{tensor(`"shape":[1],"datatype":"FP32","data":[1],"parameters":{"a":{}}`), `"a" is neither`},
		{`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]},{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}`, `input "x" is there twice`},
		{`{"inputs":[5,{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}`, "inputs[0] is not a tensor"},
		{`{"inputs":[{"a":1},{"datatype":"FP32"}]}`, "inputs[0] is not a tensor"},
		{`{"parameters":{"a":[]},"inputs":[1]}`, `"a" is neither`},
		{`{"parameters":{"a":1,"a":2},"inputs":[1]}`, "twice"},
		{`{"parameters":5,"inputs":[1]}`, "parameters is not an object"},
		{`{"outputs":5,"inputs":[1]}`, "outputs is not a list"},
		{`{"outputs":[5],"inputs":[1]}`, "outputs[0] is not an object"},
		{`{"outputs":[{}],"inputs":[1]}`, "outputs[0] has no name"},
		{`{"inputs":` + strings.Repeat("[", 120) + strings.Repeat("]", 120) + `}`, "JSON nesting depth exceeds"},
		{`{"x":` + strings.Repeat("[", 250_000) + `}`, "JSON nesting depth exceeds"},
		{`{"inputs":` + strings.Repeat("[", 250_000) + `}`, "JSON nesting depth exceeds"},
		{`{"inputs":` + strings.Repeat(`[{"a":`, 125_000) + `}`, "JSON nesting depth exceeds"},
	} {
		_, err := Request(serve.RawBody([]byte(tt.body)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.100s: error %v, want one with %q", tt.body, err, tt.want)
		}
	}
}

func TestNesting50(t *testing.T) {
	parse(t, `{"inputs":`+strings.Repeat("[", 50)+"1"+strings.Repeat("]", 50)+`}`)
}

// TestEcho passes inputs on and wants them back byte for byte.
func TestEcho(t *testing.T) {
	for _, inputs := range []string{
		`[1, 2.5, 1.0, 1e3]`, `[[9007199254740993,2]]`, `["a","\u00e9"]`, `[{"b":1,"a":[1.50]}]`, `[18446744073709551615]`, `[null,1]`, `[true]`, `[[1,2],[3]]`,
	} {
		req := parse(t, `{"inputs":`+inputs+`}`)
		out, err := AppendValue(nil, req.Data)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.NewReplacer(`\u00e9`, "é").Replace(inputs)
		if string(out) != want {
			t.Errorf("%s came back as %s", inputs, out)
		}
	}
	for _, data := range []string{`[1, 2.50,1e0]`, `[[1,2],[3 ,4]]`} {
		n := strings.Count(data, ",") + 1
		req := parse(t, `{"inputs":[{"name":"x","shape":[`+string(rune('0'+n))+`],"datatype":"FP32","data":`+data+`}]}`)
		out, err := AppendValue(nil, req.Inputs)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(out), `"data":`+data) {
			t.Errorf("%s came back as %s", data, out)
		}
	}
}

func TestSharedView(t *testing.T) {
	b := serve.RawBody([]byte(`{"inputs":[1]}`))
	first, err := Request(b)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := Request(b)
	if first != second {
		t.Error("the request was read twice")
	}
}

func TestRequestFromValue(t *testing.T) {
	for _, body := range []string{
		`{"id":"a","inputs":[[1,2]],"parameters":{"k":1},"model":"m"}`,
		`{"inputs":["a"]}`, `{"inputs":5}`, `{}`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}`,
	} {
		v, err := ParseValue([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Request(serve.ValueBody(v))
		if err != nil {
			t.Fatal(err)
		}
		want := parse(t, body)
		if got.ID != want.ID || got.Dialect != want.Dialect || got.Model != want.Model || len(got.Inputs) != len(want.Inputs) || len(got.Parameters) != len(want.Parameters) {
			t.Errorf("%s: %+v, want %+v", body, got, want)
		}
		if (got.Validate() == nil) != (want.Validate() == nil) {
			t.Errorf("%s: validate %v, want %v", body, got.Validate(), want.Validate())
		}
	}
}

// TestListsOfSteps reads inputs that a step made of Go values.
func TestListsOfSteps(t *testing.T) {
	list := func(v ...any) []any { return v }
	row := serve.NewTensor("", []float64{3, 4.5})
	for name, c := range map[string]struct {
		in    []any
		shape []int // nil: no tensor
		want  []float64
		dt    serve.Datatype
	}{
		"integers":           {list(int64(1), int64(2)), []int{2}, []float64{1, 2}, serve.Int64},
		"rows":               {list(list(int64(1), 2.5), list(int64(3), nil)), []int{2, 2}, []float64{1, 2.5, 3, math.NaN()}, serve.FP64},
		"rows and tensors":   {list(list(1.5, 2.5), row), []int{2, 2}, []float64{1.5, 2.5, 3, 4.5}, serve.FP64},
		"empty":              {list(), nil, nil, 0},
		"ragged":             {list(list(1.5), list(1.5, 2.5)), nil, nil, 0},
		"text":               {list("a", "b"), nil, nil, 0},
		"a number and a row": {list(1.5, list(1.5)), nil, nil, 0},
		"a row and a number": {list(list(1.5), 1.5), nil, nil, 0},
		"large and broken":   {list(int64(1<<53+1), 0.5), nil, nil, 0},
		"large":              {list(int64(1<<53 + 1)), []int{1}, []float64{1 << 53}, serve.Int64},
	} {
		req, err := Request(serve.ValueBody(serve.NewObject(serve.Field{Key: "inputs", Value: c.in})))
		if err != nil || req.Validate() != nil {
			t.Errorf("%s: %v, %v", name, err, req.Validate())
			continue
		}
		if (len(req.Inputs) == 1) != (c.shape != nil) {
			t.Errorf("%s: %d inputs", name, len(req.Inputs))
			continue
		}
		if c.shape == nil {
			continue
		}
		in := req.Inputs[0]
		got, err := in.Float64s(nil)
		if err != nil || in.Datatype != c.dt || !cmp.Equal(in.Shape, c.shape) || !cmp.Equal(got, c.want, cmpopts.EquateNaNs()) {
			t.Errorf("%s: %s %v %v, %v", name, in.Datatype, in.Shape, got, err)
		}
	}
}

// TestManyInputs: what it takes to find a name twice is in proportion to the body.
func TestManyInputs(t *testing.T) {
	const n = maxItems - 1
	var b strings.Builder
	b.WriteString(`{"inputs":[`)
	for i := range n {
		fmt.Fprintf(&b, `{"name":"%d","shape":[0],"datatype":"FP32","data":[]},`, i)
	}
	rest := `{"name":"last","shape":[0],"datatype":"FP32","data":[]}]}`
	req, err := Request(serve.RawBody([]byte(b.String() + rest)))
	if err != nil || len(req.Inputs) != n+1 {
		t.Errorf("got %v", err)
	}
	for _, twice := range []string{"3", "57777"} {
		_, err = Request(serve.RawBody([]byte(b.String() + strings.Replace(rest, "last", twice, 1))))
		if want := fmt.Sprintf("input %q is there twice", twice); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
