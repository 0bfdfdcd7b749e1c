package xgboost

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees/internal/forest"
)

// A spec is a small model, with defaults for what a test leaves out.
type spec map[string]string

var defaults = spec{
	"name":       `"gbtree"`,
	"booster":    "",
	"num_trees":  `"1"`,
	"tree_info":  "[0]",
	"trees":      "",
	"left":       "[1,-1,-1]",
	"right":      "[2,-1,-1]",
	"features":   "[1,0,0]",
	"conditions": "[0.5,10,20]",
	"default":    "[0,0,0]",
	"types":      "[0,0,0]",
	"more":       "",
	"num_nodes":  `"3"`,
	"leaf_size":  `"1"`,
	"base":       `"0"`,
	"num_class":  `"0"`,
	"features#":  `"2"`,
	"target":     `"1"`,
	"objective":  `"reg:squarederror"`,
	"names":      "[]",
}

func (s spec) json() []byte {
	get := func(key string) string {
		if v, ok := s[key]; ok {
			return v
		}
		return defaults[key]
	}
	tree := fmt.Sprintf(`{"tree_param":{"num_nodes":%s,"size_leaf_vector":%s},"left_children":%s,"right_children":%s,`+
		`"split_indices":%s,"split_conditions":%s,"default_left":%s,"split_type":%s%s}`,
		get("num_nodes"), get("leaf_size"), get("left"), get("right"), get("features"), get("conditions"), get("default"), get("types"), get("more"))
	if t := get("trees"); t != "" {
		tree = t
	}
	return fmt.Appendf(nil, `{"learner":{"feature_names":%s,"gradient_booster":{"name":%s,%s"model":{"gbtree_model_param":{"num_trees":%s},"tree_info":%s,`+
		`"trees":[%s]}},"learner_model_param":{"base_score":%s,"num_class":%s,"num_feature":%s,"num_target":%s},"objective":{"name":%s}},"version":[2,0,3]}`,
		get("names"), get("name"), get("booster"), get("num_trees"), get("tree_info"), tree, get("base"), get("num_class"), get("features#"), get("target"), get("objective"))
}

func margin(t *testing.T, e *forest.Ensemble, row ...float32) []float32 {
	t.Helper()
	got := make([]float32, e.Width(forest.Margin))
	if err := e.PredictFloat32(got, row, 1, forest.Margin); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNumericSplit(t *testing.T) {
	e, err := ParseJSON(spec{}.json(), forest.Iterations{})
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for x, want := range map[float32]float32{
		0.49999997: 10, 0.5: 20, 0.6: 20, inf: 20, -inf: 10, -1e-45: 10,
	} {
		if got := margin(t, e, 7, x); got[0] != want {
			t.Errorf("%v: %v, want %v", x, got[0], want)
		}
	}
	if got := margin(t, e, 7, nan); got[0] != 20 {
		t.Errorf("missing: %v", got)
	}
	if e, err = ParseJSON(spec{"default": "[true,false,false]"}.json(), forest.Iterations{}); err != nil {
		t.Fatal(err)
	}
	if got := margin(t, e, 7, nan); got[0] != 10 {
		t.Errorf("missing, default left: %v", got)
	}
}

func TestCategoricalSplit(t *testing.T) {
	for direction, missing := range map[string]float32{"[0,0,0]": 20, "[1,0,0]": 10} {
		e, err := ParseJSON(spec{
			"types": "[1,0,0]", "default": direction, "conditions": "[NaN,10,20]",
			"more": `,"categories":[1,70],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[2]`,
		}.json(), forest.Iterations{})
		if err != nil {
			t.Fatal(err)
		}
		for x, want := range map[float32]float32{
			0: 10, 1: 20, 1.9: 20, 2: 10, 70: 20, 71: 10, 127: 10, 128: 10, -1: 10, -0.5: 10, 1 << 24: 10, 3e38: 10,
			float32(math.Inf(-1)): 10, float32(math.Inf(1)): 10, float32(math.NaN()): missing,
		} {
			if got := margin(t, e, 7, x); got[0] != want && x == x {
				t.Errorf("%v: %v, want %v", x, got[0], want)
			}
		}
		if got := margin(t, e, 7, float32(math.NaN())); got[0] != missing {
			t.Errorf("missing: %v, want %v", got[0], missing)
		}
	}
}

func TestBaseScore(t *testing.T) {
	leaf := spec{"left": "[-1]", "right": "[-1]", "features": "[0]", "conditions": "[0]", "default": "[0]", "types": "[0]", "num_nodes": `"1"`}
	for _, c := range []struct {
		objective, base, classes, target string
		want                             []float32
	}{
		{"reg:squarederror", "5E-1", "0", "1", []float32{0.5}},
		{"reg:squarederror", "[5E-1]", "0", "1", []float32{0.5}},
		{"reg:squarederror", "(5E-1)", "0", "1", []float32{0.5}},
		{"reg:squarederror", "[5E-1, -1]", "0", "2", []float32{0.5, -1}},
		{"reg:squarederror", "5E-1", "0", "2", []float32{0.5, 0.5}},
		{"multi:softprob", "[5E-1]", "3", "1", []float32{0.5, 0.5, 0.5}},
		{"multi:softprob", "[1,2,3]", "3", "1", []float32{1, 2, 3}},
		{"reg:expectileerror", "[-9.261777E-1,8.6447453E-1]", "0", "2", []float32{-0.9261777, 1.608108}},
		{"reg:expectileerror", "5E-1", "0", "3", []float32{0.5, -13.81551, -13.81551}},
		{"binary:logistic", "5E-1", "0", "1", []float32{0}},
		{"binary:logistic", "[2.5E-1]", "0", "1", []float32{float32(-math.Log(3))}},
		{"reg:logistic", "1E0", "0", "1", []float32{13.745160}},
		{"reg:logistic", "0.75", "0", "1", []float32{float32(-math.Log(float64(float32(1)/0.75 - 1)))}},
		{"binary:logitraw", "0.75", "0", "1", []float32{0.75}},
		{"binary:hinge", "0.75", "0", "1", []float32{0.75}},
		{"count:poisson", "2", "0", "1", []float32{math.Ln2}},
		{"reg:gamma", "2", "0", "1", []float32{math.Ln2}},
		{"reg:tweedie", "2", "0", "1", []float32{math.Ln2}},
		{"survival:cox", "2", "0", "1", []float32{math.Ln2}},
		{"survival:aft", "2", "0", "1", []float32{math.Ln2}},
		{"rank:ndcg", "2", "0", "1", []float32{2}},
	} {
		s := spec{"objective": `"` + c.objective + `"`, "base": `"` + c.base + `"`, "num_class": `"` + c.classes + `"`, "target": `"` + c.target + `"`}
		for k, v := range leaf {
			s[k] = v
		}
		e, err := ParseJSON(s.json(), forest.Iterations{})
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if got := margin(t, e, 0, 0); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c, got)
		}
	}
}

// TestDart reads both places in which weights may stand.
func TestDart(t *testing.T) {
	model := string(spec{"num_trees": `"2"`, "tree_info": "[0,0]", "trees": strings.Join(slices.Repeat([]string{leafTree}, 2), ",")}.json())
	old := strings.Replace(model, `{"name":"gbtree","model":`, `{"name":"dart","weight_drop":[0.5,2],"gbtree":{"name":"gbtree","model":`, 1)
	old = strings.Replace(old, `]}},"learner_model_param"`, `]}}},"learner_model_param"`, 1)
	newer := strings.Replace(model, `"tree_info"`, `"weight_drop":[0.5,2],"tree_info"`, 1)
	for name, text := range map[string]string{"old": old, "newer": newer} {
		e, err := ParseJSON([]byte(text), forest.Iterations{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := margin(t, e, 0, 0); got[0] != 7.5 {
			t.Errorf("%s: %v, want 7.5", name, got)
		}
	}
}

// linearModel has two outputs of two features. Both start from the first base
// score.
const linearModel = `{"learner":{"gradient_booster":{"name":"gblinear","model":{"boosted_rounds":4,"weights":[1,2,10,20,0.5,-0.5]}},
		"learner_model_param":{"base_score":"[1E0,5E0]","num_class":"2","num_feature":"2"},"objective":{"name":"multi:softprob"}}}`

func TestLinear(t *testing.T) {
	e, err := ParseJSON([]byte(linearModel), forest.Iterations{})
	if err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for _, c := range [][4]float32{{0, 0, 1.5, 0.5}, {1, 0.5, 7.5, 12.5}, {nan, 1, 11.5, 20.5}} {
		if got := margin(t, e, c[:2]...); !slices.Equal(got, c[2:]) {
			t.Errorf("%v: %v", c, got)
		}
	}
}

// leafTree adds 3.
const leafTree = `{"tree_param":{"num_nodes":"1","size_leaf_vector":"0"},"left_children":[-1],"right_children":[-1],` +
	`"split_indices":[0],"split_conditions":[3],"default_left":[0]}`

func TestParseRefuses(t *testing.T) {
	cat := spec{"types": "[1,0,0]"}
	with := func(s spec, key, value string) spec {
		c := spec{key: value}
		for k, v := range s {
			c[k] = v
		}
		return c
	}
	cats := func(list, nodes, from, sizes string) spec {
		return with(cat, "more", fmt.Sprintf(`,"categories":%s,"categories_nodes":%s,"categories_segments":%s,"categories_sizes":%s`, list, nodes, from, sizes))
	}
	for want, s := range map[string]spec{
		"tree 0: node 0: left child 99 is out of range (the tree has 3 nodes)":               {"left": "[99,-1,-1]"},
		"tree 0: node 0: right child -7 is out of range (the tree has 3 nodes)":              {"right": "[-7,-1,-1]"},
		"tree 0: node 0: left child 0 is reached twice":                                      {"left": "[0,-1,-1]"},
		"tree 0: node 1: left child 2 is reached twice":                                      {"left": "[1,2,-1]", "right": "[2,0,-1]"},
		"tree 0: node 0: feature 2 is out of range (the model has 2 features)":               {"features": "[2,0,0]"},
		"tree 0: node 0: feature -1 is negative":                                             {"features": "[-1,0,0]"},
		"tree 0: node 0: the threshold is not a number":                                      {"conditions": "[NaN,1,2]"},
		"tree 0: node 0: split type 7 is not known":                                          {"types": "[7,0,0]"},
		`tree 0: left_children: element 0: "NaN" is not an integer`:                          {"left": "[NaN,-1,-1]"},
		`tree 0: split_indices: element 0: "1.5" is not an integer`:                          {"features": "[1.5,0,0]"},
		"tree 0: right_children has 2 values, but the tree has 3 nodes":                      {"right": "[2,-1]"},
		"tree 0: split_indices has 4 values, but the tree has 3 nodes":                       {"features": "[1,0,0,0]"},
		"tree 0: split_conditions has 0 values, but the tree has 3 nodes":                    {"conditions": "[]"},
		"tree 0: default_left has 1 values, but the tree has 3 nodes":                        {"default": "[0]"},
		"tree 0: split_type has 1 values, but the tree has 3 nodes":                          {"types": "[0]"},
		`tree 0: left_children has 3 values, but num_nodes is "4"`:                           {"num_nodes": `"4"`},
		`tree 0: vector leaves without leaf_weights`:                                         {"leaf_size": `"2"`},
		"tree 0: node 0: a categorical split without categories":                             cat,
		"tree 0: category -1 is negative":                                                    cats("[-1]", "[0]", "[0]", "[1]"),
		"tree 0: node 0: category 16777216 is out of range (at most 16777215)":               cats("[16777216]", "[0]", "[0]", "[1]"),
		"tree 0: categories_nodes: node 3 is out of range (the tree has 3 nodes)":            cats("[1]", "[3]", "[0]", "[1]"),
		"tree 0: node 0: categories 0 to 2 are out of range (the tree has 1)":                cats("[1]", "[0]", "[0]", "[2]"),
		"tree 0: node 0: categories -1 to 1 are out of range (the tree has 1)":               cats("[1]", "[0]", "[-1]", "[2]"),
		"tree 0: node 1: its categories overlap":                                             cats("[1]", "[0,1]", "[0,0]", "[1,1]"),
		"tree 0: categories_nodes, categories_segments and categories_sizes have 1, 1 and 2": cats("[1]", "[0]", "[0]", "[1,1]"),
		"tree 0: output 1 is out of range (the model has 1)":                                 {"tree_info": "[1]"},
		"tree 0: output -1 is out of range (the model has 3)":                                {"tree_info": "[-1]", "num_class": `"3"`},
		`num_trees is "2", but there are 1 trees`:                                            {"num_trees": `"2"`},
		"tree_info has 2 values for 1 trees":                                                 {"tree_info": "[0,0]"},
		"1000000000 outputs, but 1 trees":                                                    {"num_class": `"1000000000"`},
		`num_class "-3" is not a number of things`:                                           {"num_class": `"-3"`},
		`num_feature "NaN" is not a number of things`:                                        {"features#": `"NaN"`},
		"3 classes of 2 targets are not supported":                                           {"num_class": `"3"`, "target": `"2"`},
		"base_score has 2 values for 3 outputs":                                              {"num_class": `"3"`, "base": `"[1,2]"`},
		`base_score "[1,]" is not a number or a list of numbers`:                             {"base": `"[1,]"`},
		`base_score "nan" is not a number`:                                                   {"base": `"nan"`},
		`base_score "" is not a number`:                                                      {"base": `""`},
		"base_score 1.5 is not between 0 and 1":                                              {"base": `"1.5"`, "objective": `"binary:logistic"`},
		"base_score 0 is not positive":                                                       {"base": `"0"`, "objective": `"count:poisson"`},
		`objective "reg:mine" is not supported`:                                              {"objective": `"reg:mine"`},
		`booster "gbforest" is not supported`:                                                {"name": `"gbforest"`},
		"0 weights for 2 features and a bias of 1 outputs":                                   {"name": `"gblinear"`},
		`booster "dart" without weight_drop`:                                                 {"name": `"dart"`},
		"weight_drop has 2 values for 1 trees":                                               {"name": `"dart"`, "booster": `"weight_drop":[1,2],`},
		"1 feature names for 2 features":                                                     {"names": `["a"]`},
		`feature_names: byte`:                                                                {"names": `[1]`},
		`"tree_info" comes twice in one object`:                                              {"tree_info": `[0],"tree_info":[0]`},
	} {
		if _, err := ParseJSON(s.json(), forest.Iterations{}); err == nil || !strings.HasPrefix(err.Error(), "xgboost model: "+want) {
			t.Errorf("%v\nwant prefix %s", err, want)
		}
	}
}

func TestParseRefusesOtherDocuments(t *testing.T) {
	whole := string(spec{}.json())
	for want, text := range map[string]string{
		`it has no "learner"`:                     `{"a": 1}`,
		"found '1' after the end of the document": whole + "1",
		"the file ends":                           whole[:len(whole)/2],
		"found '[' where '{' belongs":             "[]",
		`byte 0: the file ends where '{' belongs`: "",
	} {
		if _, err := ParseJSON([]byte(text), forest.Iterations{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for want, text := range map[string]string{
		`it has no "learner"`:                    "{}",
		"3 bytes follow the end of the document": "{}abc",
		"found '[' where an object belongs":      "[]",
		"found '\\x00' where an object belongs":  "",
	} {
		if _, err := ParseUBJ([]byte(text), forest.Iterations{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestParseUBJ(t *testing.T) {
	e, err := ParseUBJ(stumpUBJ(), forest.Iterations{})
	if err != nil {
		t.Fatal(err)
	}
	for x, want := range map[float32]float32{0.25: 10.5, 0.5: 20.5} {
		if got := margin(t, e, x); got[0] != want {
			t.Errorf("%v: %v, want %v", x, got, want)
		}
	}
}

func stumpUBJ() []byte {
	u := ubj("{").key("learner").str("{")
	u = u.key("gradient_booster").str("{").key("name").text("gbtree")
	u = u.key("model").str("{").key("gbtree_model_param").str("{").key("num_trees").text("1").str("}")
	u = u.key("tree_info").str("[#").length(1).str("i\x00")
	u = u.key("trees").str("[#").length(1).str("{")
	u = u.key("left_children").int32s(1, -1, -1).key("right_children").int32s(2, -1, -1)
	u = u.key("split_indices").int32s(0, 0, 0).key("split_conditions").float32s(0.5, 10, 20)
	u = u.key("default_left").str("[$U#").length(3).raw(0, 0, 0).key("base_weights").float32s(1, 2, 3)
	u = u.str("}}}") // tree, model, gradient_booster
	u = u.key("learner_model_param").str("{").key("base_score").text("5E-1").key("num_feature").text("1").str("}")
	u = u.key("objective").str("{").key("name").text("reg:squarederror").str("}")
	return u.str("}").key("version").str("[#").length(3).str("i\x03i\x02i\x00").str("}")
}

// TestMemoryIsLimited: files that ask for much memory do not get it.
func TestMemoryIsLimited(t *testing.T) {
	var trees []string
	for range 200 {
		trees = append(trees, `{"left_children":[1,-1,-1],"right_children":[2,-1,-1],"split_indices":[0,0,0],"split_conditions":[0,1,2],`+
			`"default_left":[0,0,0],"split_type":[1,0,0],"categories":[0,16777215],"categories_nodes":[0],"categories_segments":[0],"categories_sizes":[2]}`)
	}
	for name, data := range map[string][]byte{
		"sparse sets":   spec{"trees": strings.Join(trees, ",")}.json(),
		"classes":       spec{"num_class": `"2000000000"`}.json(),
		"features":      spec{"features#": `"2000000000"`, "features": "[1999999999,0,0]"}.json(),
		"short strings": []byte(`{"learner":{"feature_names":[` + strings.Repeat(`"",`, 100_000) + `""]}}`),
		"nested":        []byte(strings.Repeat(`{"learner":`, 100_000)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ParseJSON(data, forest.Iterations{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(64*len(data))+1<<20 {
			t.Errorf("%s: %d bytes allocated for %d (%v)", name, got, len(data), err)
		}
	}
}

// TestQuantiles wants quantiles that do not cross of XGBoost 3.4 and newer, as
// it answers them, and those of older versions as they are.
func TestQuantiles(t *testing.T) {
	s := spec{
		"left": "[-1]", "right": "[-1]", "features": "[0]", "conditions": "[0]", "default": "[0]", "types": "[0]", "num_nodes": `"1"`,
		"objective": `"reg:quantileerror"`, "base": `"[3,1,2]"`, "target": `"3"`,
	}
	for version, want := range map[string][]float32{"[3,2,0]": {3, 1, 2}, "[3,4,0]": {1, 2, 3}, "[4,0,0]": {1, 2, 3}} {
		file := strings.Replace(string(s.json()), `"version":[2,0,3]`, `"version":`+version, 1)
		e, err := ParseJSON([]byte(file), forest.Iterations{})
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, 3)
		if err := e.PredictFloat32(got, []float32{0, 0}, 1, forest.Response); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", version, got, err, want)
		}
	}
}
