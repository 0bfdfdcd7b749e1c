package repo

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leat-ml/leat/artifact"
	"github.com/leat-ml/leat/catalog"
	"github.com/leat-ml/leat/runtime/trees"
	"github.com/leat-ml/leat/serve"
	"github.com/leat-ml/leat/v2"
)

const examples = "../../examples"

// withTrees returns a started repository under root of a server that knows tree
// models and no others.
func withTrees(t *testing.T, root string) *Repository {
	t.Helper()
	set := &catalog.Set{}
	trees.Register(set)
	r, err := New(root, Options{Catalog: set, Env: &catalog.Env{Open: artifact.Open}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(background); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(background); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestQuickstart(t *testing.T) {
	got := listing(withTrees(t, examples+"/quickstart"))
	const want = `
diabetes 1 * xgboost READY     diabetes.ubj
iris       *        FAILED    iris                 iris/model.yaml:3:10: unknown runtime "onnx" (this server has catboost, lightgbm, xgboost)
wine     1   lightgbm READY     wine/1/model.txt
wine     2 * lightgbm READY     wine/2/model.txt
wine     3   xgboost  READY     wine/3/model.ubj
`
	if got, want := strings.Fields(got), strings.Fields(strings.ReplaceAll(want, "iris       *", "iris")); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v", got)
	}
}

// TestQuickstartAnswers compares what the tree models answer with what the
// libraries that trained them do.
func TestQuickstartAnswers(t *testing.T) {
	data, err := os.ReadFile(examples + "/quickstart-train/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var expected struct {
		Cases []struct {
			Model, Version, Library string
			Rows                    json.RawMessage
			Outputs                 map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		t.Fatal(err)
	}
	r := withTrees(t, examples+"/quickstart")
	compared := 0
	for _, c := range expected.Cases {
		if c.Library == "onnx" {
			continue
		}
		body := []byte(`{"inputs": ` + string(c.Rows) + `}`)
		ev := serve.NewEvent(serve.Target{Method: "POST", Model: c.Model, Version: c.Version, Operation: "infer"}, body)
		if _, err := v2.NewRouter(v2.RouterConfig{}, r).Do(background, ev); err != nil {
			t.Errorf("%s:%s: %v", c.Model, c.Version, err)
			continue
		}
		v, _ := ev.Body.Value()
		got, err := v.(*serve.Response).Outputs.(*serve.Tensor).Float64s(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !near(got, numbers(t, c.Outputs["response"])) {
			t.Errorf("%s:%s: got %v, want %s", c.Model, c.Version, got, c.Outputs["response"])
		}
		compared++
	}
	if compared != 4 {
		t.Errorf("%d models compared, want 4", compared)
	}
}

// numbers are all numbers in a JSON array of any depth.
func numbers(t *testing.T, text json.RawMessage) (out []float64) {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case float64:
			out = append(out, v)
		}
	}
	walk(v)
	return out
}

func near(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-6*math.Abs(b[i]) {
			return false
		}
	}
	return true
}

// TestContradiction has a declared schema that the model's file contradicts.
func TestContradiction(t *testing.T) {
	root := tree(t, map[string]string{
		"diabetes/model.yaml": "inputs: [{name: patients, datatype: FP32, shape: [-1, 12]}]",
		"named/model.yaml":    "inputs: [{name: patients, datatype: FP32, shape: [-1, 10]}]",
	})
	for _, dir := range []string{"diabetes", "named"} {
		file, err := filepath.Abs(examples + "/quickstart/diabetes.ubj")
		if err != nil {
			t.Fatal(err)
		}
		put(t, root, dir+"/1/model.ubj", "-> "+file)
	}
	status := withTrees(t, root).Status()
	if status[0].Err == nil || !strings.Contains(status[0].Err.Error(), `input "patients" is declared with shape [-1 12], but the model has [-1 10]`) {
		t.Errorf("got %v", status[0].Err)
	}
	if status[1].Phase != v2.Ready {
		t.Errorf("got %v", status[1].Err)
	}
}

// TestSingleModels serves one file and one model's folder.
func TestSingleModels(t *testing.T) {
	for root, want := range map[string]string{"diabetes.ubj": "diabetes:1", "wine": "wine:1 wine:2* wine:3"} {
		var got []string
		for _, i := range withTrees(t, examples+"/quickstart/"+root).Status() {
			label := i.Label()
			if i.Default && i.Version != "1" {
				label += "*"
			}
			if i.Phase != v2.Ready {
				t.Errorf("%s: %v", label, i.Err)
			}
			got = append(got, label)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", root, got, want)
		}
	}
}
