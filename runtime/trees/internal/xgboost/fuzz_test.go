package xgboost

import (
	"os"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/forest/foresttest"
)

func FuzzParseJSON(f *testing.F) {
	f.Add(spec{}.json())
	f.Add(spec{
		"types": "[1,0,0]", "conditions": "[NaN,Infinity,-Infinity]", "num_class": `"2"`, "base": `"[1,2]"`,
		"more": `,"categories":[1,70],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[2]`,
	}.json())
	f.Add(spec{
		"name": `"dart"`, "booster": `"weight_drop":[5E-1],`, "objective": `"binary:logistic"`, "base": `"5E-1"`,
		"names": `["a\u00e9","b"]`,
	}.json())
	f.Add([]byte(linearModel))
	f.Add(vectorSpec(nil).json())
	f.Add(vectorSpec(spec{"right": "[2,-1,-1]", "more": `,"base_weights":[9,9,1,2,3,4]`}).json())
	f.Add(spec{"names": `[],"attributes":{"best_iteration":"0"}`, "tree_info": `[0],"iteration_indptr":[0,1,1]`}.json())
	fuzz(f, ParseJSON)
}

func FuzzParseUBJ(f *testing.F) {
	f.Add(stumpUBJ())
	for _, name := range []string{"xgb-cat-onehot.ubj", "xgb-reg-gamma.ubj", "xgb-targets.ubj", "xgb-no-trees.ubj", "rounds/vector-labels.ubj", "rounds/early-vector.ubj"} {
		data, err := os.ReadFile("../../testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	fuzz(f, ParseUBJ)
}

func fuzz(f *testing.F, parse func([]byte, forest.Iterations) (*forest.Ensemble, error)) {
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parse(data, forest.Iterations{})
		if err != nil {
			return
		}
		if err := foresttest.Check(e, len(data)); err != nil {
			t.Fatal(err)
		}
	})
}
