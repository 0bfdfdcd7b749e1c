package trees_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/leat-ml/leat/runtime/trees"
)

// sharedModels is the folder of third-party models with recorded answers.
func sharedModels(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("LEAT_SHARED")
	if shared == "" {
		shared = "../../../shared" // beside the repository
	}
	dir := filepath.Join(shared, "models")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the third-party models are not there: %v", err)
	}
	return dir
}

// TestRecordedAnswers checks models that others trained against answers that
// others recorded.
func TestRecordedAnswers(t *testing.T) {
	dir := sharedModels(t)
	for _, c := range []struct {
		model, input, answers string
		rows                  func(t *testing.T, path string, features int) []float64
		output                trees.Output
	}{
		{"xgboost/xgagaricus.json", "xgboost/agaricus_test.libsvm", "xgboost/xgagaricus_true_predictions.txt", libsvm, trees.Response},
		{"xgboost/xgagaricus.model", "xgboost/agaricus_test.libsvm", "xgboost/xgagaricus_true_predictions.txt", libsvm, trees.Response},
		{"xgboost/xgagaricus_1.0.0.model", "xgboost/agaricus_test.libsvm", "xgboost/xgagaricus_true_predictions.txt", libsvm, trees.Response},
		{"xgboost/xgblin_agaricus.model", "xgboost/agaricus_test.libsvm", "xgboost/xgblin_agaricus_true_predictions.txt", libsvm, trees.Response},
		{"xgboost/xgblin_agaricus.model", "xgboost/agaricus_test.libsvm", "xgboost/xgblin_agaricus_true_raw_predictions.txt", libsvm, trees.Margin},
		{"xgboost/treelite_mushroom.model", "xgboost/treelite_agaricus.test", "xgboost/treelite_agaricus.test.prob", libsvm, trees.Response},
		{"xgboost/treelite_mushroom.model", "xgboost/treelite_agaricus.test", "xgboost/treelite_agaricus.test.margin", libsvm, trees.Margin},
		{"xgboost/xgb_toy_categorical_model.json", "xgboost/xgb_toy_categorical.test", "xgboost/xgb_toy_categorical.test.pred", libsvm, trees.Response},
		{"lightgbm/lg_rf_iris.model", "lightgbm/iris_test.libsvm", "lightgbm/lg_rf_iris_true_predictions.txt", libsvm, trees.Response},
		{"lightgbm/lg_dart_breast_cancer.model", "lightgbm/breast_cancer_test.tsv", "lightgbm/lg_dart_breast_cancer_true_predictions.txt", columns, trees.Response},
		{"lightgbm/lgmulticlass.model", "lightgbm/multiclass_test.tsv", "lightgbm/lgmulticlass_true_predictions.txt", labelled, trees.Response},
		{"lightgbm/lgmulticlass.model", "lightgbm/multiclass_test.tsv", "lightgbm/lgmulticlass_true_raw_predictions.txt", labelled, trees.Margin},
		{"lightgbm/genlin_fmtp_gamma_AvgClaimAmount.model", "lightgbm/genlin_fmtp_gamma_AvgClaimAmount_features.tsv", "lightgbm/genlin_fmtp_gamma_AvgClaimAmount_true_predictions.txt", columns, trees.Response},
		{"lightgbm/genlin_fmtp_poisson_Frequency.model", "lightgbm/genlin_fmtp_poisson_Frequency_features.tsv", "lightgbm/genlin_fmtp_poisson_Frequency_true_predictions.txt", columns, trees.Response},
		{"lightgbm/toy_categorical_model.txt", "lightgbm/toy_categorical.test", "lightgbm/toy_categorical.test.pred", libsvm, trees.Response},
		{"lightgbm/sparse_categorical_model.txt", "lightgbm/sparse_categorical.test", "lightgbm/sparse_categorical.test.margin", libsvm, trees.Margin},
	} {
		t.Run(filepath.Base(c.model), func(t *testing.T) {
			e := load(t, filepath.Join(dir, c.model))
			rows := c.rows(t, filepath.Join(dir, c.input), e.Info().Features)
			checkRows(t, e, rows, numbers(t, filepath.Join(dir, c.answers)), c.output, 1e-6)
		})
	}
}

// TestRecordedRounds: the answers recorded for this model are the margins of
// the first half of its rounds.
func TestRecordedRounds(t *testing.T) {
	dir := filepath.Join(sharedModels(t), "xgboost")
	data, err := os.ReadFile(filepath.Join(dir, "xg_dart_agaricus.model"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := trees.ParseIterations(data, trees.Iterations{To: 10})
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Info().Trees; n != 10 {
		t.Errorf("%d trees", n)
	}
	rows := libsvm(t, filepath.Join(dir, "agaricus_test.libsvm"), e.Info().Features)
	checkRows(t, e, rows, numbers(t, filepath.Join(dir, "xg_dart_agaricus_true_predictions.txt")), trees.Margin, 1e-6)
}

// TestRecordedIris checks the forms of a model over the iris rows.
func TestRecordedIris(t *testing.T) {
	dir := sharedModels(t)
	var recorded struct {
		Features [][]float64
		Expected map[string]struct {
			Pred   []float64
			Margin [][]float64
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "xgboost", "kserve_iris_expected.json"))
	if err == nil {
		err = json.Unmarshal(data, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := flatten(recorded.Features)
	for _, name := range []string{"kserve_iris.json", "kserve_iris.ubj", "kserve_iris_binf.bst"} {
		e := load(t, filepath.Join(dir, "xgboost", name))
		want, ok := recorded.Expected[name]
		if !ok {
			t.Fatalf("no answers of %s", name)
		}
		checkRows(t, e, rows, want.Pred, trees.Response, 1e-6)
		checkRows(t, e, rows, flatten(want.Margin), trees.Margin, 1e-6)
	}
}

// TestRecordedCases checks the pairs of a request and a response that are for
// tree models.
func TestRecordedCases(t *testing.T) {
	dir := sharedModels(t)
	type tensors []struct {
		Shape []int
		Data  []float64
	}
	var recorded struct {
		Model    string
		Request  struct{ Inputs tensors }
		Response struct{ Outputs tensors }
	}
	data, err := os.ReadFile(filepath.Join(dir, "cases", "kserve_lgb_iris.json"))
	if err == nil {
		err = json.Unmarshal(data, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := load(t, filepath.Join(dir, recorded.Model))
	checkRows(t, e, recorded.Request.Inputs[0].Data, recorded.Response.Outputs[0].Data, trees.Response, 1e-6)
}

// TestThirdPartyModelsLoad loads the models without recorded answers.
func TestThirdPartyModelsLoad(t *testing.T) {
	dir := sharedModels(t)
	for _, c := range []struct {
		model, objective         string
		features, outputs, trees int
	}{
		{"lightgbm/lleaves_boston_housing.txt", "regression", 13, 1, 100},
		{"lightgbm/lleaves_mixed_categorical.txt", "regression", 5, 1, 1},
		{"lightgbm/lleaves_pure_categorical.txt", "regression", 3, 1, 1},
		{"lightgbm/mlserver_iris.txt", "multiclass", 4, 3, 300},
		{"lightgbm/lg_breast_cancer.txt", "binary", 30, 1, 39},
		{"xgboost/mlserver_tempo_iris.bst", "multi:softmax", 4, 10, 100},
	} {
		got := load(t, filepath.Join(dir, c.model)).Info()
		if got.Objective != c.objective || got.Features != c.features || got.Groups != c.outputs || got.Trees != c.trees {
			t.Errorf("%s: %+v", c.model, got)
		}
	}
}

func load(t *testing.T, path string) *trees.Ensemble {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := trees.Parse(data)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return e
}

// checkRows predicts all rows at once and each by itself.
func checkRows(t *testing.T, e *trees.Ensemble, rows, want []float64, out trees.Output, tolerance float64) {
	t.Helper()
	features, width := e.Info().Features, e.Width(out)
	n := len(rows) / features
	if n == 0 || n*width != len(want) {
		t.Fatalf("%d rows of %d answers, but %d are recorded", n, width, len(want))
	}
	got := make([]float64, len(want))
	if err := e.PredictFloat64(got, rows, n, out); err != nil {
		t.Fatal(err)
	}
	checkValues(t, "together", got, want, tolerance)
	for r := range n {
		if err := e.PredictFloat64(got[r*width:(r+1)*width], rows[r*features:(r+1)*features], 1, out); err != nil {
			t.Fatal(err)
		}
	}
	checkValues(t, "by itself", got, want, tolerance)
}

func checkValues(t *testing.T, how string, got, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if diff := math.Abs(got[i] - want[i]); !(diff <= tolerance*max(1, math.Abs(want[i]))) {
			t.Fatalf("value %d, %s: %v, want %v", i, how, got[i], want[i])
		}
	}
}

// libsvm reads rows of "label index:value ..."; what is absent is missing.
func libsvm(t *testing.T, path string, features int) []float64 {
	var rows []float64
	for _, line := range fileLines(t, path) {
		row := make([]float64, features)
		for i := range row {
			row[i] = math.NaN()
		}
		for _, pair := range strings.Fields(line)[1:] {
			index, value, ok := strings.Cut(pair, ":")
			i, err := strconv.Atoi(index)
			if !ok || err != nil || i >= features {
				t.Fatalf("%s: %q", path, pair)
			}
			row[i] = parse(t, value)
		}
		rows = append(rows, row...)
	}
	return rows
}

// columns reads rows of numbers between white space.
func columns(t *testing.T, path string, features int) []float64 {
	return numbers(t, path)
}

// labelled is columns with a label before the features.
func labelled(t *testing.T, path string, features int) []float64 {
	all := numbers(t, path)
	var rows []float64
	for i := 0; i < len(all); i += features + 1 {
		rows = append(rows, all[i+1:i+1+features]...)
	}
	return rows
}

func numbers(t *testing.T, path string) []float64 {
	var all []float64
	for _, line := range fileLines(t, path) {
		for _, f := range strings.Fields(line) {
			all = append(all, parse(t, f))
		}
	}
	return all
}

func fileLines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func parse(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func flatten(rows [][]float64) []float64 {
	var all []float64
	for _, r := range rows {
		all = append(all, r...)
	}
	return all
}
