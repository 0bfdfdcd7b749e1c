package conformance

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/runtime/onnx"
	"github.com/leat-ml/leat/runtime/trees"
)

const patient = `[59, 2, 32.1, 101, 157, 93.2, 38, 4, 4.8598, 87]`

func tensorOf(row string) string {
	return `{"inputs":[{"name":"x","shape":[1,10],"datatype":"FP64","data":` + row + `}]`
}

// TestOutputsOfTrees asks for outputs whose shape and datatype are not those of
// the model's schema.
func TestOutputsOfTrees(t *testing.T) {
	url := serveQuickstart(t)
	for _, c := range []struct {
		operation, parameters string
		names, datatypes      []string
		shapes                [][]int
	}{
		{"infer", `{}`, []string{"output-0"}, []string{"FP32"}, [][]int{{1}}},
		{"infer", `{"output":"leaf"}`, []string{"output-0"}, []string{"INT32"}, [][]int{{1, 40}}},
		{"infer", `{"output":"contrib"}`, []string{"output-0"}, []string{"FP32"}, [][]int{{1, 11}}},
		{"explain", `{}`, []string{"contributions", "features"}, []string{"FP32", "BYTES"}, [][]int{{1, 11}, {11}}},
	} {
		a := post("/v2/models/diabetes/"+c.operation, tensorOf(patient)+`,"parameters":`+c.parameters+`}`).do(t, url)
		var answer struct{ Outputs []output }
		if err := json.Unmarshal(a.body, &answer); err != nil || a.status != 200 || len(answer.Outputs) != len(c.names) {
			t.Fatalf("%s %s: %d %s", c.operation, c.parameters, a.status, a.body)
		}
		for i, got := range answer.Outputs {
			if got.Name != c.names[i] || got.Datatype != c.datatypes[i] || !cmp.Equal(got.Shape, c.shapes[i]) {
				t.Errorf("%s %s: %s %s %v, want %s %s %v", c.operation, c.parameters, got.Name, got.Datatype, got.Shape, c.names[i], c.datatypes[i], c.shapes[i])
			}
		}
	}
}

// TestOutputOfAModel: what a model answers by itself is in its schema.
func TestOutputOfAModel(t *testing.T) {
	set := &catalog.Set{}
	trees.Register(set)
	spec := graph.NewRouter().AddModel("m", "XGBoostModelServer", "../examples/quickstart/diabetes.ubj", map[string]any{"output": "leaf"})
	_, url := start(t, spec, &leat.Options{Catalog: set})
	a := get("/v2/models/m", 200).do(t, url)
	want := `{"name":"m","version":"","versions":[],"platform":"xgboost","inputs":[{"name":"input-0","datatype":"FP32","shape":[-1,10]}],"outputs":[{"name":"output-0","datatype":"INT32","shape":[-1,40]}]}`
	if string(a.body) != want {
		t.Errorf("%s\nwant %s", a.body, want)
	}
	if a := post("/v2/models/m/infer", `{"inputs":[`+patient+`]}`).do(t, url); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestExplainIsRefused: of what cannot be explained the status is 501, in
// MLRun's contract 400, and the reason is told.
func TestExplainIsRefused(t *testing.T) {
	set := &catalog.Set{}
	trees.Register(set)
	onnx.Register(set, onnx.Options{Library: "../lib"})
	for _, c := range []struct {
		class, path, body string
		plain, mlrun      wanted
	}{
		{"LightGBMModelServer", "../runtime/trees/testdata/lgb-linear.txt", `{"inputs":[[1,2,3,4,5,6]]}`,
			wanted{501, `{"error":"model m: explain: contributions are not defined for linear trees"}`, jsonKind, ""},
			wanted{400, "NotImplementedError: contributions are not defined for linear trees", textKind, ""}},
		{"ONNXModelServer", "../examples/quickstart/iris/1/model.onnx", `{"inputs":[[1,2,3,4]]}`,
			wanted{501, `{"error":"model m: explain: the model does not explain"}`, jsonKind, ""},
			wanted{400, "NotImplementedError: the model does not explain", textKind, ""}},
	} {
		for _, mlrun := range []bool{false, true} {
			_, url := start(t, graph.NewRouter().AddModel("m", c.class, c.path, nil), &leat.Options{Catalog: set, MLRun: mlrun})
			want := c.plain
			if mlrun {
				want = c.mlrun
			}
			want.compare(t, c.class, post("/v2/models/m/explain", c.body).do(t, url))
		}
	}
}
