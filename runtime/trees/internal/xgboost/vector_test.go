package xgboost

import (
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// vectorSpec is a tree whose leaves are (1, 2) and (3, 4).
func vectorSpec(more spec) spec {
	s := spec{"leaf_size": `"2"`, "target": `"2"`, "right": "[2,0,1]", "more": `,"leaf_weights":[1,2,3,4]`}
	for k, v := range more {
		s[k] = v
	}
	return s
}

func TestVectorLeaves(t *testing.T) {
	for name, s := range map[string]spec{
		"leaf_weights": vectorSpec(nil),
		"base_weights": vectorSpec(spec{"right": "[2,-1,-1]", "more": `,"base_weights":[9,9,1,2,3,4]`}),
	} {
		e, err := ParseJSON(s.json(), forest.Iterations{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		left, right := margin(t, e, 0, 0.25), margin(t, e, 0, 0.75)
		if !slices.Equal(left, []float32{1, 2}) || !slices.Equal(right, []float32{3, 4}) {
			t.Errorf("%s: %v and %v", name, left, right)
		}
	}
}

func TestVectorLeavesRefuse(t *testing.T) {
	for want, s := range map[string]spec{
		"tree 0: vector leaves without leaf_weights":                    vectorSpec(spec{"more": ""}),
		"tree 0: leaf_weights has 3 values, but a leaf has 2":           vectorSpec(spec{"more": `,"leaf_weights":[1,2,3]`}),
		"tree 0: base_weights has 4 values, but a leaf has 2":           vectorSpec(spec{"more": `,"base_weights":[1,2,3,4]`}),
		"tree 0: node 2: row 2 of leaf_weights for leaf 2 (there are 2": vectorSpec(spec{"right": "[2,0,2]"}),
		"tree 0: node 1: row -1 of leaf_weights for leaf 1":             vectorSpec(spec{"right": "[2,-1,-1]"}),
		"tree 0: node 2: row 0 of leaf_weights for leaf 2 (there are 1": vectorSpec(spec{"right": "[2,0,0]", "more": `,"leaf_weights":[1,2]`}),
		"leaves of 2 values for 3 outputs":                              vectorSpec(spec{"target": `"3"`}),
		`tree 0: size_leaf_vector "x" is not a number of things`:        vectorSpec(spec{"leaf_size": `"x"`}),
	} {
		if _, err := ParseJSON(s.json(), forest.Iterations{}); err == nil || !strings.HasPrefix(err.Error(), "xgboost model: "+want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// TestEmptyIteration: a round may have no trees.
func TestEmptyIteration(t *testing.T) {
	s := spec{"names": `[],"attributes":{"best_iteration":"0"}`, "tree_info": `[0],"iteration_indptr":[0,1,1]`}
	e, err := ParseJSON(s.json(), forest.Iterations{})
	if err != nil || e.Info().Trees != 1 {
		t.Error(err)
	}
	if e, err = ParseJSON(s.json(), forest.Iterations{From: 1, To: 2}); err != nil || e.Info().Trees != 0 {
		t.Error(err)
	}
}

// TestIterationsRefuse: what a file says of its rounds must agree with its trees.
func TestIterationsRefuse(t *testing.T) {
	best := func(v, info string) spec {
		return spec{"names": `[],"attributes":{"best_iteration":"` + v + `"}`, "tree_info": info}
	}
	for want, s := range map[string]spec{
		"best_iteration is 1, but the model has 1 iterations":         best("1", "[0]"),
		`best_iteration "-1" is not a number of things`:               best("-1", "[0]"),
		"iteration_indptr: value 0 is 1":                              best("0", `[0],"iteration_indptr":[1,1]`),
		"iteration_indptr: value 2 is 0":                              best("0", `[0],"iteration_indptr":[0,1,0]`),
		"iteration_indptr ends at 2, but there are 1 trees":           best("0", `[0],"iteration_indptr":[0,2]`),
		"iteration_indptr ends at 0, but there are 1 trees":           best("0", `[0],"iteration_indptr":[0]`),
		"tree_info has 2 values for 1 trees":                          best("0", "[0,0]"),
		"iteration_indptr: element 0: \"null\" is not an integer (by": best("0", `[0],"iteration_indptr":[null]`),
	} {
		_, err := ParseJSON(s.json(), forest.Iterations{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
