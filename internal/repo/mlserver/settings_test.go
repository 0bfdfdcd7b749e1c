package mlserver

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/leat-ml/leat/graph"
	"github.com/leat-ml/leat/serve"
)

func told(problems []graph.Problem) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

func TestRead(t *testing.T) {
	const text = `{"name": "m", "implementation": "models.Mine", "max_batch_size": 8, "max_batch_time": 0.25, "parallel_workers": 2,
		"parameters": {"uri": "./x", "version": "v1", "extra": {"a": [1]}}, "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2], "tags": null}],
		"platform": "p", "versions": []}`
	got, problems := Read([]byte(text))
	want := &Settings{
		Name: "m", Runtime: "python", Class: "models.Mine", Implementation: "models.Mine", URI: "./x", Version: "v1", Extra: map[string]any{"a": []any{int64(1)}},
		MaxBatch: 8, BatchTime: 250 * time.Millisecond, Workers: 2, Inputs: []serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 2}}},
	}
	if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
		t.Error(d, told(problems))
	}
}

func TestProblems(t *testing.T) {
	const sk = `"implementation": "mlserver_sklearn.SKLearnModel"`
	for text, want := range map[string]string{
		`{` + sk + `}`:           "",
		`{}`:                     "1:1: implementation is missing",
		`[]`:                     "1:1: the settings of a model are an object, found a list",
		`{`:                      "1:2: the object does not end",
		`{"implementaton": "x"}`: `1:1: implementation is missing` + "\n" + `1:2: unknown key "implementaton" (did you mean "implementation"?)`,
		`{"implementation": "mlserver_mlflow.MLflowRuntime"}`:               `1:20: implementation "mlserver_mlflow.MLflowRuntime" is not supported: export the model as ONNX, or save what is in it with joblib`,
		`{"implementation": "mlserver_x.Y"}`:                                `1:20: implementation "mlserver_x.Y" is not supported: there are those of mlserver_sklearn, mlserver_xgboost, mlserver_lightgbm and mlserver_catboost, and classes of your own`,
		`{"implementation": ""}`:                                            `1:20: implementation "" is no class: write module.Class`,
		`{"implementation": 5}`:                                             `1:20: implementation is text, found 5`,
		`{"implementation": "Mine"}`:                                        `1:20: implementation "Mine" is no class: write module.Class`,
		`{` + sk + `, "parameters": {"environment_tarball": "./e.tar.gz"}}`: `1:68: environment_tarball is not supported: install what the model needs in the environment of the server's interpreter, and leave it out`,
		`{` + sk + `, "parameters": {"content_type": "np"}}`:                `1:68: warning: content_type has no effect: clients say what their data is, and the model's schema does`,
		`{` + sk + `, "cache_enabled": true}`:                               `1:53: warning: cache_enabled has no effect: answers of MLServer's models are not kept`,
		`{` + sk + `, "max_batch_size": -1, "max_batch_time": "x"}`:         "1:71: max_batch_size is a whole number from 0, found -1\n" + `1:93: max_batch_time is a number of seconds up to 3600, found "x"`,
		`{` + sk + `, "inputs": [{"datatype": "X", "shape": ["a"]}]}`:       `1:64: the tensor has no name` + "\n" + `1:77: unknown datatype "X"` + "\n" + `1:92: a length is a whole number, or -1 for any, found "a"`,
	} {
		_, problems := Read([]byte(text))
		if got := told(problems); got != want && !(text == "{" && got != "") {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestServerWorkers(t *testing.T) {
	n, problems := ServerWorkers([]byte(`{"debug": true, "parallel_workers": 3, "http_port": 1}`))
	if want := "1:40: warning: http_port has no effect: the server's own settings are flags, and server.yaml"; n != 3 || told(problems) != want {
		t.Error(n, told(problems))
	}
	if n, _ := ServerWorkers([]byte(`[`)); n != -1 {
		t.Error(n)
	}
}

// FuzzRead reads anything.
func FuzzRead(f *testing.F) {
	f.Add(`{"implementation": "a.B", "parameters": {"extra": {}}}`)
	f.Add(`{"implementation": "mlserver_sklearn.SKLearnModel", "inputs": [{"name": "x", "datatype": "FP32", "shape": [1]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, problems := Read([]byte(text))
		ServerWorkers([]byte(text))
		if len(problems) == 0 && s.Runtime == "" {
			t.Fatalf("%s: nothing serves it, and nothing is wrong", text)
		}
	})
}
