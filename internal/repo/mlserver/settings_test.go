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

func beside(module string) bool { return module == "mlserver_mine" }

func TestRead(t *testing.T) {
	const text = `{"name": "m", "implementation": "models.Mine", "max_batch_size": 8, "max_batch_time": 0.25, "parallel_workers": 2,
		"parameters": {"uri": "./x", "version": "v1", "format": "f", "content_type": "np", "extra": {"a": [1]}, "depth": 3}, "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2], "parameters": {"content_type": "np"}, "tags": null}],
		"platform": "p", "versions": [], "warm_workers": true}`
	got, problems := Read([]byte(text), beside)
	want := &Settings{
		Name: "m", Runtime: "python", Class: "models.Mine", Implementation: "models.Mine", URI: "./x", Version: "v1",
		MaxBatch: 8, BatchTime: 250 * time.Millisecond, Workers: 2, Inputs: []serve.TensorSpec{{Name: "x", Datatype: serve.FP32, Shape: []int{-1, 2}}},
	}
	parameters := map[string]any{
		"uri": "./x", "version": "v1", "format": "f", "content_type": "np", "extra": map[string]any{"a": []any{int64(1)}}, "depth": int64(3),
	}
	if d := cmp.Diff(parameters, got.Said["parameters"]); d != "" || got.Said["platform"] != "p" {
		t.Error(d, got.Said)
	}
	got.Said = nil
	if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
		t.Error(d, told(problems))
	}
}

// TestNumbersAsText are numbers in quotes, which MLServer takes.
func TestNumbersAsText(t *testing.T) {
	got, problems := Read([]byte(`{"implementation": "a.B", "max_batch_size": "32", "max_batch_time": " 0.5 ", "parallel_workers": 2.0, "cache_enabled": "false"}`), beside)
	if got.MaxBatch != 32 || got.BatchTime != time.Second/2 || got.Workers != 2 || len(problems) > 0 {
		t.Errorf("%+v, %s", got, told(problems))
	}
}

func TestProblems(t *testing.T) {
	const sk = `"implementation": "mlserver_sklearn.SKLearnModel"`
	for text, want := range map[string]string{
		`{` + sk + `}`: "",
		`{}`:           "1:1: implementation is missing; MLSERVER_MODEL_IMPLEMENTATION and other variables of the environment are not read",
		`[]`:           "1:1: the settings of a model are an object, found a list",
		`{`:            "1:2: the object does not end",
		`{"implementaton": "x"}`: `1:1: implementation is missing; MLSERVER_MODEL_IMPLEMENTATION and other variables of the environment are not read` + "\n" +
			`1:2: warning: unknown key "implementaton" has no effect (did you mean "implementation"?)`,
		`{"implementation": "mlserver_mlflow.MLflowRuntime"}`:                                                        `1:20: implementation "mlserver_mlflow.MLflowRuntime" is not supported: export the model as ONNX, or save what is in it with joblib`,
		`{"implementation": "mlserver_x.Y"}`:                                                                         `1:20: implementation "mlserver_x.Y" is not supported: there are those of mlserver_sklearn, mlserver_xgboost, mlserver_lightgbm, mlserver_catboost and mlserver_onnx, and classes of your own`,
		`{"implementation": "mlserver_mine.Y", "parameters": {"depth": 3, "content_type": "np", "extra": {"a": 1}}}`: "",
		`{` + sk + `, "version": "v1", "name": "a"}`:                                                                 `1:53: warning: version has no effect: MLServer takes the version from parameters, so write it there`,
		`{` + sk + `, "parameters": {"depth": 3, "extra": {}}}`: `1:68: warning: depth has no effect: only classes of your own are told of it` + "\n" +
			`1:80: warning: extra has no effect: only classes of your own are told of it`,
		`{` + sk + `, "parameters": {"extra": 3}}`: `1:77: extra is an object, found 3`,
		`{` + sk + `, "inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "tags": {}, "size": 3}]}`: `1:112: warning: tags has no effect: MLServer reads the content type from parameters, so write it there` + "\n" +
			`1:124: warning: unknown key "size" has no effect`,
		`{"implementation": ""}`:     `1:20: implementation "" is no class: write module.Class`,
		`{"implementation": 5}`:      `1:20: implementation is text, found 5`,
		`{"implementation": "Mine"}`: `1:20: implementation "Mine" is no class: write module.Class`,
		`{` + sk + `, "parameters": {"environment_tarball": "./e.tar.gz"}}`: `1:68: environment_tarball is not supported: install what the model needs in the environment of the server's interpreter, and leave it out`,
		`{` + sk + `, "parameters": {"content_type": "np"}}`:                `1:68: warning: content_type has no effect: clients say what their data is, and the model's schema does`,
		`{` + sk + `, "cache_enabled": true}`:                               `1:53: warning: cache_enabled has no effect: answers of MLServer's models are not kept`,
		`{` + sk + `, "max_batch_size": -1, "max_batch_time": "x"}`:         "1:71: max_batch_size is a whole number from 0, found -1\n" + `1:93: max_batch_time is a number of seconds up to 3600, found "x"`,
		`{` + sk + `, "inputs": [{"datatype": "X", "shape": ["a"]}]}`:       `1:64: the tensor has no name` + "\n" + `1:77: unknown datatype "X"` + "\n" + `1:92: a length is a whole number, or -1 for any, found "a"`,
	} {
		_, problems := Read([]byte(text), beside)
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
		s, problems := Read([]byte(text), beside)
		ServerWorkers([]byte(text))
		if len(problems) == 0 && s.Runtime == "" {
			t.Fatalf("%s: nothing serves it, and nothing is wrong", text)
		}
	})
}
