package lightgbm

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// header and tree are a model of one split on feature 1 at 0.5: 10 on the left,
// 20 on the right.
const (
	header = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx=1\n" +
		"objective=regression\nfeature_names=a b\nfeature_infos=none none\ntree_sizes=1\n\n"
	tree = "Tree=0\nnum_leaves=2\nnum_cat=0\nsplit_feature=1\nsplit_gain=1\nthreshold=0.5\ndecision_type=2\n" +
		"left_child=-1\nright_child=-2\nleaf_value=10 20\nleaf_count=1 1\nis_linear=0\nshrinkage=1\n\n\n"
	footer = "end of trees\n\nfeature_importances:\nb=1\n\nparameters:\n[boosting: gbdt]\nend of parameters\n\npandas_categorical:null\n"
)

// model is the one above with lines changed: "name=value" replaces the line of
// that name, "-name" removes it, and a line without "=" is put before "Tree=0".
func edited(changes ...string) string {
	text := header + tree + footer
	for _, c := range changes {
		name, _, assigns := strings.Cut(c, "=")
		if !assigns && c[0] != '-' {
			text = strings.Replace(text, "\nTree=0", c+"\n\nTree=0", 1)
			continue
		}
		start := strings.Index(text, "\n"+strings.TrimPrefix(name, "-")+"=") + 1
		if start == 0 {
			text = strings.Replace(text, "shrinkage=1\n", "shrinkage=1\n"+c+"\n", 1)
			continue
		}
		end := start + strings.IndexByte(text[start:], '\n')
		if c[0] == '-' {
			text = text[:start] + text[end+1:]
		} else {
			text = text[:start] + c + text[end:]
		}
	}
	return text
}

func parse(t *testing.T, text string) *forest.Ensemble {
	t.Helper()
	e, err := Parse([]byte(text), forest.Iterations{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func predict(t *testing.T, e *forest.Ensemble, out forest.Output, row ...float64) []float64 {
	t.Helper()
	got := make([]float64, e.Width(out))
	if err := e.PredictFloat64(got, row, 1, out); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestMissing: the three treatments of missing values, in both directions.
func TestMissing(t *testing.T) {
	nan, tiny := math.NaN(), float64(float32(1e-35))
	for _, c := range []struct {
		decision  int
		threshold string
		want      map[float64]float64
		nan       float64
	}{
		{0, "0.5", map[float64]float64{0.5: 10, math.Nextafter(0.5, 1): 20, 0: 10}, 10}, // none: NaN is 0
		{2, "0.5", map[float64]float64{0.5: 10, 0.6: 20, 0: 10}, 10},
		{0, "-0.5", map[float64]float64{-0.5: 10, 0: 20, 1e-36: 20}, 20},
		{4, "0.5", map[float64]float64{0.5: 10, 0: 20, tiny: 20, -tiny: 20, math.Nextafter(tiny, 1): 10, -1: 10, 0.6: 20}, 20}, // zero, right
		{6, "-0.5", map[float64]float64{-0.5: 10, 0: 10, tiny: 10, 2 * tiny: 20, -0.4: 20}, 10},                                // zero, left
		{8, "0.5", map[float64]float64{0.5: 10, 0: 10, 0.6: 20}, 20},                                                           // NaN, right
		{10, "-0.5", map[float64]float64{-0.5: 10, 0: 20, -0.4: 20}, 10},                                                       // NaN, left
		{2, "1e-36", map[float64]float64{1e-35: 10, 2e-35: 20, 0: 10, -1e-36: 10}, 10},                                         // tiny ones are 0
		{2, "inf", map[float64]float64{math.Inf(1): 10, math.Inf(-1): 10}, 10},
	} {
		e := parse(t, edited(fmt.Sprintf("decision_type=%d", c.decision), "threshold="+c.threshold))
		for x, want := range c.want {
			if got := predict(t, e, forest.Margin, 7, x); got[0] != want {
				t.Errorf("decision type %d at %s: %v: %v, want %v", c.decision, c.threshold, x, got[0], want)
			}
		}
		if got := predict(t, e, forest.Margin, 7, nan); got[0] != c.nan {
			t.Errorf("decision type %d at %s: missing: %v, want %v", c.decision, c.threshold, got[0], c.nan)
		}
	}
}

func TestCategories(t *testing.T) {
	e := parse(t, edited("num_cat=2", "decision_type=1", "threshold=1", "cat_boundaries=0 1 4", "cat_threshold=4294967295 2 0 64"))
	for x, want := range map[float64]float64{
		1: 10, 1.99: 10, 70: 10, 0: 20, 2: 20, 69: 20, 71: 20, 96: 20, 1e9: 20, 1e300: 20, -1: 20, -70: 20, math.Inf(1): 20, math.Inf(-1): 20,
	} {
		if got := predict(t, e, forest.Margin, 7, x); got[0] != want {
			t.Errorf("%v: %v, want %v", x, got[0], want)
		}
	}
	if got := predict(t, e, forest.Margin, 7, math.NaN()); got[0] != 20 {
		t.Errorf("missing: %v", got[0])
	}
	e = parse(t, edited("num_cat=1", "decision_type=1", "threshold=0", "cat_boundaries=0 1", "cat_threshold=1"))
	for x, want := range map[float64]float64{0: 10, 0.5: 10, -0.5: 10, -0.99: 10, -1: 20, 1: 20} {
		if got := predict(t, e, forest.Margin, 7, x); got[0] != want {
			t.Errorf("category 0: %v: %v, want %v", x, got[0], want)
		}
	}
}

func TestObjectives(t *testing.T) {
	ln2 := math.Ln2
	for line, want := range map[string]float64{ // the response of a margin of ln 2
		"regression": ln2, "regression sqrt": ln2 * ln2, "regression_l1": ln2, "huber": ln2, "fair": ln2, "quantile": ln2, "mape": ln2,
		"lambdarank": ln2, "rank_xendcg": ln2, "poisson": 2, "gamma": 2, "tweedie": 2,
		"binary sigmoid:1": 2. / 3, "binary sigmoid:2": 0.8, "cross_entropy": 2. / 3, "cross_entropy_lambda": math.Log(3),
		"multiclassova num_class:1 sigmoid:2": 0.8, "multiclass num_class:1": 1, "": ln2, "custom": ln2,
	} {
		e := parse(t, edited("objective="+line, "leaf_value=0.6931471805599453 0"))
		if got := predict(t, e, forest.Response, 7, 0); math.Abs(got[0]-want) > 1e-15 {
			t.Errorf("%s: %v, want %v", line, got[0], want)
		}
	}
	e := parse(t, edited("-objective"))
	if got := predict(t, e, forest.Response, 7, 0); got[0] != 10 {
		t.Errorf("no objective: %v", got)
	}
}

// TestLinear: a leaf is a linear function unless a value that it needs is
// missing. Another tree of the model is a constant.
func TestLinear(t *testing.T) {
	text := edited("is_linear=1", "leaf_const=1 2", "num_features=2 0", "leaf_features=0 1  ", "leaf_coeff=0.5 4  ")
	text = strings.Replace(text, "end of trees", "Tree=1\nnum_leaves=1\nleaf_value=100\n\nend of trees", 1)
	e := parse(t, text)
	for _, c := range []struct{ a, b, want float64 }{
		{6, 0.25, 105}, {6, 0, 104}, {6, -1, 100}, {6, 0.75, 102}, {math.NaN(), 0.25, 110}, {math.NaN(), 0.75, 102}, {6, math.NaN(), 110}, {1e-36, 0, 101},
	} {
		if got := predict(t, e, forest.Margin, c.a, c.b); got[0] != c.want {
			t.Errorf("%v: %v", c, got[0])
		}
	}
}

// TestClasses: tree i adds to class i % num_tree_per_iteration.
func TestClasses(t *testing.T) {
	text := edited("num_class=2", "num_tree_per_iteration=2", "objective=multiclass num_class:2")
	more := ""
	for i := 1; i < 4; i++ {
		more += fmt.Sprintf("Tree=%d\nnum_leaves=1\nleaf_value=%d\n\n", i, i)
	}
	e := parse(t, strings.Replace(text, "end of trees", more+"end of trees", 1))
	if got := predict(t, e, forest.Margin, 7, 0); !slices.Equal(got, []float64{12, 4}) {
		t.Errorf("%v", got)
	}
}

// TestRandomForest: margins are sums, responses averages. Leaves of old files
// may hold responses already.
func TestRandomForest(t *testing.T) {
	for _, c := range []struct {
		version, objective, leaves string // of the first tree
		second                     string // the leaf of the second
		margin, response           float64
	}{
		{"v4", "regression", "1 2", "3", 4, 2},
		{"v4", "binary sigmoid:1", "0 2", "3", 3, 1 / (1 + math.Exp(-1.5))},
		{"v4", "binary sigmoid:1", "0.25 0.5", "0.75", 1, 1 / (1 + math.Exp(-0.5))},
		{"v2", "binary sigmoid:1", "0.25 0.5", "0.75", 1, 0.5},
		{"v2", "binary sigmoid:1", "-3 3", "1", -2, 1 / (1 + math.Exp(1))},
		{"v2", "poisson", "3 2", "1", 4, 2},
		{"v2", "poisson", "3 -2", "1", 4, math.Exp(2)},
	} {
		text := edited("version="+c.version, "objective="+c.objective, "leaf_value="+c.leaves, "average_output")
		text = strings.Replace(text, "end of trees", "Tree=1\nnum_leaves=1\nleaf_value="+c.second+"\n\nend of trees", 1)
		e := parse(t, text)
		if got := predict(t, e, forest.Margin, 7, 0); got[0] != c.margin {
			t.Errorf("%+v: margin %v", c, got[0])
		}
		if got := predict(t, e, forest.Response, 7, 0); math.Abs(got[0]-c.response) > 1e-15*c.response {
			t.Errorf("%+v: response %v", c, got[0])
		}
	}
}

func TestLineEnds(t *testing.T) {
	e := parse(t, strings.ReplaceAll(edited(), "\n", "\r\n"))
	if got := predict(t, e, forest.Margin, 7, 0); got[0] != 10 {
		t.Errorf("%v", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for want, text := range map[string]string{
		`line 1: "" is not "tree"`:                                                          "",
		`line 1: "{" is not "tree"`:                                                         "{\n",
		"the file ends within the header":                                                   "tree\nversion=v4\n",
		"the file ends within tree 0":                                                       header + tree,
		`line 12: "Tree=5" where "Tree=0" belongs`:                                          edited("Tree=5"),
		`version "v5" is not supported`:                                                     edited("version=v5"),
		`line 3: version comes twice`:                                                       "tree\nversion=v4\nversion=v4\n",
		"line 15: tree 0: num_cat comes twice":                                              strings.Replace(edited(), "num_leaves=2\n", "num_leaves=2\nnum_cat=0\n", 1),
		`objective "mine" is not supported`:                                                 edited("objective=mine"),
		`objective "binary sigmoid:-1": the sigmoid is not a positive number`:               edited("objective=binary sigmoid:-1"),
		"max_feature_idx is missing or negative":                                            edited("-max_feature_idx"),
		`line 6: max_feature_idx: "NaN" is not an integer`:                                  edited("max_feature_idx=NaN"),
		"1 feature names for 2 features":                                                    edited("feature_names=a"),
		"num_tree_per_iteration is 0":                                                       edited("num_tree_per_iteration=0"),
		"num_class is 3, but num_tree_per_iteration is 1":                                   edited("num_class=3"),
		"2000000000 outputs, but only 1 trees":                                              edited("num_class=2000000000", "num_tree_per_iteration=2000000000"),
		"1 trees cannot be divided into iterations of 2":                                    edited("num_class=2", "num_tree_per_iteration=2"),
		"tree 0: num_leaves is 0":                                                           edited("num_leaves=0"),
		"tree 0: num_leaves is -2":                                                          edited("num_leaves=-2"),
		"tree 0: leaf_value has 2 values, but num_leaves is 2000000000":                     edited("num_leaves=2000000000"),
		"tree 0: leaf_value has 1 values, but num_leaves is 2":                              edited("leaf_value=1"),
		"tree 0: split_feature has 2 values, but num_leaves is 2":                           edited("split_feature=1 1"),
		"tree 0: threshold has 0 values, but num_leaves is 2":                               edited("threshold="),
		"tree 0: decision_type has 0 values, but num_leaves is 2":                           edited("-decision_type"),
		`line 15: tree 0: split_feature: "NaN" is not an integer`:                           edited("split_feature=NaN"),
		`line 17: tree 0: threshold: "0x10" is not a number`:                                edited("threshold=0x10"),
		`line 17: tree 0: threshold: "1e999" is not a number`:                               edited("threshold=1e999"),
		"tree 0: node 0: the threshold is not a number":                                     edited("threshold=nan"),
		"tree 0: node 0: feature 2 is out of range (the model has 2 features)":              edited("split_feature=2"),
		"tree 0: split 0: feature -1 is negative":                                           edited("split_feature=-1"),
		"tree 0: split 0: left child 7 is out of range (the tree has 2 leaves)":             edited("left_child=7"),
		"tree 0: split 0: right child -3 is out of range (the tree has 2 leaves)":           edited("right_child=-3"),
		"tree 0: node 0: left child 0 is reached twice":                                     edited("left_child=0"),
		"tree 0: node 0: right child 1 is reached twice":                                    edited("right_child=-1"),
		"tree 0: split 0: decision type 16 is not known":                                    edited("decision_type=16"),
		"tree 0: split 0: decision type -1 is not known":                                    edited("decision_type=-1"),
		"tree 0: split 0: decision type 12 has no known treatment":                          edited("decision_type=12"),
		"tree 0: leaf_const and num_features have 0 and 0 values, but num_leaves is 2":      edited("is_linear=1"),
		"tree 0: leaf 1: num_features is -1":                                                edited("is_linear=1", "leaf_const=1 2", "num_features=1 -1"),
		"tree 0: leaf_features and leaf_coeff have 1 and 0 values, but num_features add up": edited("is_linear=1", "leaf_const=1 2", "num_features=1 0", "leaf_features=1"),
		"tree 0: leaf_features: feature -1 is negative":                                     edited("is_linear=1", "leaf_const=1 2", "num_features=1 0", "leaf_features=-1", "leaf_coeff=1"),
		"tree 0: node 1: feature 2 is out of range (the model has 2 features)":              edited("is_linear=1", "leaf_const=1 2", "num_features=1 0", "leaf_features=2", "leaf_coeff=1"),
		"tree 0: cat_boundaries has 0 values, but num_cat is 1":                             edited("num_cat=1"),
		"tree 0: cat_boundaries: element 1: 2 is out of order or range":                     edited("num_cat=1", "cat_boundaries=0 2", "cat_threshold=1"),
		"tree 0: cat_boundaries: element 1: 0 is out of order or range":                     edited("num_cat=1", "cat_boundaries=1 0", "cat_threshold=1"),
		"tree 0: cat_boundaries: element 0: -1 is out of order or range":                    edited("num_cat=1", "cat_boundaries=-1 0", "cat_threshold=1"),
		`cat_threshold: "4294967296" is not a 32-bit word`:                                  edited("cat_threshold=4294967296"),
		"tree 0: split 0: set of categories 0.5 is out of range (num_cat is 0)":             edited("decision_type=1"),
		"tree 0: split 0: set of categories 1 is out of range (num_cat is 1)":               edited("decision_type=1", "threshold=1", "num_cat=1", "cat_boundaries=0 1", "cat_threshold=1"),
		"tree 0: split 0: set of categories NaN is out of range (num_cat is 1)":             edited("decision_type=1", "threshold=nan", "num_cat=1", "cat_boundaries=0 1", "cat_threshold=1"),
		"tree 0: split 0: set of categories +Inf is out of range (num_cat is 1)":            edited("decision_type=1", "threshold=inf", "num_cat=1", "cat_boundaries=0 1", "cat_threshold=1"),
	} {
		if _, err := Parse([]byte(text), forest.Iterations{}); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "lightgbm model: ") {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}

// TestMemoryIsLimited: files that ask for much memory do not get it.
func TestMemoryIsLimited(t *testing.T) {
	for name, text := range map[string]string{
		"leaves":   edited("num_leaves=2000000000"),
		"features": edited("max_feature_idx=2000000000", "feature_names=", "split_feature=1999999999"),
		"classes":  edited("num_class=2000000000", "num_tree_per_iteration=2000000000"),
		"sets":     edited("num_cat=1", "decision_type=1", "threshold=0", "cat_boundaries=0 100000", "cat_threshold="+strings.Repeat("4294967295 ", 100_000)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Parse([]byte(text), forest.Iterations{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(64*len(text))+1<<20 {
			t.Errorf("%s: %d bytes allocated for %d (%v)", name, got, len(text), err)
		}
	}
}
