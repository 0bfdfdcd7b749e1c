package catboost

import (
	"os"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/forest/foresttest"
)

// document is a model of two features; a part of it may be replaced.
func document(old, replacement string) string {
	text := `{"features_info":{"float_features":[
		{"borders":[0.5],"feature_id":"a","feature_index":0,"flat_feature_index":0,"has_nans":true,"nan_value_treatment":"AsTrue"},
		{"borders":null,"feature_id":"b","feature_index":1,"flat_feature_index":1,"has_nans":false,"nan_value_treatment":"AsIs"}]},
	"model_info":{"params":{"loss_function":{"params":{},"type":"RMSE"}}},
	"oblivious_trees":[{"leaf_values":[1,2],"leaf_weights":[3,4],"splits":[
		{"border":0.5,"float_feature_index":0,"split_index":0,"split_type":"FloatFeature"}]}],
	"scale_and_bias":[1,[0.25]]}`
	if old != "" && !strings.Contains(text, old) {
		panic("the document has no " + old)
	}
	return strings.Replace(text, old, replacement, 1)
}

const tree = `{"leaf_values":[1,2],"leaf_weights":[3,4],"splits":[
		{"border":0.5,"float_feature_index":0,"split_index":0,"split_type":"FloatFeature"}]}`

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		x     float64
		value float64
	}{
		"left":     {document("", ""), 0.5, 1.25},
		"right":    {document("", ""), 0.6, 2.25},
		"one bias": {document("[0.25]", "0.25"), 0.6, 2.25},
		"no scale": {document(`,
	"scale_and_bias":[1,[0.25]]`, ""), 0.6, 2},
		"scale":              {document("[1,[0.25]]", "[2,[0.5]]"), 0.6, 4.5},
		"trees first":        {`{"oblivious_trees":[` + tree + `],` + document(`"oblivious_trees":[`+tree+`],`, "")[1:], 0.6, 2.25},
		"params in a string": {document(`{"loss_function":{"params":{},"type":"RMSE"}}`, `"{\"loss_function\":{\"type\":\"RMSE\"}}"`), 0.6, 2.25},
		"no tests":           {document(tree, `{"leaf_values":[3],"leaf_weights":[1],"splits":null}`), 0.6, 3.25},
		"no trees":           {document(tree, ""), 0.6, 0.25},
	} {
		e, err := Parse([]byte(c.text), forest.Iterations{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := make([]float64, 1)
		if err := e.PredictFloat64(got, []float64{c.x, 0}, 1, forest.Response); err != nil || got[0] != c.value {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.value)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	feature := `"float_features":[`
	for _, c := range []struct{ old, replacement, want string }{
		{`"features_info"`, `"features"`, "it has no features_info"},
		{`"type":"RMSE"`, `"name":"RMSE"`, "model_info does not name the loss function"},
		{"RMSE", "Fancy", `loss function "Fancy" is not supported`},
		{feature, `"categorical_features":[{"feature_id":"city","flat_feature_index":2}],` + feature, `categorical features are not supported (column 2 "city")`},
		{feature, `"text_features":[{"feature_id":"words","flat_feature_index":2}],` + feature, `text features are not supported (column 2 "words")`},
		{feature, `"embedding_features":[{"flat_feature_index":2}],` + feature, `embedding features are not supported (column 2 "")`},
		{`"model_info"`, `"ctr_data":{},"model_info"`, "categorical features are not supported"},
		{"AsIs", "AsMaybe", `feature 1: nan_value_treatment "AsMaybe" is not known`},
		{`"feature_index":1`, `"feature_index":0`, "feature 1: feature_index is 0"},
		{`"flat_feature_index":1`, `"flat_feature_index":2`, "feature 1: flat_feature_index is 2"},
		{`"flat_feature_index":1`, `"flat_feature_index":1e99`, "1e+99 is not a number of things"},
		{`"FloatFeature"`, `"OneHotFeature"`, `tree 0: split_type "OneHotFeature" is not supported`},
		{`"float_feature_index":0`, `"float_feature_index":2`, "tree 0: float_feature_index 2 is out of range (there are 2)"},
		{`"border":0.5,`, `"border":1e39,`, "tree 0: a border is +Inf"},
		{`"border":0.5,`, `"border":NaN,`, "tree 0: a border is NaN"},
		{`"leaf_values":[1,2]`, `"leaf_values":[1,2,3]`, "tree 0: 3 values for 2 leaves"},
		{`"leaf_values":[1,2]`, `"leaf_values":[1,Infinity]`, "tree 0: value 1 is +Inf"},
		{`"leaf_weights":[3,4]`, `"leaf_weights":[3]`, "tree 0: 1 weights for 2 leaves"},
		{"[1,[0.25]]", "[1,[0.25],3]", "scale_and_bias: more than two elements"},
		{"[1,[0.25]]", "[1,[Infinity]]", "scale_and_bias: +Inf"},
		{"[1,[0.25]]", "[1,[1,2]]", "leaves of 1 values for 2 outputs"},
		{"[1,[0.25]]", `"1"`, "scale_and_bias: byte"},
		{"[1,[0.25]]", "[1,[0.25]],", "where '\"' belongs"},
		{`"oblivious_trees":[` + tree, `"oblivious_trees":[` + tree + `],"oblivious_trees":[` + tree, `"oblivious_trees" comes twice`},
		{`"oblivious_trees":[` + tree, `"trees":[{"value":1}],"oblivious_trees":[` + tree, "it has both oblivious_trees and trees"},
		{`"oblivious_trees":[` + tree, `"trees":[{"left":{"value":1},"right":{"value":2}}`, "tree 0: two sides without a split"},
		{`"oblivious_trees":[` + tree, `"trees":[{"left":{"value":1},"split":{"border":1,"float_feature_index":0,"split_type":"FloatFeature"}}`, "tree 0: a split without two sides"},
		{`"oblivious_trees":[` + tree, `"trees":[{}`, "tree 0: a node without a split or a value"},
		{`"oblivious_trees":[` + tree, `"trees":[{"value":[]}`, "tree 0: a leaf without a value"},
		{`"oblivious_trees":[` + tree, `"trees":[{"value":1},{"value":[1,2]}`, "tree 1: node 0: a leaf of 2 values among others of one"},
		{`"oblivious_trees":[` + tree, `"trees":[` + strings.Repeat(`{"left":`, 100), "nested deeper than 64 levels"},
	} {
		_, err := Parse([]byte(document(c.old, c.replacement)), forest.Iterations{})
		if err == nil || !strings.HasPrefix(err.Error(), "catboost model: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v does not say %q", err, c.want)
		}
	}
	if _, err := Parse([]byte(document("", "")), forest.Iterations{From: 1, To: 2}); err == nil || !strings.Contains(err.Error(), "iterations [1, 2) are not in the model, which has 1") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(document("", "")))
	for _, name := range []string{"depthwise-classes", "lossguide", "classes", "sum", "names"} {
		data, err := os.ReadFile("../../testdata/catboost/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data, forest.Iterations{})
		if err != nil {
			return
		}
		if err := foresttest.Check(e, len(data)); err != nil {
			t.Fatal(err)
		}
	})
}
