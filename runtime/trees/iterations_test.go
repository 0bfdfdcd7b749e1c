package trees_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
)

func TestLoadChoosesIterations(t *testing.T) {
	for _, c := range []struct {
		file       string
		best, all  int // trees
		from1upto3 int
	}{
		{"rounds/early-binary.json", 4, 7, 2},
		{"rounds/early-forest.ubj", 24, 42, 12},
		{"rounds/early-vector.ubj", 4, 7, 2},
		{"legacy/early-1.7.6.model", 12, 24, 12},
		{"lgb-multiclass.txt", 12, 12, 6},
		{"xgb-linear.json", 0, 0, 0},
	} {
		for want, parameters := range map[*int]map[string]any{
			&c.best:       nil,
			&c.all:        {"iterations": "all"},
			&c.from1upto3: {"iteration_range": []any{json.Number("1"), 3.0}},
		} {
			artifact := &serve.Artifact{File: filepath.Join("testdata", c.file)}
			m, err := trees.Runtime{}.Load(context.Background(), artifact, serve.ModelSpec{Parameters: parameters})
			if err != nil {
				t.Fatalf("%s with %v: %v", c.file, parameters, err)
			}
			if got := m.(*trees.Model).Info().Trees; got != *want {
				t.Errorf("%s with %v: %d trees, want %d", c.file, parameters, got, *want)
			}
		}
	}
}

func TestLoadRefusesIterations(t *testing.T) {
	pair := func(a, b any) map[string]any { return map[string]any{"iteration_range": []any{a, b}} }
	for _, c := range []struct {
		file       string
		parameters map[string]any
		want       string
	}{
		{"rounds/early-binary.json", map[string]any{"iterations": 3}, `iterations 3 is not "best" or "all"`},
		{"rounds/early-binary.json", map[string]any{"iterations": "all", "iteration_range": []any{0, 1}}, "not both"},
		{"rounds/early-binary.json", pair(1, 1), "is not a list of two numbers, the second the greater"},
		{"rounds/early-binary.json", pair(-1, 1), "is not a list of two numbers"},
		{"rounds/early-binary.json", pair(0, 1.5), "is not a list of two numbers"},
		{"rounds/early-binary.json", pair(0, "2"), "is not a list of two numbers"},
		{"rounds/early-binary.json", map[string]any{"iteration_range": 3}, "is not a list of two numbers"},
		{"rounds/early-binary.json", pair(0, int64(8)), "iterations [0, 8) are not in the model, which has 7"},
		{"lgb-multiclass.txt", pair(2, uint64(5)), "iterations [2, 5) are not in the model, which has 4"},
		{"legacy/early-1.7.6.model", pair(4, 5), "iterations [4, 5) are not in the model, which has 4"},
	} {
		artifact := &serve.Artifact{File: filepath.Join("testdata", c.file)}
		_, err := trees.Runtime{}.Load(context.Background(), artifact, serve.ModelSpec{Parameters: c.parameters})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: %v does not say %q", c.file, c.parameters, err, c.want)
		}
	}
}
