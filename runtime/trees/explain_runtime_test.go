package trees_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
)

// covered are the stumps with their training rows: three quarters went left.
var covered = map[string]string{
	"xgboost":  strings.Replace(xgbStump, `"split_type"`, `"sum_hessian": [8, 6, 2], "split_type"`, 1),
	"lightgbm": strings.Replace(lgbStump, "shrinkage=1", "internal_count=8\nleaf_count=6 2\nshrinkage=1", 1),
}

// Of a row that goes left, 0.5 is 0 of the bias, 0 of a, 0.5 of b.
func TestRuntimeOutputs(t *testing.T) {
	rows := []float32{9, 1, 9, 3}
	for name, c := range map[string]struct {
		runtime, output string
		want            []float64
		shape           []int
		datatype        serve.Datatype
	}{
		"xgboost leaf":     {"xgboost", "leaf", []float64{1, 2}, []int{2, 1}, serve.Int32},
		"lightgbm leaf":    {"lightgbm", "leaf", []float64{0, 1}, []int{2, 1}, serve.Int32},
		"xgboost contrib":  {"xgboost", "contrib", []float64{0, 0.5, 0, 0, -1.5, 0}, []int{2, 3}, serve.FP32},
		"lightgbm contrib": {"lightgbm", "contrib", []float64{0, 0.5, 0, 0, -1.5, 0}, []int{2, 3}, serve.FP64},
	} {
		t.Run(name, func(t *testing.T) {
			chosen := map[string]any{"output": c.output}
			byRequest, err := loadModel(t, c.runtime, covered[c.runtime], serve.ModelSpec{})
			if err != nil {
				t.Fatal(err)
			}
			checkOutput(t, byRequest, rows, chosen, c.want, c.shape, c.datatype)
			byModel, err := loadModel(t, c.runtime, covered[c.runtime], serve.ModelSpec{Parameters: chosen})
			if err != nil {
				t.Fatal(err)
			}
			checkOutput(t, byModel, rows, nil, c.want, c.shape, c.datatype)
			out := byModel.(serve.Describer).Describe().Outputs[0]
			if c.shape[0] = -1; out.Datatype != c.datatype || !cmp.Equal(out.Shape, c.shape) {
				t.Errorf("described as %s %v", out.Datatype, out.Shape)
			}
		})
	}
}

func checkOutput(t *testing.T, m serve.Model, rows []float32, parameters map[string]any, want []float64, shape []int, datatype serve.Datatype) {
	t.Helper()
	for _, in := range []*serve.Tensor{serve.NewTensor("x", rows, 2, 2), serve.NewTensor("x", []int64{9, 1, 9, 3}, 2, 2)} {
		got, err := m.Predict(context.Background(), &serve.Request{Inputs: []*serve.Tensor{in}, Parameters: parameters})
		if err != nil {
			t.Fatal(err)
		}
		out := got.(*serve.Tensor)
		if out.Name != "output-0" || out.Datatype != datatype || !cmp.Equal(out.Shape, shape) {
			t.Errorf("%s %s %v, want %s %v", out.Name, out.Datatype, out.Shape, datatype, shape)
		}
		values, err := out.Float64s(nil)
		if err != nil {
			t.Fatal(err)
		}
		checkValues(t, "", values, want, 1e-7)
	}
}

func TestRuntimeExplains(t *testing.T) {
	m, err := loadModel(t, "xgboost", covered["xgboost"], serve.ModelSpec{})
	if err != nil {
		t.Fatal(err)
	}
	req := &serve.Request{Inputs: []*serve.Tensor{serve.NewTensor("x", []float32{9, 3}, 1, 2)}}
	got, err := m.(serve.Explainer).Explain(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	out := got.([]*serve.Tensor)
	if out[0].Name != "contributions" || !cmp.Equal(out[0].Shape, []int{1, 3}) {
		t.Errorf("%s %v", out[0].Name, out[0].Shape)
	}
	if names := out[1].Strings(); out[1].Name != "features" || !cmp.Equal(names, []string{"a", "b", "bias"}) {
		t.Errorf("%s %v", out[1].Name, names)
	}
}

// TestRuntimeExplainsNotAtAll: what a model does not have is refused by name, at
// the request, or when it is loaded if it is to be the model's own output.
func TestRuntimeExplainsNotAtAll(t *testing.T) {
	want := "the file does not say how many rows"
	m, err := loadModel(t, "xgboost", xgbStump, serve.ModelSpec{})
	if err != nil {
		t.Fatal(err)
	}
	req := &serve.Request{Inputs: []*serve.Tensor{serve.NewTensor("x", []float32{9, 3}, 1, 2)}}
	_, err = m.(serve.Explainer).Explain(context.Background(), req)
	if serve.CodeOf(err) != serve.NotOffered || !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %q", err, want)
	}
	if _, err := loadModel(t, "xgboost", xgbStump, serve.ModelSpec{Parameters: map[string]any{"output": "contrib"}}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not say %q", err, want)
	}
}

func TestExplainStopsWithTheRequest(t *testing.T) {
	m, err := loadModel(t, "xgboost", covered["xgboost"], serve.ModelSpec{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = m.(serve.Explainer).Explain(ctx, &serve.Request{Inputs: []*serve.Tensor{serve.NewTensor("x", []float32{9, 3}, 1, 2)}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestRecordedLeaves checks against leaf indexes that others recorded.
func TestRecordedLeaves(t *testing.T) {
	dir := filepath.Join(sharedModels(t), "lightgbm")
	e := load(t, filepath.Join(dir, "lg_breast_cancer.txt"))
	rows := columns(t, filepath.Join(dir, "lg_breast_cancer_data.txt"), e.Info().Features)
	checkRows(t, e, rows, numbers(t, filepath.Join(dir, "lg_breast_cancer_data_pred_leaves.txt")), trees.Leaf, 0)
}
