package lightgbm

import (
	"os"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
	"github.com/leat-ml/leat/runtime/trees/internal/forest/foresttest"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(edited()))
	f.Add([]byte(edited("num_cat=1", "decision_type=1", "threshold=0", "cat_boundaries=0 1", "cat_threshold=5")))
	f.Add([]byte(edited("version=v2", "num_leaves=1", "leaf_value=0.5", "objective=binary sigmoid:1", "average_output")))
	f.Add([]byte(edited("is_linear=1", "leaf_const=1 2", "num_features=2 0", "leaf_features=0 1  ", "leaf_coeff=0.5 4  ")))
	for _, name := range []string{"lgb-cat-partition.txt", "lgb-missing-zero.txt", "lgb-multiclass.txt", "lgb-constant.txt"} {
		data, err := os.ReadFile("../../testdata/" + name)
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
