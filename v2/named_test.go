package v2_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

// TestTensorsOfColumns: where the model's features have names, a tensor for each
// is one of the ways to send rows. Names decide, never the order.
func TestTensorsOfColumns(t *testing.T) {
	tree := serve.Description{Inputs: []serve.TensorSpec{anyNumber(spec("x", serve.FP32, -1, 3))}, Features: features("a", "b", "c")}
	strict := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, 3)}, Features: features("a", "b", "c")}
	single := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, 1)}, Features: features("a")}
	unnamed := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, 3)}}
	column := func(name, datatype, shape, data string) string {
		return fmt.Sprintf(`{"name":%q,"datatype":%q,"shape":%s,"data":%s}`, name, datatype, shape, data)
	}
	a, b, c := column("a", "FP64", "[2]", "[1,4]"), column("b", "INT32", "[2,1]", "[2,5]"), column("c", "FP32", "[2]", "[3.5,6]")
	for _, tt := range []struct {
		name   string
		desc   serve.Description
		inputs []string
		want   string // what the model was given, or the error
	}{
		{"in order", tree, []string{a, b, c}, `"name":"x","type":"FP64","shape":[2,3],"data":[[1,2,3.5],[4,5,6]]`},
		{"in another order", tree, []string{c, a, b}, `"name":"x","type":"FP64","shape":[2,3],"data":[[1,2,3.5],[4,5,6]]`},
		{"of the model's datatype", strict, []string{b, c, a}, `"name":"x","type":"FP32","shape":[2,3],"data":[[1,2,3.5],[4,5,6]]`},
		{"one column", single, []string{a}, `"name":"x","type":"FP32","shape":[2,1],"data":[[1],[4]]`},
		{"a matrix", strict, []string{column("x", "FP32", "[1,3]", "[1,2,3]")}, `"name":"x","type":"FP32","shape":[1,3]`},

		{"a name that the model lacks", tree, []string{a, b, column("d", "FP32", "[2]", "[1,2]")}, `there is no input "d": the model has the features a, b, c`},
		{"a name that the request lacks", tree, []string{a, c}, "inputs are missing: b"},
		{"a name twice", tree, []string{a, b, a}, `input "a" is there twice`},
		{"text", tree, []string{a, b, column("c", "BYTES", "[2]", `["x","y"]`)}, `input "c": `},
		{"another number of rows", tree, []string{a, b, column("c", "FP32", "[3]", "[1,2,3]")}, `input "c" has shape [3], but input "a" has [2]`},
		{"another shape", tree, []string{a, b, column("c", "FP32", "[1,2]", "[1,2]")}, `input "c" has shape [1 2]`},
		{"one column of three", tree, []string{a}, `input "a" has shape [2], but the model takes [-1 3]`},
		{"no names", unnamed, []string{a, b, c}, "inputs are missing: x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := started(t, v2.Config{Name: "m", Model: &seen{desc: tt.desc}})
			got, err := do(t.Context(), s, "infer", `{"id":"i","inputs":[`+strings.Join(tt.inputs, ",")+`]}`)
			if err != nil {
				got = err.Error()
				if serve.CodeOf(err) != serve.BadRequest {
					t.Errorf("code %v, want a bad request", serve.CodeOf(err))
				}
			}
			if !strings.Contains(strings.ReplaceAll(got, `\"`, `"`), tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestDataFrames: the columns of MLServer's data frames become the matrix in their
// order where the model has no names for them, and by their names where it has.
func TestDataFrames(t *testing.T) {
	unnamed := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, 2)}}
	open := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, -1)}}
	named := serve.Description{Inputs: []serve.TensorSpec{spec("x", serve.FP32, -1, 2)}, Features: features("b", "a")}
	const a, b = `{"name":"a","datatype":"FP64","shape":[2,1],"data":[1,4]}`, `{"name":"b","datatype":"INT64","shape":[2,1],"data":[2,5]}`
	for _, tt := range []struct {
		name   string
		desc   serve.Description
		inputs string
		want   string
	}{
		{"in order", unnamed, a + "," + b, `"name":"x","type":"FP32","shape":[2,2],"data":[[1,2],[4,5]]`},
		{"by name", named, a + "," + b, `"name":"x","type":"FP32","shape":[2,2],"data":[[2,1],[5,4]]`},
		{"any number", open, b + "," + a, `"shape":[2,2],"data":[[2,1],[5,4]]`},
		{"too few", unnamed, a, "the data frame has 1 columns, but the model takes 2"},
		{"text", unnamed, a + `,{"name":"c","datatype":"BYTES","shape":[2,1],"data":["x","y"]}`, `input "c": `},
		{"another length", unnamed, a + `,{"name":"c","datatype":"FP32","shape":[1,1],"data":[1]}`, `input "c" has shape [1 1]`},
	} {
		s := started(t, v2.Config{Name: "m", Model: &seen{desc: tt.desc}})
		got, err := do(t.Context(), s, "infer", `{"id":"i","parameters":{"content_type":"pd"},"inputs":[`+tt.inputs+`]}`)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(strings.ReplaceAll(got, `\"`, `"`), tt.want) {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestWideDictionaries: rows of many named values are matched by their names too.
func TestWideDictionaries(t *testing.T) {
	var names, members, want []string
	for i := range 100 {
		names = append(names, fmt.Sprintf("f%d", i))
		members = append([]string{fmt.Sprintf(`"f%d":%d`, i, i)}, members...)
		want = append(want, fmt.Sprint(i))
	}
	desc := serve.Description{Inputs: []serve.TensorSpec{anyNumber(spec("x", serve.FP32, -1, 100))}, Features: features(names...)}
	s := started(t, v2.Config{Name: "m", Model: &seen{desc: desc}})
	got, err := do(t.Context(), s, "infer", `{"inputs":[{`+strings.Join(members, ",")+`}]}`)
	if err != nil || !strings.Contains(got, "[["+strings.Join(want, ",")+"]]") {
		t.Errorf("%s, %v", got, err)
	}
	_, err = do(t.Context(), s, "infer", `{"inputs":[{`+strings.Join(members[1:], ",")+`}]}`)
	if err == nil || !strings.Contains(err.Error(), "necessary input keys") {
		t.Errorf("a missing member: %v", err)
	}
}
