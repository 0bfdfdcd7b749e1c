package trees_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
)

// xgbStump splits on feature 1 at 2: 0.5 on the left, where missing values go
// too, and -1.5 on the right.
const xgbStump = `{"learner": {
	"feature_names": ["a", "b"],
	"gradient_booster": {"name": "gbtree", "model": {
		"gbtree_model_param": {"num_trees": "1", "num_parallel_tree": "1"}, "tree_info": [0],
		"trees": [{
			"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [1, 0, 0],
			"split_conditions": [2, 0.5, -1.5], "default_left": [1, 0, 0], "split_type": [0, 0, 0],
			"tree_param": {"num_nodes": "3"}
		}]
	}},
	"learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "2"},
	"objective": {"name": "binary:logistic"}
}, "version": [2, 0, 3]}`

const lgbStump = `tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=1
objective=regression
feature_names=a b

Tree=0
num_leaves=2
num_cat=0
split_feature=1
threshold=2
decision_type=10
left_child=-1
right_child=-2
leaf_value=0.5 -1.5
shrinkage=1

end of trees
`

func loadModel(t *testing.T, name, text string, spec serve.ModelSpec) (serve.Model, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var set catalog.Set
	trees.Register(&set)
	rt := set.Detect("model", []byte(text))
	if rt == nil || rt.Name != name {
		t.Fatalf("detected %v, want %s", rt, name)
	}
	return rt.Runtime.Load(context.Background(), &serve.Artifact{File: file}, spec)
}

func TestRuntimePredicts(t *testing.T) {
	nan := math.NaN()
	p := float64(float32(1 / (1 + math.Exp(-0.5))))
	q := float64(float32(1 / (1 + math.Exp(1.5))))
	margin := map[string]any{"output": "margin"}
	for name, c := range map[string]struct {
		runtime, text string
		input         *serve.Tensor
		parameters    map[string]any
		want          []float64
		datatype      serve.Datatype
	}{
		"float32":    {"xgboost", xgbStump, serve.NewTensor("x", []float32{9, 1, 9, 2}, 2, 2), nil, []float64{p, q}, serve.FP32},
		"float64":    {"xgboost", xgbStump, serve.NewTensor("x", []float64{9, 1, 9, nan}, 2, 2), nil, []float64{p, p}, serve.FP32},
		"int64":      {"xgboost", xgbStump, serve.NewTensor("x", []int64{9, 3}, 1, 2), nil, []float64{q}, serve.FP32},
		"one row":    {"xgboost", xgbStump, serve.NewTensor("x", []uint8{9, 3}), nil, []float64{q}, serve.FP32},
		"no rows":    {"xgboost", xgbStump, serve.NewTensor("x", []float32{}, 0, 2), nil, []float64{}, serve.FP32},
		"margin":     {"xgboost", xgbStump, serve.NewTensor("x", []float32{9, 1}, 1, 2), margin, []float64{0.5}, serve.FP32},
		"lgb ints":   {"lightgbm", lgbStump, serve.NewTensor("x", []int32{9, 2, 9, 3}, 2, 2), nil, []float64{0.5, -1.5}, serve.FP64},
		"lgb f32":    {"lightgbm", lgbStump, serve.NewTensor("x", []float32{9, 2, 9, 2.0000002}, 2, 2), nil, []float64{0.5, -1.5}, serve.FP64},
		"lgb margin": {"lightgbm", lgbStump, serve.NewTensor("x", []float64{9, 2}, 1, 2), margin, []float64{0.5}, serve.FP64},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := loadModel(t, c.runtime, c.text, serve.ModelSpec{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Predict(context.Background(), &serve.Request{Inputs: []*serve.Tensor{c.input}, Parameters: c.parameters})
			if err != nil {
				t.Fatal(err)
			}
			out := got.(*serve.Tensor)
			if out.Name != "output-0" || out.Datatype != c.datatype || !cmp.Equal(out.Shape, []int{len(c.want)}) {
				t.Errorf("%s %s %v", out.Name, out.Datatype, out.Shape)
			}
			values, _ := out.Float64s(nil)
			checkValues(t, "", values, c.want, 1e-7)
		})
	}
}

func TestRuntimeRefusesRequests(t *testing.T) {
	m, err := loadModel(t, "xgboost", xgbStump, serve.ModelSpec{})
	if err != nil {
		t.Fatal(err)
	}
	row := serve.NewTensor("x", []float32{1, 2}, 1, 2)
	for want, req := range map[string]*serve.Request{
		"the model takes one input, not 0":  {},
		"rows of 2":                         {Inputs: []*serve.Tensor{serve.NewTensor("x", []float32{1, 2, 3}, 1, 3)}},
		"no numbers":                        {Inputs: []*serve.Tensor{serve.NewBytes("x", []string{"a", "b"}, 1, 2)}},
		`output "leaves" is not "response"`: {Inputs: []*serve.Tensor{row}, Parameters: map[string]any{"output": "leaves"}},
		"output 7 is not":                   {Inputs: []*serve.Tensor{row}, Parameters: map[string]any{"output": 7}},
	} {
		_, err := m.Predict(context.Background(), req)
		var e *serve.Error
		if !errors.As(err, &e) || e.Code != serve.BadRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestRuntimeDescribes(t *testing.T) {
	m, err := loadModel(t, "xgboost", xgbStump, serve.ModelSpec{
		Inputs:     []serve.TensorSpec{{Name: "rows", Datatype: serve.FP32, Shape: []int{-1, 2}}},
		Parameters: map[string]any{"output": "margin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := serve.Description{
		Platform: "xgboost",
		Inputs:   []serve.TensorSpec{{Name: "rows", Datatype: serve.FP32, Shape: []int{-1, 2}, AnyNumber: true}},
		Outputs:  []serve.TensorSpec{{Name: "output-0", Datatype: serve.FP32, Shape: []int{-1}}},
		Features: []serve.Feature{{Name: "a", ValueType: "float"}, {Name: "b", ValueType: "float"}},
	}
	if diff := cmp.Diff(want, m.(serve.Describer).Describe()); diff != "" {
		t.Error(diff)
	}
}

func TestRuntimeRefusesDeclarations(t *testing.T) {
	for want, spec := range map[string]serve.ModelSpec{
		"but the model has [-1 2]": {Inputs: []serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 3}}}},
		"declared as BYTES":        {Outputs: []serve.TensorSpec{{Name: "y", Datatype: serve.Bytes}}},
		"2 inputs are declared":    {Inputs: make([]serve.TensorSpec, 2)},
		`output "shap" is not`:     {Parameters: map[string]any{"output": "shap"}},
	} {
		if _, err := loadModel(t, "xgboost", xgbStump, spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
